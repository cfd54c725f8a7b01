/**
 * One seed: a safety phase under faults, in which every answer is compared with the source's true history and the
 * invariants are checked after each step; then faults end, and every waiter must be answered, every entry converge,
 * and everything that is garbage go.
 */
import {
  STRICT,
  epochOf,
  type Answer,
  type FreshnessPolicy,
  type InvalidateMode,
  type Pin,
  type Requirement,
  type Resolution,
  type ResolvedRequest,
} from '@parqueue/core';
import { emptyState } from '@parqueue/core/testing';
import type { Actor } from './scheduler.ts';
import { CALM, GRACE_MS, PIN_TTL_MS, World, type Faults, type Process } from './world.ts';
import type { SimRows } from './sim-source.ts';

export interface Profile {
  readonly name: string;
  /** No faults: then nobody is refused, and each state of a source is loaded once. */
  readonly calm: boolean;
  readonly keys: number;
  readonly asks: number;
  readonly workers: number;
  readonly leaseTtlMs: number;
  readonly faults: Faults;
  /** Chance per step that the nemesis acts, and what it may do. */
  readonly nemesis: number;
  readonly deeds: readonly Deed[];
}

export type Deed =
  | 'change'
  | 'revert'
  | 'crash'
  | 'stall'
  | 'restart-redis'
  | 'rollback-redis'
  | 'flush-redis'
  | 'source-down'
  | 'source-up'
  | 'soft'
  | 'hard'
  | 'purge'
  | 'gc'
  | 'damage'
  | 'lose-jobs'
  /** FLUSHALL: the process stays, and with it its run_id. */
  | 'clear-redis'
  /** The next commit stalls after its generation was published. */
  | 'late-commit'
  /** Redis forgets while the next durable mark is on its way to the store. */
  | 'forget-under-mark'
  /** Somebody stalls between claiming an epoch and opening it, and Redis is cleared meanwhile. */
  | 'late-opening';

export interface SeedReport {
  readonly steps: number;
  readonly answers: number;
  readonly failures: number;
  readonly loads: number;
  /** Loads of the state that was loaded most often. */
  readonly loadsOfOneState: number;
}

/** A violated promise, with the story that led to it. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

const STEPS_MAX = 60_000;

/** Asks of one caller who comes back every few milliseconds; far more than any load and its repetitions take. */
const ROUNDS_MAX = 500;
const LEASE_FOR_HURRY_MS = 60;

interface Mark {
  readonly scope: string;
  readonly mode: InvalidateMode;
  readonly sentStep: number;
  readonly ackedStep: number;
  readonly tick: number;
}

export async function runSeed(seed: number, profile: Profile): Promise<SeedReport> {
  const run = new SeedRun(seed, profile);
  try {
    return await run.run();
  } catch (error) {
    const story = run.world.scheduler.trace.slice(-60).join('\n  ');
    throw new Violation(`seed ${seed}, profile ${profile.name}: ${String(error)}\n  ${story}`, { cause: error });
  }
}

class SeedRun {
  readonly world: World;
  readonly #profile: Profile;
  readonly #marks: Mark[] = [];
  readonly #snapshots: World['redis']['state'][] = [];
  readonly #highest = new Map<string, number>();
  readonly #shown = new Map<string, { readonly fence: number; readonly openedStep: number }>();
  #readings: { readonly api: Process; readonly pin: Pin }[] = [];
  #open = 0;
  #asked = 0;
  #answers = 0;
  #failures = 0;
  #damaged = false;
  #violation: unknown = null;

  constructor(seed: number, profile: Profile) {
    this.#profile = profile;
    this.world = new World(seed, { keys: profile.keys, leaseTtlMs: profile.leaseTtlMs });
    this.world.onStep = (name, details) => {
      if (name === 'commit-acked') this.#committed(String(details['key']), Number(details['fence']));
    };
  }

  async run(): Promise<SeedReport> {
    const {
      world,
      world: { scheduler },
    } = this;
    world.faults = this.#profile.faults;
    for (let worker = 0; worker < this.#profile.workers; worker += 1) world.start('worker');
    world.start('api');
    world.start('api');
    while (this.#asked < this.#profile.asks) {
      await this.#step();
      this.#snapshot();
      if (world.random.chance(0.06)) this.#ask();
      if (world.random.chance(this.#profile.nemesis)) this.#act(world.random.pick(this.#profile.deeds));
    }
    this.#heal();
    await this.#until(() => this.#open === 0, 'I8: a waiter was never answered');
    await this.#converge();
    const loads = [...world.sources.values()].flatMap((source) => [...source.loads.values()]);
    return {
      steps: scheduler.steps,
      answers: this.#answers,
      failures: this.#failures,
      loads: loads.reduce((sum, count) => sum + count, 0),
      loadsOfOneState: Math.max(0, ...loads),
    };
  }

  async #step(): Promise<void> {
    const { world } = this;
    if (world.random.chance(0.2)) world.dispatch();
    if (!(await world.scheduler.step())) this.#idle();
    if (this.#violation !== null) throw this.#violation;
    if (world.defects.length > 0) throw world.defects[0];
    if (world.scheduler.steps > STEPS_MAX) throw new Error(`no end after ${STEPS_MAX} steps`);
    this.#checkHeads();
    this.#checkReadings();
  }

  /** Nothing waits for its turn: jobs may still wait for a worker, or for their delay to pass. */
  #idle(): void {
    const { world } = this;
    if (!world.dispatch()) world.scheduler.nowMs += 10;
  }

  async #until(condition: () => boolean, promise: string): Promise<void> {
    const limit = this.world.scheduler.steps + 20_000;
    while (!condition()) {
      if (this.world.scheduler.steps > limit) throw new Error(promise);
      await this.#step();
    }
  }

  #ask(policy?: FreshnessPolicy): void {
    const {
      world,
      world: { random, scheduler },
    } = this;
    const apis = world.processes.filter(({ kind }) => kind === 'api');
    if (apis.length === 0) return;
    this.#asked += 1;
    this.#open += 1;
    const api = random.pick(apis);
    const request = random.pick(world.requests);
    const chosen =
      policy
      ?? random.pick([
        STRICT,
        STRICT,
        { ...STRICT, maxAgeMs: 50 },
        { ...STRICT, maxAgeMs: 20, staleWhileRevalidateMs: 100, staleIfErrorMs: 200 },
      ]);
    const asked = { step: scheduler.steps, ms: scheduler.nowMs };
    // Not where leases are shorter than a few turns of the scheduler: more turns for callers would starve every fill.
    const mayHurry = this.#profile.leaseTtlMs >= LEASE_FOR_HURRY_MS;
    const waitMs = mayHurry && random.chance(0.1) ? random.below(60) : 600_000;
    const answered = this.#askUntilAnswered(api, { request, policy: chosen }, waitMs);
    // A crashed API leaves its callers without an answer: their connection is gone.
    const watch = setIntervalOnSteps(this, () => {
      if (!api.dead) return false;
      this.#open -= 1;
      return true;
    });
    answered.then(
      (resolution) => {
        if (watch.done()) return;
        this.#answers += 1;
        this.#orViolate(() => {
          this.#check(resolution, { path: pathOf(request), key: request.key, policy: chosen, asked });
          this.#readLater(api, resolution);
        });
      },
      (error: unknown) => {
        if (watch.done()) return;
        if (isCoded(error)) this.#failures += 1;
        else this.#violation ??= error;
      },
    );
  }

  /** A caller without patience is told to come back, and continues its ask until it is answered. */
  async #askUntilAnswered(
    api: Process,
    ask: { readonly request: ResolvedRequest; readonly policy: FreshnessPolicy },
    waitMs: number,
  ): Promise<Answer> {
    const wait = { waitMs, pinTtlMs: PIN_TTL_MS, requestId: null, signal: AbortSignal.any([]) };
    let continues: Requirement | null = null;
    for (let round = 1; round <= ROUNDS_MAX; round += 1) {
      const resolution: Resolution = await api.resolver.resolve({ ...ask, cachedOnly: false, continues }, wait);
      if (resolution.kind === 'answer') return resolution;
      continues = resolution.requirement;
      await this.world.scheduler.sleep(api, 300);
    }
    throw new Error(`I8: an ask continued ${ROUNDS_MAX} times was never answered`);
  }

  /** What a check throws ends the run, wherever it was called from. */
  #orViolate(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#violation ??= error;
    }
  }

  readonly watches: { check: () => boolean; finished: boolean }[] = [];

  /** The answer against the true history: right entry, whole, not staler than the policy, above the marks it knew. */
  #check(
    answer: Answer,
    caller: {
      readonly path: string;
      readonly key: string;
      readonly policy: FreshnessPolicy;
      readonly asked: { readonly step: number; readonly ms: number };
    },
  ): void {
    const { world } = this;
    const { head, look } = answer;
    const rows = world.store.readPart(caller.key, head.fence) as SimRows | null;
    if (rows === null) throw new Error(`I6: g${head.fence} was answered but is not on the store`);
    if (typeof rows.content !== 'number') {
      if (head.damaged === null) return; // damage that no reader has seen yet; the API inspects before it sends
      throw new Error('damaged rows were answered');
    }
    if (rows.path !== caller.path) throw new Error('I1: rows of another entry were answered');
    const source = world.sources.get(caller.path);
    if (source === undefined) throw new Error('no such source');
    const acked = this.#marks.filter(({ ackedStep }) => ackedStep <= caller.asked.step);
    const marked = Math.max(0, ...acked.map(({ sentStep }) => sentStep));
    const { policy } = caller;
    const staleMs =
      answer.staleReason === null
        ? 0
        : answer.staleReason === 'staleIfError'
          ? policy.staleIfErrorMs
          : policy.staleWhileRevalidateMs;
    const allowedMs = policy.maxAgeMs + staleMs;
    const fresh = source.wasCurrentSince(rows.content, { step: caller.asked.step, ms: 0 });
    const aged =
      allowedMs > 0
      && source.wasCurrentSince(rows.content, {
        step: answer.staleReason === null ? marked : 0,
        ms: look.nowMs - allowedMs,
      });
    if (!fresh && !aged)
      throw new Error(
        `I13: content ${rows.content} was not current since the ask (${answer.cache}, ${JSON.stringify(policy)})`,
      );
    for (const { mode, tick } of acked) {
      if (mode !== 'soft' && head.fence <= tick)
        throw new Error(`I11: g${head.fence} was answered below the ${mode} mark ${tick}`);
    }
  }

  /** A pinned generation stays readable until its pin ends (I6, I7): a purge forbids new pins only. */
  #readLater(api: Process, { pin }: Answer): void {
    this.#readings.push({ api, pin });
  }

  #checkReadings(): void {
    const { store, scheduler } = this.world;
    this.#readings = this.#readings.filter(({ api, pin }) => !api.dead && scheduler.nowMs < pin.expiresAtMs);
    for (const { pin } of this.#readings)
      if (store.readPart(pin.key, pin.fence) === null) throw new Error(`I6: pinned g${pin.fence} was removed`);
  }

  #committed(key: string, fence: number): void {
    this.#highest.set(key, Math.max(this.#highest.get(key) ?? 0, fence));
  }

  /** After every step: what Redis calls head is published, whole and never older than what was acknowledged (I3, I4, I11). */
  #checkHeads(): void {
    for (const watch of this.watches) if (!watch.finished && watch.check()) watch.finished = true;
    const { state } = this.world.redis;
    for (const [key, known] of state.keys) {
      const { head } = known;
      if (head === null) continue;
      const files = this.world.store
        .allGenerations()
        .find((generation) => generation.key === key && generation.fence === head.fence);
      if (files === undefined) throw new Error(`I6: head g${head.fence} is not on the store`);
      if (files.fillId !== head.fillId) throw new Error(`I3: head g${head.fence} is of another fill than its files`);
      const current =
        state.marker !== null && state.marker.runId === state.runId && known.reconciled === state.marker.epoch;
      // A head at or below a hard mark is never answered, so it may be any.
      const hard = Math.max(known.hard, ...[...state.scopes.values()].map((marks) => marks.hard));
      if (current && head.fence > hard) this.#checkOrder(key, head.fence, files.part?.content as SimRows);
      if (current && head.fence > hard && !this.#damaged && head.fence < (this.#highest.get(key) ?? 0))
        throw new Error(`I3/I11: the head went back to g${head.fence}`);
      if (head.verified > state.clock) throw new Error('the head is verified by a tick that was never issued');
      if (epochOf(head.fence) > (state.marker?.epoch ?? Infinity)) throw new Error('a head of a future epoch');
    }
  }

  /** Readers of one entry never see an older snapshot after a newer one, but for damage and purges. */
  #checkOrder(key: string, fence: number, rows: SimRows): void {
    const before = this.#shown.get(key);
    if (before?.fence === fence || typeof rows.openedStep !== 'number') return;
    this.#shown.set(key, { fence, openedStep: rows.openedStep });
    if (before === undefined || this.#damaged || this.#marks.some(({ mode }) => mode === 'purge')) return;
    if (rows.openedStep < before.openedStep)
      throw new Error(`I3: the head moved from a newer snapshot (g${before.fence}) to an older one (g${fence})`);
  }

  #snapshot(): void {
    if (!this.#profile.deeds.includes('rollback-redis') || !this.world.random.chance(0.05)) return;
    this.#snapshots.push(structuredClone(this.world.redis.state));
    if (this.#snapshots.length > 3) this.#snapshots.shift();
  }

  #act(deed: Deed): void {
    const {
      world,
      world: { random },
    } = this;
    const request = random.pick(world.requests);
    const source = world.sources.get(pathOf(request));
    const process = world.processes.length > 0 ? random.pick(world.processes) : null;
    switch (deed) {
      case 'change':
        return source?.change(Math.max(...source.history.map(({ content }) => content)) + 1);
      case 'revert':
        return source?.change(random.pick(source.history).content);
      case 'source-down':
        if (source !== undefined) source.failing = true;
        return undefined;
      case 'source-up':
        if (source !== undefined) source.failing = false;
        return undefined;
      case 'crash':
        if (process === null) return undefined;
        world.crash(process);
        world.start(process.kind);
        return undefined;
      case 'stall':
        if (process !== null) this.#stall(process, 200);
        return undefined;
      case 'restart-redis':
        return world.restartRedis();
      case 'rollback-redis': {
        const before = this.#snapshots.pop();
        this.#snapshots.length = 0;
        if (before === undefined) return undefined;
        world.restartRedis(before);
        return world.queue.forget(0.3, random);
      }
      case 'flush-redis':
        return this.#forgetAll(() => world.restartRedis(emptyState('')));
      case 'clear-redis':
        return this.#forgetAll(() => world.flushRedis());
      case 'late-commit':
        return world.ambush({ label: 'head-commit', strike: (victim) => this.#stall(victim, 400) });
      case 'late-opening':
        return world.ambush({
          label: 'epoch-open',
          strike: (victim) => {
            this.#stall(victim, 400);
            this.#act('clear-redis');
          },
        });
      case 'forget-under-mark':
        return world.ambush({
          label: 'raiseMark',
          strike: (victim) => {
            this.#stall(victim, 400);
            this.#act('flush-redis');
          },
        });
      case 'lose-jobs':
        return world.queue.forget(0.3, random);
      case 'soft':
      case 'hard':
      case 'purge':
        return this.#invalidate(request.key, deed);
      case 'gc':
        return this.#collect(request.key);
      case 'damage':
        return this.#damage(request.key);
    }
  }

  #forgetAll(forget: () => void): void {
    forget();
    this.#snapshots.length = 0;
    this.world.queue.forget(1, this.world.random);
  }

  #stall(actor: Actor, ms: number): void {
    actor.stalledUntilMs = this.world.scheduler.nowMs + this.world.random.below(ms);
  }

  #invalidate(key: string, mode: InvalidateMode): void {
    const {
      world,
      world: { random, scheduler },
    } = this;
    const apis = world.processes.filter(({ kind }) => kind === 'api');
    if (apis.length === 0) return;
    const scope = mode === 'purge' ? `key:${key}` : random.pick([`key:${key}`, 'dataset:sims', 'source:sim']);
    const sentStep = scheduler.steps;
    const api = random.pick(apis);
    api
      .invalidate(scope, mode)
      .then((tick) => {
        if (api.dead) return;
        if (scope === `key:${key}` && this.#profile.keys > 1) return; // only marks that cover every entry are compared below
        this.#marks.push({ scope, mode, sentStep, ackedStep: scheduler.steps, tick });
      })
      .catch((error: unknown) => {
        if (!isCoded(error)) this.#violation ??= error;
      });
  }

  #collect(key: string): void {
    const workers = this.world.processes.filter(({ kind }) => kind === 'worker');
    if (workers.length === 0) return;
    this.world.random
      .pick(workers)
      .collect(key)
      .catch((error: unknown) => {
        if (!isCoded(error)) this.#violation ??= error;
      });
  }

  /** Bytes rot; the next reader notices and says so, as the API does before it sends anything. */
  #damage(key: string): void {
    const { world } = this;
    const head = world.redis.state.keys.get(key)?.head;
    const api = world.processes.find(({ kind }) => kind === 'api');
    if (head == null || api === undefined) return;
    this.#damaged = true;
    world.store.corruptPart(key, head.fence);
    api.epochs
      .run(() => api.coordination.heads.markDamaged(key, head.fence, 'simulated'))
      .catch((error: unknown) => {
        if (!isCoded(error)) this.#violation ??= error;
      });
  }

  #heal(): void {
    const { world } = this;
    world.faults = CALM;
    for (const process of world.processes) process.stalledUntilMs = 0;
    for (const source of world.sources.values()) source.failing = false;
  }

  /** Calm: a strict ask for each entry gets the current content; then only heads are left on the store. */
  async #converge(): Promise<void> {
    const { world } = this;
    for (let round = 0; round < 3; round += 1) {
      this.#ask(STRICT);
      await this.#until(() => this.#open === 0, 'I8: a waiter was never answered in calm weather');
    }
    const failuresBefore = this.#failures;
    for (const request of world.requests) await this.#askCalmly(request.key);
    if (this.#failures > failuresBefore) throw new Error('an ask failed in calm weather');
    const worker = world.processes.find(({ kind }) => kind === 'worker');
    if (worker === undefined) throw new Error('no worker is left');
    world.startPass(worker);
    await this.#until(() => world.redis.state.pass?.completeAtMs != null, 'the reconciliation pass never ended');
    for (let round = 0; round < 3; round += 1) {
      let collected = false;
      const pause = world.scheduler.sleep(worker, 2_500 + PIN_TTL_MS + GRACE_MS);
      pause
        .then(async () => {
          for (const { key } of world.requests) await worker.collect(key);
          collected = true;
        })
        .catch((error: unknown) => {
          this.#violation ??= error;
        });
      await this.#until(() => collected, 'gc never ended');
    }
    if (world.store.allStaging().length > 0) throw new Error('staging was left behind');
    for (const { key, fence } of world.store.allGenerations()) {
      if (world.redis.state.keys.get(key)?.head?.fence !== fence)
        throw new Error(`I6: garbage g${fence} was never collected`);
    }
  }

  async #askCalmly(key: string): Promise<void> {
    const { world } = this;
    const api = world.processes.find(({ kind }) => kind === 'api');
    const request = world.requests.find((candidate) => candidate.key === key);
    if (api === undefined || request === undefined) throw new Error('nobody to ask');
    let content = await this.#contentOf(api, request);
    if (typeof content !== 'number' && this.#damaged) {
      // Who damaged it crashed before anybody was told. The API inspects before it sends, tells, and asks again.
      const head = world.redis.state.keys.get(key)?.head;
      await this.#finished(
        api.epochs.run(() => api.coordination.heads.markDamaged(key, head?.fence ?? 0, 'simulated')),
      );
      content = await this.#contentOf(api, request);
    }
    if (content !== world.sources.get(pathOf(request))?.current)
      throw new Error('a calm strict ask did not get the current content');
  }

  async #contentOf(api: Process, request: ResolvedRequest): Promise<unknown> {
    const wait = { waitMs: 600_000, pinTtlMs: 10, requestId: null, signal: AbortSignal.any([]) };
    const resolution = await this.#finished(
      api.resolver.resolve({ request, policy: STRICT, cachedOnly: false, continues: null }, wait),
    );
    if (resolution.kind !== 'answer') throw new Error('I8: nobody asked for a 202');
    return (this.world.store.readPart(request.key, resolution.head.fence) as SimRows).content;
  }

  /** Lets the world go on until the work is done. */
  async #finished<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const settled = work.finally(() => {
      over = true;
    });
    settled.catch((error: unknown) => {
      this.#violation ??= error;
    });
    await this.#until(() => over, 'I8: a calm ask was never answered');
    return await settled;
  }

  /** One caller less is open, once. */
  closeOne(): void {
    this.#open -= 1;
  }
}

/** Watches a caller until it is answered or its API is dead; whichever comes first counts. */
function setIntervalOnSteps(run: SeedRun, check: () => boolean): { done: () => boolean } {
  const watch = { check, finished: false };
  run.watches.push(watch);
  return {
    done: () => {
      const before = watch.finished;
      if (!before) run.closeOne();
      watch.finished = true;
      return before;
    },
  };
}

function pathOf(request: {
  readonly canonical: { readonly question: { readonly kind: string; readonly path?: string } };
}): string {
  return request.canonical.question.path ?? '';
}

function isCoded(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ParqueueError' || error.name === 'EpochLost');
}

/**
 * One seed: a safety phase under faults, in which every answer is compared with the source's true history and the
 * invariants are checked after each step; then faults end, and every waiter must be answered, every entry converge,
 * and everything that is garbage go.
 */
import {
  isParqueueError,
  STRICT,
  type Answer,
  type FreshnessPolicy,
  type Arrival,
  type Resolution,
  type ResolvedRequest,
} from '@parqueue/core';
import type { InjectedCounts, InjectedName } from './injected.ts';
import { withLightSignals } from './light-signals.ts';
import { Nemesis } from './nemesis.ts';
import type { Profile } from './profile.ts';
import { neverAborted, turn } from './scheduler.ts';
import { thingsOf } from './sim-requests.ts';
import type { SimRows } from './sim-source.ts';
import { Truth } from './truth.ts';
import { CALM, World, type Process } from './world.ts';

export interface SeedReport {
  /** Equal for equal runs: of all steps in their order, with their times. */
  readonly digest: string;
  readonly steps: number;
  readonly answers: number;
  readonly failures: number;
  readonly loads: number;
  readonly commits: number;
  /** Loads of the state that was loaded most often. */
  readonly loadsOfOneState: number;
  /** Questions to the source for the version of one part. */
  readonly partsAsked: number;
  /** Heads that went without a successor, and fills that found no room. */
  readonly evicted: number;
  readonly refused: number;
  /** What went wrong, by its name. */
  readonly injected: InjectedCounts;
  /** Reads without Redis, by what they came to: `answer`, or why not. */
  readonly degraded: Readonly<Record<string, number>>;
}

/** A violated promise, with the story that led to it. */
export class Violation extends Error {
  override readonly name = 'Violation';
  /** What was found, without seed and story. */
  readonly finding: string;
  readonly steps: number;

  constructor(
    message: string,
    { finding, steps, cause }: { readonly finding: string; readonly steps: number; readonly cause: unknown },
  ) {
    super(message, { cause });
    this.finding = finding;
    this.steps = steps;
  }
}

/** What the program tells of its own misfortunes. */
const INJECTED_BY_STEP: Readonly<Partial<Record<string, InjectedName>>> = {
  'lease-lost': 'lease lost',
  fenced: 'zombie fenced at its commit',
  'epoch-opened': 'epoch opened',
  'head-evicted': 'head evicted',
};

const STEPS_MAX = 60_000;
/** Per step. */
const ASK_CHANCE = 0.06;

/** Asks of one caller who comes back every few milliseconds; far more than any load and its repetitions take. */
const ROUNDS_MAX = 500;
const LEASE_FOR_HURRY_MS = 60;

/** Tries of one load (fill.ts). */
const LEASES_LOST_MIN = 5;

export async function runSeed(seed: number, profile: Profile): Promise<SeedReport> {
  await turn();
  return await withLightSignals(() => judged(seed, profile));
}

async function judged(seed: number, profile: Profile): Promise<SeedReport> {
  const run = new SeedRun(seed, profile);
  try {
    const report = await run.run();
    if ((profile.calm || profile.sound === true) && run.refusedForNothing > 0)
      throw new Error(`I12: ${run.refusedForNothing} callers were refused although nothing failed`);
    if (profile.calm) requireOneLoad(report);
    return report;
  } catch (error) {
    const { scheduler } = run.world;
    const story = scheduler.story(60).join('\n  ');
    throw new Violation(`seed ${seed}, profile ${profile.name}: ${String(error)}\n  ${story}`, {
      finding: error instanceof Error ? error.message : String(error),
      steps: scheduler.steps,
      cause: error,
    });
  }
}

function requireOneLoad({ loadsOfOneState }: SeedReport): void {
  if (loadsOfOneState > 1)
    throw new Error(`a state of the source was loaded ${loadsOfOneState} times in calm weather, however many ask`);
}

class SeedRun {
  readonly world: World;
  readonly #profile: Profile;
  readonly #truth: Truth;
  readonly #nemesis: Nemesis;
  #open = 0;
  #asked = 0;
  #answers = 0;
  #failures = 0;
  /** Of them, those whose load was given up because it lost its lease again and again. */
  #overtaken = 0;
  #violation: unknown = null;
  readonly #degraded: Record<string, number> = {};
  /** How often each step was taken. */
  readonly #steps = new Map<string, number>();

  constructor(seed: number, profile: Profile) {
    this.#profile = profile;
    this.world = new World(seed, profile);
    this.#truth = new Truth(this.world);
    const refused = (error: unknown): void => {
      if (!isCoded(error)) this.#violation ??= error;
    };
    this.#nemesis = new Nemesis(this.world, { truth: this.#truth, profile, refused });
    this.world.onStep = (name, details) => {
      this.#steps.set(name, (this.#steps.get(name) ?? 0) + 1);
      const injected = INJECTED_BY_STEP[name];
      if (injected !== undefined) this.world.injected.count(injected);
      if (name === 'head-evicted' && profile.greedyBytes !== undefined)
        this.#orViolate(() => this.#truth.checkSpared(Number(details['bytes'])));
      if (name === 'epoch-opened') this.#truth.epochOpened(Number(details['epoch']));
      if (name === 'key-reconciled')
        this.#orViolate(() => this.#truth.reconciled(String(details['key']), Number(details['epoch'])));
      if (name === 'commit-acked') this.#truth.committed(String(details['key']), Number(details['fence']));
    };
    this.world.queue.onOutcome = (key, outcome) => this.#orViolate(() => this.#truth.told(key, outcome));
  }

  /** A load that lost its lease that often is given up. Whoever stands still loses its lease, and nobody else does. */
  get refusedForNothing(): number {
    const isExplained = this.world.injected.counts['process stalled'] >= LEASES_LOST_MIN;
    return this.#failures - (isExplained ? this.#overtaken : 0);
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
      this.#nemesis.snapshot();
      if (world.random.chance(this.#profile.askChance ?? ASK_CHANCE)) this.#ask();
      if (world.random.chance(this.#profile.nemesis)) this.#nemesis.act(world.random.pick(this.#profile.deeds));
    }
    this.#heal();
    await this.#until(() => this.#open === 0, 'I8: a waiter was never answered');
    await this.#converge();
    const loads = [...world.loads.values()];
    return {
      digest: scheduler.digest,
      steps: scheduler.steps,
      answers: this.#answers,
      failures: this.#failures,
      loads: loads.reduce((sum, count) => sum + count, 0),
      loadsOfOneState: Math.max(0, ...loads),
      commits: this.#steps.get('commit-acked') ?? 0,
      injected: world.injected.counts,
      partsAsked: world.partsAsked,
      evicted: this.#steps.get('head-evicted') ?? 0,
      refused: this.#steps.get('room-refused') ?? 0,
      degraded: this.#degraded,
    };
  }

  async #step(): Promise<void> {
    const { world } = this;
    if (world.random.chance(0.2)) world.dispatch();
    if (!(await world.scheduler.step())) this.#idle();
    if (this.#violation !== null) throw this.#violation;
    if (world.defects.length > 0) throw world.defects[0];
    if (world.scheduler.steps > STEPS_MAX) throw new Error(`no end after ${STEPS_MAX} steps`);
    this.#lookAtWatches();
    this.#truth.checkHeads();
    this.#truth.checkReadings();
    this.#truth.checkGraces();
    if (this.#profile.keepsQuota === true) this.#truth.checkQuota();
  }

  /** Those that are over are looked at no more. */
  #lookAtWatches(): void {
    const { watches } = this;
    let kept = 0;
    for (const watch of watches) {
      if (!watch.finished && watch.check()) watch.finished = true;
      if (watch.finished) continue;
      watches[kept] = watch;
      kept += 1;
    }
    watches.length = kept;
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
        { ...STRICT, maxAgeMs: this.#profile.maxAgeMs ?? 50 },
        { ...STRICT, maxAgeMs: 20, staleWhileRevalidateMs: 100, staleIfErrorMs: 200 },
      ]);
    const asked = { step: scheduler.steps, ms: scheduler.nowMs };
    if (this.#profile.cutOff === true) this.#readCutOff(api, request);
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
          this.#truth.answered(resolution, { request, policy: chosen, asked });
          this.#truth.reading(api, resolution);
          api.remember(request.key, resolution.head);
        });
      },
      (error: unknown) => {
        if (watch.done()) return;
        if (!isCoded(error)) {
          this.#violation ??= error;
          return;
        }
        this.#failures += 1;
        if (isParqueueError(error) && error.code === 'PQ_WORKER_CRASHED') this.#overtaken += 1;
      },
    );
  }

  /** Whoever reads without Redis may be refused; what it gets is judged like every answer. */
  #readCutOff(api: Process, request: ResolvedRequest): void {
    const { scheduler } = this.world;
    const policy = { ...STRICT, maxAgeMs: 20, staleIfErrorMs: 400 };
    const asked = { step: scheduler.steps, ms: scheduler.nowMs };
    api.readDegraded(request, policy).then(
      (found) => {
        const what = found.kind === 'answer' ? found.kind : found.why;
        this.#degraded[what] = (this.#degraded[what] ?? 0) + 1;
        if (found.kind !== 'answer') return;
        this.world.injected.count('read without Redis');
        this.#orViolate(() => this.#truth.readDegraded(found, { request, policy, asked }));
      },
      (error: unknown) => {
        if (!isCoded(error)) this.#violation ??= error;
      },
    );
  }

  /** A caller without patience is told to come back, and continues its ask until it is answered. */
  async #askUntilAnswered(
    api: Process,
    ask: { readonly request: ResolvedRequest; readonly policy: FreshnessPolicy },
    waitMs: number,
  ): Promise<Answer> {
    // Every third reader takes no pin; where looks are shared it alone takes one. Counted, not drawn: a draw would give every seed another schedule.
    const isThird = this.#asked % 3 === 0;
    const takesPin = this.#profile.sharedLooks === true ? isThird : !isThird;
    const pinTtlMs = takesPin ? this.world.pinTtlMs : null;
    const wait = { waitMs, pinTtlMs, requestId: null, signal: neverAborted() };
    let continues: Arrival | null = null;
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

  #heal(): void {
    const { world } = this;
    world.faults = CALM;
    world.rules.quotaBytes = null;
    world.disarm();
    for (const process of world.processes) process.stalledUntilMs = 0;
    for (const source of world.things.values()) source.failing = false;
  }

  /** Calm: a strict ask for each entry gets the current content; then only heads are left on the store. */
  async #converge(): Promise<void> {
    const { world } = this;
    const failuresBefore = this.#failures;
    for (let round = 0; round < 3; round += 1) {
      this.#ask(STRICT);
      await this.#until(() => this.#open === 0, 'I8: a waiter was never answered in calm weather');
    }
    for (const request of world.requests) await this.#askCalmly(request.key);
    if (this.#failures > failuresBefore) throw new Error('an ask failed in calm weather');
    const worker = world.processes.find(({ kind }) => kind === 'worker');
    if (worker === undefined) throw new Error('no worker is left');
    world.startPass(worker);
    await this.#until(() => world.redis.state.pass?.completeAtMs != null, 'the reconciliation pass never ended');
    for (let round = 0; round < 3; round += 1) {
      let collected = false;
      const pause = world.scheduler.sleep(worker, 2_500 + world.pinTtlMs + world.rules.graceMs);
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
      // What was published after the head and never committed stays until something newer is the head.
      if (fence < (world.redis.state.keys.get(key)?.head?.fence ?? Number.POSITIVE_INFINITY))
        throw new Error(`I6: garbage g${fence} was never collected`);
    }
    await this.#checkUsage(worker);
  }

  /** Counted by commits and removals through all that happened, it is what is there. */
  async #checkUsage(worker: Process): Promise<void> {
    const counted = await this.#finished(worker.epochs.run(() => worker.coordination.usage.read()));
    const parts = this.world.store.allGenerations().map(({ part }) => part?.bytes ?? 0);
    const bytes = parts.reduce((sum, size) => sum + size, 0);
    if (counted.bytes !== bytes || counted.generations !== parts.length)
      throw new Error(
        `I9: ${counted.bytes} bytes of ${counted.generations} generations are counted, ${bytes} of ${parts.length} are there`,
      );
  }

  async #askCalmly(key: string): Promise<void> {
    const { world } = this;
    const api = world.processes.find(({ kind }) => kind === 'api');
    const request = world.requests.find((candidate) => candidate.key === key);
    if (api === undefined || request === undefined) throw new Error('nobody to ask');
    let rows = await this.#rowsOf(api, request);
    if (typeof rows.contents !== 'object' && this.#truth.damaged) {
      // Who damaged it crashed before anybody was told. The API inspects before it sends, tells, and asks again.
      const head = world.redis.state.keys.get(key)?.head;
      await this.#finished(
        api.epochs.run(() => api.coordination.heads.markDamaged(key, head?.fence ?? 0, 'simulated')),
      );
      rows = await this.#rowsOf(api, request);
    }
    for (const thing of thingsOf(request.canonical)) {
      if (rows.contents?.[thing] !== world.things.get(thing)?.current)
        throw new Error(`a calm strict ask did not get the current content of ${thing}`);
    }
  }

  async #rowsOf(api: Process, request: ResolvedRequest): Promise<Partial<SimRows>> {
    const wait = { waitMs: 600_000, pinTtlMs: 10, requestId: null, signal: neverAborted() };
    const resolution = await this.#finished(
      api.resolver.resolve({ request, policy: STRICT, cachedOnly: false, continues: null }, wait),
    );
    if (resolution.kind !== 'answer') throw new Error('I8: nobody asked for a 202');
    return this.world.store.readPart(request.key, resolution.head.fence) as Partial<SimRows>;
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

function isCoded(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ParqueueError' || error.name === 'EpochLost');
}

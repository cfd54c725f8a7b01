/**
 * The simulated cluster: one Redis, one store, some sources, and processes (workers and APIs) that run the real use
 * cases on the memory ports. Processes crash, stall and start again; Redis restarts with all, some or none of its data.
 */
import {
  Epochs,
  Filler,
  PartFlights,
  Prober,
  Resolver,
  isEpochLost,
  materialize,
  ParqueueError,
  reconcileKey,
  type KeyDirectories,
  reconcilePass,
  type Clock,
  type JobRun,
  type Notices,
  type OnStep,
  type ProbeReport,
  type ResolvedRequest,
  type SourceWork,
  type StoreRules,
  type FillReport,
  toFailure,
  withLooksOfATurn,
} from '@parqueue/core';
import { emptyState, MemoryCoordination, MemoryRedis, MemoryStore, type RedisState } from '@parqueue/core/testing';
import { Injected } from './injected.ts';
import { neverAborted, Random, Scheduler, type Actor } from './scheduler.ts';
import { simDegraded, type SimDegraded } from './sim-degraded.ts';
import { Collections, simGc, type SimGc } from './sim-gc.ts';
import { simInvalidation, type SimInvalidation } from './sim-invalidation.ts';
import { SimQueue, type QueuedJob } from './sim-queue.ts';
import { simRefresh, type SimRefresh } from './sim-refresh.ts';
import { fileRequest, statementRequest, thingsOf } from './sim-requests.ts';
import { simSource, SimSourceState } from './sim-source.ts';

/** Chances per event, in [0, 1]. */
export interface Faults {
  readonly repeatScript: number;
  readonly loseReply: number;
  readonly loseNotice: number;
  /** A notice comes once more, later. */
  readonly repeatNotice?: number;
  readonly deliverAgain: number;
  /** A renewal never reaches Redis: its holder goes on and does not know that the lease runs out. */
  readonly loseRenewal: number;
}

export const CALM: Faults = { repeatScript: 0, loseReply: 0, loseNotice: 0, deliverAgain: 0, loseRenewal: 0 };

const PIN_TTL_MS = 200;
/** Far below a pin's life, so that a pin which was not kept is missed while its reader still reads. */
const GRACE_MS = 30;
const ROOM_LOOK_MS = 20;
/** Where looks are shared; some ten steps go by meanwhile. */
const REPLY_MOST_MS = 60;

/** What happens to the next process that is about to do what the label names. */
export interface Ambush {
  readonly label: string;
  readonly strike: (victim: Actor) => void;
}

export interface Process extends Actor, SimRefresh, SimInvalidation, SimGc, SimDegraded {
  readonly kind: 'api' | 'worker';
  /** It has an epoch; before that a worker takes no jobs. */
  opened: boolean;
  readonly resolver: Resolver;
  readonly epochs: Epochs;
  readonly coordination: MemoryCoordination;
}

export interface WorldSize {
  /** Entries that are files. */
  readonly keys: number;
  /** Entries that are statements, each the list of the tables and views it names. */
  readonly statements?: readonly string[];
  readonly leaseTtlMs: number;
  /** Bytes of the store, until the world heals; without it fills are not asked what they take. */
  readonly quotaBytes?: number;
  /** What the rows of one more file take. */
  readonly greedyBytes?: number;
  readonly graceMs?: number;
  readonly pinTtlMs?: number;
  /** Callers of an API process share looks, and the reply of a look takes its time. */
  readonly sharedLooks?: true;
}

const GREEDY_FILE = 'data/greedy.csv';

export class World {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly redis: MemoryRedis;
  readonly store: MemoryStore;
  readonly queue: SimQueue;
  /** Files and tables, by name. */
  readonly things = new Map<string, SimSourceState>();
  /** How often rows of each state of each entry were extracted. */
  readonly loads = new Map<string, number>();
  /** Parts that probes asked, and probes that began: how much is shared. */
  partsAsked = 0;
  readonly requests: readonly ResolvedRequest[];
  faults: Faults = CALM;
  /** What all processes go by; a healed world has no quota. */
  readonly rules: { -readonly [Name in keyof StoreRules]: StoreRules[Name] };
  readonly collections = new Collections();
  /** What went wrong so far. */
  readonly injected = new Injected();
  readonly #limitsRoom: boolean;
  readonly #sharesLooks: boolean;
  readonly #greedyBytes: number | null;
  processes: Process[] = [];
  /** Anything a process threw that no caller was there to receive. */
  readonly defects: unknown[] = [];
  /** Called at each step of each use case. */
  onStep: OnStep = () => undefined;
  /** The longest pin, and that of every reader. */
  readonly pinTtlMs: number;
  readonly #leaseTtlMs: number;
  #ambushes: Ambush[] = [];
  #names = 0;
  #restarts = 0;

  constructor(seed: number, { keys, statements = [], leaseTtlMs, quotaBytes, greedyBytes, ...lasting }: WorldSize) {
    const { graceMs = GRACE_MS, pinTtlMs = PIN_TTL_MS } = lasting;
    this.pinTtlMs = pinTtlMs;
    this.#greedyBytes = greedyBytes ?? null;
    this.#leaseTtlMs = leaseTtlMs;
    this.#limitsRoom = quotaBytes !== undefined;
    this.#sharesLooks = lasting.sharedLooks === true;
    this.rules = {
      graceMs,
      keep: { generations: 1, maxAgeMs: 0 },
      quotaBytes: quotaBytes ?? null,
      reserveBytes: 0,
      unreadMs: null,
      datasets: {},
    };
    this.random = new Random(seed);
    this.scheduler = new Scheduler(this.random);
    this.redis = new MemoryRedis({ now: () => this.scheduler.nowMs });
    this.store = new MemoryStore({ storeId: 'sim' });
    this.queue = new SimQueue(this.scheduler, this.injected);
    this.redis.deliver = (listener) => {
      this.#deliver(listener);
    };
    const files = Array.from({ length: keys }, (_, index) => fileRequest(`data/${index}.csv`));
    if (greedyBytes !== undefined) files.push(fileRequest(GREEDY_FILE));
    this.requests = [...files, ...statements.map(statementRequest)];
    for (const { canonical } of this.requests) {
      for (const thing of thingsOf(canonical)) {
        if (!this.things.has(thing)) this.things.set(thing, new SimSourceState(this.scheduler));
      }
    }
  }

  start(kind: Process['kind']): Process {
    this.#names += 1;
    const name = `${kind}-${this.#names}`;
    const actor: Actor = { name, dead: false, stalledUntilMs: 0 };
    const process = Object.assign(actor, { opened: false }, this.#useCases(actor, kind));
    this.processes.push(process);
    this.#spawn(process, async () => {
      await process.epochs.open();
      process.opened = true;
    });
    return process;
  }

  crash(process: Process): void {
    process.dead = true;
    this.injected.count('process crashed');
    this.processes = this.processes.filter((other) => other !== process);
  }

  /** Redis's process ends and another begins, with the state given (default: all it had). */
  restartRedis(state?: RedisState): void {
    this.#restarts += 1;
    this.injected.count('Redis restarted');
    this.redis.restart(`run-${this.#restarts + 1}`, state);
  }

  /** Redis's process goes on and all its data are gone: FLUSHALL. */
  flushRedis(): void {
    this.redis.restart(this.redis.state.runId, { ...emptyState(this.redis.state.runId) });
  }

  /** Strikes the next process that comes to the point, once. What chance would meet too rarely is met on purpose. */
  ambush(ambush: Ambush): void {
    this.#ambushes = [...this.#ambushes.filter(({ label }) => label !== ambush.label), ambush];
  }

  /** Nobody is struck any more. */
  disarm(): void {
    this.#ambushes = [];
  }

  #spring(actor: Actor, label: string): void {
    if (this.#ambushes.length === 0) return;
    const sprung = this.#ambushes.find((ambush) => ambush.label === label);
    if (sprung === undefined) return;
    this.#ambushes = this.#ambushes.filter((ambush) => ambush !== sprung);
    sprung.strike(actor);
  }

  #deliver(listener: () => void): void {
    const { faults, random, injected } = this;
    if (random.chance(faults.loseNotice)) return injected.count('notice lost');
    this.#post(listener, random.below(20));
    // Drawn only where it may happen, as everything that came later: the schedules of other profiles stay what they are.
    if (faults.repeatNotice === undefined || !random.chance(faults.repeatNotice)) return undefined;
    injected.count('notice repeated');
    return this.#post(listener, random.below(200));
  }

  #post(listener: () => void, lateMs: number): void {
    if (lateMs > 0) this.injected.count('notice late');
    const postman: Actor = { name: 'postman', dead: false, stalledUntilMs: this.scheduler.nowMs + lateMs };
    void this.scheduler.point(postman, 'notice').then(listener);
  }

  #useCases(actor: Actor, kind: Process['kind']): Omit<Process, keyof Actor | 'opened'> {
    const { scheduler, random, store, redis, queue } = this;
    const clock: Clock = { now: () => scheduler.nowMs, sleep: (ms, signal) => scheduler.sleep(actor, ms, signal) };
    const sharesLooks = this.#sharesLooks && kind === 'api';
    let ids = 0;
    const randomId = () => `${actor.name}.${(ids += 1)}`;
    const gate = (label: string) => {
      this.#spring(actor, label);
      return scheduler.point(actor, label);
    };
    const coordination = new MemoryCoordination(redis, {
      beforeCall: async (script) => {
        if (script.startsWith('pass-save')) return 'once';
        await gate(script);
        const { loseRenewal } = this.faults;
        if (script === 'lease-renew' && loseRenewal > 0 && random.chance(loseRenewal)) {
          this.injected.count('renewal lost');
          throw new ParqueueError('PQ_COORDINATION_DOWN', 'the renewal was lost on its way');
        }
        if (!random.chance(this.faults.repeatScript)) return 'once';
        this.injected.count('script repeated');
        return 'twice';
      },
      afterCall: async (script) => {
        if (sharesLooks && script === 'head-pin') await scheduler.sleep(actor, random.below(REPLY_MOST_MS));
        if (!random.chance(this.faults.loseReply)) return;
        this.injected.count('reply lost');
        throw new ParqueueError('PQ_COORDINATION_DOWN', `the reply of ${script} was lost`);
      },
    });
    const { heads, leases, ticks, parts, pins, reconciler, register } = coordination;
    const reader = gated(store.reader, gate);
    const writer = gated(store.writer, gate);
    const marks = gated(store.marks, gate);
    const listed = gated(store.directories, (name) => (name === 'keys' ? Promise.resolve() : gate(name)));
    // Two steps: others may come between the listing and the mark.
    const listWithMark: KeyDirectories['listWithMark'] = async (key) => ({
      ...(await listed.list(key)),
      mark: await marks.readMark(key),
    });
    const directories = { ...listed, listWithMark };
    const onStep: OnStep = (name, details) => this.onStep(name, details);
    const epochs = new Epochs({ register, store: gated(store.epochs, gate), clock, randomId, onStep });
    const jobs = queue.portFor(actor);
    const outcomes = queue.outcomesFor(actor, redis);
    const rebuild = { reconciler, ticks, parts, directories, reader, onStep };
    const reconcile = (key: string) => reconcileKey(key, rebuild);
    const work = this.#threads(actor, { clock, writer, reader });
    const { room, ...gc } = simGc({
      coordination,
      epochs,
      clock,
      randomId,
      onStep,
      directories,
      marks,
      space: gated(store.space, gate),
      pinMaxMs: this.pinTtlMs,
      actor,
      collections: this.collections,
      rules: this.rules,
      lookEveryMs: this.#limitsRoom ? ROOM_LOOK_MS : null,
    });
    const shared = {
      heads,
      reconcile,
      ticks,
      parts,
      flights: new PartFlights(),
      room,
      work,
      jobs,
      outcomes,
      epochs,
      clock,
      randomId,
      onStep,
      pins,
      leases,
      directories,
      marks,
    };
    const prober = new Prober(shared);
    const filler = new Filler({
      ...shared,
      holder: actor.name,
      leaseTtlMs: this.#leaseTtlMs,
      outcomePinMs: this.pinTtlMs,
    });
    if (kind === 'worker') this.#runners.set(actor, (job) => this.#runJob(job, { prober, filler }));
    this.#passes.set(actor, () => reconcilePass(rebuild, { signal: neverAborted() }));
    const notices: Notices = {
      subscribe: async (key, onNotice) => {
        await gate('subscribe');
        const close = redis.subscribe(key, () => {
          if (!actor.dead) onNotice();
        });
        return {
          close: async () => {
            close();
          },
        };
      },
    };
    return {
      kind,
      epochs,
      coordination,
      resolver: new Resolver({
        heads: sharesLooks ? withLooksOfATurn(heads, () => gate('turn over')) : heads,
        pins,
        jobs,
        clock,
        randomId,
        epochs,
        onStep,
        waitersMax: 1000,
        notices,
      }),
      ...gc,
      ...simDegraded({ reader, marks, nowMs: () => scheduler.nowMs }),
      ...simRefresh({
        coordination,
        redis,
        reader,
        requests: this.requests,
        gate,
        clock,
        jobs,
        notices,
        epochs,
        onStep,
      }),
      ...simInvalidation({ coordination, redis, directories, reader, marks, epochs, requests: this.requests, gate }),
    };
  }

  readonly #runners = new Map<Actor, (job: QueuedJob) => Promise<JobRun>>();
  readonly #passes = new Map<Actor, () => Promise<void>>();

  async #runJob(
    queued: QueuedJob,
    { prober, filler }: { readonly prober: Prober; readonly filler: Filler },
  ): Promise<JobRun> {
    const context = { jobId: queued.id, signal: neverAborted(), onProgress: () => undefined };
    return queued.job.kind === 'probe' ? await prober.run(queued.job, context) : await filler.run(queued.job, context);
  }

  #threads(actor: Actor, ports: Pick<Parameters<typeof materialize>[1], 'clock' | 'writer' | 'reader'>): SourceWork {
    const { scheduler, store, things, loads } = this;
    const source = simSource({
      things,
      onLoad: (state) => {
        loads.set(state, (loads.get(state) ?? 0) + 1);
      },
      onAsk: () => {
        this.partsAsked += 1;
      },
      onFailure: (label) => this.injected.count(label === 'source-probe' ? 'probe failed' : 'load failed'),
      bytesOf: (entry) => (entry === GREEDY_FILE ? this.#greedyBytes : null),
      scheduler,
      store,
      gate: (label) => {
        this.#spring(actor, label);
        return scheduler.point(actor, label);
      },
    });
    const memo = { get: async () => null, put: async () => undefined };
    return {
      probe: async (request, { signal, known, onProgress }): Promise<ProbeReport> => {
        try {
          const probed = await source.probe(request.canonical, {
            signal,
            memo,
            known,
            limits: request.limits,
            onProgress,
            onFirstBatch: () => undefined,
          });
          return { kind: 'version', ...probed };
        } catch (error) {
          return { kind: 'failed', failure: toFailure(error) };
        }
      },
      fill: (task, context): Promise<FillReport> =>
        materialize(task, { source, memo, ...ports, host: actor.name, program: 'sim', context }),
    };
  }

  /** A worker that can run takes a job, or now and then goes over the store. @returns whether anything began */
  dispatch(): boolean {
    const { random, queue, scheduler } = this;
    const { nowMs } = scheduler;
    const workers = this.processes.filter(
      ({ kind, stalledUntilMs, opened }) => kind === 'worker' && opened && stalledUntilMs <= nowMs,
    );
    if (workers.length === 0) return false;
    const worker = random.pick(workers);
    const { pass } = this.redis.state;
    const due = pass === null || pass.completeAtMs === null;
    if (due && !this.#passing.has(worker) && random.chance(0.3)) this.startPass(worker);
    queue.recoverStalled();
    const job = queue.take(worker, random, random.chance(this.faults.deliverAgain));
    const run = this.#runners.get(worker);
    if (job === null || run === undefined) return false;
    this.#spawn(worker, async () => {
      try {
        queue.settle(job, await run(job));
      } catch (error) {
        queue.fail(job, error);
        if (!expected(error)) throw error;
      }
    });
    return true;
  }

  readonly #passing = new Set<Process>();

  /** Starts the pass over the store that each epoch needs before gc may begin. */
  startPass(worker: Process): void {
    const pass = this.#passes.get(worker);
    if (pass === undefined) return;
    this.#passing.add(worker);
    this.#spawn(worker, () =>
      worker.epochs.run(pass).finally(() => {
        this.#passing.delete(worker);
      }),
    );
  }

  #spawn(process: Process, task: () => Promise<unknown>): void {
    task().catch((error: unknown) => {
      if (!process.dead && !expected(error)) this.defects.push(error);
    });
  }
}

/** What a process may meet without being wrong: lost replies, and Redis lost too often while faults go on. */
function expected(error: unknown): boolean {
  return isEpochLost(error) || (error instanceof ParqueueError && error.code === 'PQ_COORDINATION_DOWN');
}

/** Every method of a port waits for its turn first. */
function gated<T extends object>(port: T, gate: (name: string) => Promise<void>): T {
  const members = Object.entries(port).map(([name, member]: [string, unknown]) => {
    if (typeof member !== 'function' || name === 'partPath') return [name, member];
    const waiting = async (...args: unknown[]): Promise<unknown> => {
      await gate(name);
      return await (Reflect.apply(member, port, args) as Promise<unknown>);
    };
    return [name, waiting];
  });
  return Object.fromEntries(members) as T;
}

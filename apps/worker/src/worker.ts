/**
 * The worker: opens the store and Redis, takes jobs, keeps the store in order, and lets go of everything again. The
 * main thread holds all authority (leases, commits); threads do the work (I10).
 *
 *   starting ──store, Redis, epoch──▶ taking jobs ──drain──▶ finishing ──▶ handing on ──▶ closed
 *
 * While it starts, its health port already answers: alive, not ready.
 */
import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Epochs,
  ParqueueError,
  Presence,
  toFailure,
  type Clock,
  type OnStep,
  type RandomId,
  type Tracer,
} from '@parqueue/core';
import { configDigests, type Config } from '@parqueue/core/config';
import { openCoordination, type Coordination } from '@parqueue/core/redis';
import { openTraces, stepLines } from '@parqueue/core/telemetry';
import {
  openStore,
  StoreCalls,
  StoreReach,
  type FileStore,
  type MigrationProgress,
  type StoreCallOptions,
} from '@parqueue/core/store';
import type { Logger } from 'pino';
import { countCollected } from './collected.ts';
import { drain } from './drain.ts';
import { openHealthPort, type Readiness } from './health.ts';
import { createMetrics, type WorkerMetrics } from './metrics.ts';
import { openPools, type Pools } from './pools.ts';
import { openQueues, type Queues } from './queues.ts';
import { QUEUE_TIMING, type QueueTiming } from './queue-worker.ts';
import { Closers, untilThere } from './start-up.ts';
import { allSteps } from './steps.ts';
import { wireUseCases } from './use-cases.ts';

export interface WorkerOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Aborted: gives up starting. */
  readonly signal?: AbortSignal;
  /** Hears every step after it was logged; what it awaits holds the step. */
  readonly onStep?: OnStep;
  /** One value for all workers of a cluster. */
  readonly queueTiming?: QueueTiming;
  /** How many calls to the store there may be at once, below the threads that Node has for them; and how long one may take. */
  readonly storeCalls?: Partial<StoreCallOptions>;
}

export interface RunningWorker {
  /** Of the health and metrics port. */
  readonly url: string;
  /** Finishes what ends within worker.drain.finish, hands the rest on, closes. */
  drain(): Promise<void>;
  /** Hands everything on at once, closes. */
  close(): Promise<void>;
}

const { version: VERSION } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const CHECK_LIMIT_MS = 2000;

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

const randomId: RandomId = () => randomBytes(16).toString('hex');

/**
 * Resolves when the worker takes jobs. Waits for Redis and the store as long as it takes.
 * @throws ParqueueError PQ_CONFIG for what only another configuration can change
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const closers = new Closers(options.log);
  try {
    return await start(options, closers);
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function start(options: WorkerOptions, closers: Closers): Promise<RunningWorker> {
  const { config, log } = options;
  const signal = options.signal ?? new AbortController().signal;
  // One gate for every attempt to open the store and for what comes after: calls that hang keep their threads.
  const calls = new StoreCalls(options.storeCalls);
  const opened: { store: FileStore | null } = { store: null };
  const storeReach = new StoreReach({
    clock,
    look: () => opened.store?.space.free() ?? calls.run('stat', () => stat(config.store.root)),
  });
  const metrics = createMetrics({
    version: VERSION,
    now: () => clock.now(),
    sources: Object.keys(config.sources),
    datasets: Object.keys(config.datasets),
    storeUp: async () => (await storeReach.ask()) === 'ok',
  });
  const state = { readiness: async (): Promise<Readiness> => ({ ready: false, checks: { worker: 'starting' } }) };
  const health = await openHealthPort({
    ...config.worker.listen,
    registry: metrics.registry,
    readiness: () => state.readiness(),
  });
  closers.add('health', async () => {
    await health[Symbol.asyncDispose]();
  });

  const onMigration = (progress: MigrationProgress): void => log.info({ ...progress }, 'the store is being migrated');
  const openOptions = { ...config.store, onMigration, calls };
  const store = await untilThere('the store', () => openStore(openOptions), { signal, log });
  opened.store = store;
  const { queuePerSource } = config.limits;
  const coordination = await untilThere(
    'Redis',
    () => openCoordination({ url: redisUrl(config), storeId: store.storeId, clock, randomId, log, queuePerSource }),
    { signal, log },
  );
  closers.add('redis', () => coordination.close());
  const traces = await openTraces(config, { service: 'parqueue-worker', version: VERSION, instance: randomId(), log });
  if (traces !== null) closers.add('traces', async () => traces[Symbol.asyncDispose]());
  const onStep = allSteps(stepLines(log), ...(options.onStep === undefined ? [] : [options.onStep]));
  const epochs = new Epochs({ register: coordination.register, store: store.epochs, clock, randomId, onStep });
  await untilThere('an epoch', () => epochs.open(), { signal, log });

  const queues = await openWork({
    options,
    closers,
    store,
    coordination,
    epochs,
    metrics,
    tracer: traces?.tracer ?? null,
    onStep,
  });
  const presence = presenceOf(config, coordination, health.url);
  presence.start();
  closers.add('presence', () => presence.stop());
  state.readiness = () => readiness(storeReach, coordination);
  log.info({ url: health.url, version: VERSION, sources: Object.keys(config.sources) }, 'worker takes jobs');

  let ending: Promise<void> | null = null;
  const end = async (finishMs: number): Promise<void> => {
    state.readiness = async () => ({ ready: false, checks: { worker: 'draining' } });
    log.info({ finishMs }, 'worker drains');
    await queues.maintenance.stop();
    const clean = await drain(queues.all, finishMs);
    if (!clean) log.warn('some jobs could be neither finished nor handed on; they run again when their locks expire');
    await closers.closeAll();
    log.info('worker closed');
  };
  return {
    url: health.url,
    drain: () => (ending ??= end(config.worker.drainFinishMs)),
    close: () => (ending ??= end(0)),
  };
}

function presenceOf(config: Config, { processes }: Coordination, url: string): Presence {
  const host = hostname();
  return new Presence(
    {
      id: `worker:${host}:${process.pid}:${randomId().slice(0, 8)}`,
      role: 'worker',
      host,
      pid: process.pid,
      version: VERSION,
      node: process.version,
      url,
      startedAtMs: clock.now(),
      config: configDigests(config),
    },
    { processes: () => processes, clock },
  );
}

interface WorkParts {
  readonly options: WorkerOptions;
  readonly closers: Closers;
  readonly store: FileStore;
  readonly coordination: Coordination;
  readonly epochs: Epochs;
  readonly metrics: WorkerMetrics;
  readonly tracer: Tracer | null;
  readonly onStep: OnStep;
}

/** Threads, use cases, queues, in this order; closed in the opposite one. */
async function openWork({
  options,
  closers,
  store,
  coordination,
  epochs,
  metrics,
  tracer,
  onStep,
}: WorkParts): Promise<Queues> {
  const { config, log } = options;
  const host = hostname();
  const holder = `${host}:${process.pid}:${randomId().slice(0, 8)}`;
  const pools: Pools = openPools({
    config,
    metrics,
    log,
    host,
    memo: coordination.statMemo,
    scratch: config.worker.scratch ?? join(tmpdir(), `parqueue-scratch-${process.getuid?.() ?? 'user'}`),
    program: `parqueue/${VERSION}`,
  });
  const closing = new AbortController();
  closers.add('threads', async () => {
    closing.abort();
    await pools.close();
  });
  void pools.prepare(closing.signal);
  const useCases = wireUseCases({
    config,
    store,
    coordination,
    epochs,
    fills: pools.fills,
    probes: pools.probes,
    clock,
    randomId,
    holder,
    onStep,
    onCooling: (source, state) => metrics.sourceCools(source, state),
    onCollected: (item) => countCollected(item, metrics),
    signal: closing.signal,
  });
  const queues = await openQueues({
    config,
    url: redisUrl(config),
    timing: options.queueTiming ?? QUEUE_TIMING,
    store,
    coordination,
    epochs,
    useCases,
    metrics,
    tracer,
    onStep,
    log,
    holder,
    clock,
    signal: options.signal ?? new AbortController().signal,
  });
  closers.add('queues', () => queues.close());
  return queues;
}

async function readiness(storeReach: StoreReach, coordination: Coordination): Promise<Readiness> {
  const [redis, store] = await Promise.all([redisCheck(coordination), storeReach.ask()]);
  return { ready: redis === 'ok' && store === 'ok', checks: { redis, store } };
}

/** A check that is late has failed. */
async function redisCheck(coordination: Coordination): Promise<string> {
  const limit = new AbortController();
  const late = sleep(CHECK_LIMIT_MS, 'no answer in time', { signal: limit.signal }).catch(() => 'ok');
  const ask = async (): Promise<string> => {
    await coordination.ping();
    const refusal = await coordination.writeRefusal();
    return refusal === null ? 'ok' : `refuses to write: ${refusal}`;
  };
  try {
    return await Promise.race([ask(), late]);
  } catch (error) {
    return toFailure(error).code;
  } finally {
    limit.abort();
  }
}

function redisUrl({ redis: { url } }: Config): string {
  if (url !== null) return url;
  throw new ParqueueError(
    'PQ_CONFIG',
    'a worker needs the address of its Redis: set redis.url, or run `parqueue up`, which brings one',
  );
}

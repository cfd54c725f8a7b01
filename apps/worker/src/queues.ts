/**
 * All queues of a worker: for each source one of fills and one of probes, and the chores of the store. One connection
 * serves them; BullMQ adds a blocking one per queue.
 */
import {
  phaseOf,
  type Clock,
  type Epochs,
  type Job,
  type OnStep,
  type Outcome,
  type Subscription,
  type Tracer,
} from '@parqueue/core';
import { Catalog, type Config } from '@parqueue/core/config';
import { connectRedis, PREFIX, queueName, type Coordination, type OwnQueue } from '@parqueue/core/redis';
import type { FileStore } from '@parqueue/core/store';
import { Queue } from 'bullmq';
import type { Logger } from 'pino';
import type { Drainable } from './drain.ts';
import { recorded } from './chore-records.ts';
import { Maintenance, runChore, type Chore, type ChoreDeps, type ChoreQueue } from './maintenance.ts';
import type { WorkerMetrics } from './metrics.ts';
import { fillThreads, probeThreads } from './pools.ts';
import { JobProcessor } from './processor.ts';
import { QueueWorker, type QueueTiming } from './queue-worker.ts';
import { openRefreshQueue } from './refresh-queue.ts';
import { untilThere } from './start-up.ts';
import type { UseCases } from './use-cases.ts';

export interface QueuesParts {
  readonly config: Config;
  readonly url: string;
  readonly timing: QueueTiming;
  readonly store: FileStore;
  readonly coordination: Coordination;
  readonly epochs: Epochs;
  readonly useCases: UseCases;
  readonly metrics: WorkerMetrics;
  readonly tracer: Tracer | null;
  readonly onStep: OnStep;
  readonly log: Logger;
  readonly holder: string;
  readonly clock: Clock;
  /** Aborted: gives up opening. */
  readonly signal: AbortSignal;
}

export interface Queues {
  readonly all: readonly Drainable[];
  readonly maintenance: Maintenance;
  close(): Promise<void>;
}

const CHORES = 'maintenance' satisfies OwnQueue;

/** Collections are no more frequent than this, and no rarer than the grace they wait for. */
const COLLECT_EVERY_MAX_MS = 600_000;
const COLLECT_EVERY_MIN_MS = 5000;

/** Waits for Redis as long as it takes: it may go away between the epoch and here. */
export async function openQueues(parts: QueuesParts): Promise<Queues> {
  const { url, log, coordination } = parts;
  const jobQueues: QueueWorker<Job, Outcome>[] = [];
  const hearCancellations = (): Promise<Subscription> =>
    coordination.cancellations.subscribe((jobId) => {
      for (const queue of jobQueues) if (queue.cancel(jobId)) log.info({ jobId }, 'job cancelled by a user');
    });
  // Before anything is opened that an abort would have to close.
  const cancellations = await untilThere('Redis', hearCancellations, parts);
  const connection = connectRedis({ url, log }, 'worker');
  const choreQueue = new Queue<null>(CHORES, { prefix: PREFIX, connection });
  choreQueue.on('error', (error) => log.warn({ error: error.message }, 'chores'));
  jobQueues.push(...openJobQueues(parts, connection));
  const chores = openChores(parts, connection);
  const limited = [...jobQueues, chores];
  const refreshes = openRefreshQueue({
    ...parts,
    catalog: new Catalog(parts.config),
    refresher: parts.useCases.refresher,
    onEntry: (dataset, outcome) => parts.metrics.refreshes.inc({ dataset, outcome }),
    connection,
  });
  const queues = [...limited, refreshes];
  const maintenance = openMaintenance(parts, { limited, choreQueue, keepSchedules: refreshes.keepSchedules });
  // The limits of the cluster are in Redis before this worker takes its first job, and again as soon as Redis forgot.
  await maintenance.look();
  const stopWatching = coordination.register.onLost(() => void maintenance.look());
  for (const queue of queues) queue.start();
  maintenance.start();
  return {
    all: queues,
    maintenance,
    close: async () => {
      stopWatching();
      await cancellations.close();
      await Promise.all([choreQueue.close(), ...queues.map((queue) => queue.close())]);
      connection.disconnect();
    },
  };
}

function openJobQueues(
  parts: QueuesParts,
  connection: ReturnType<typeof connectRedis>,
): readonly QueueWorker<Job, Outcome>[] {
  const { config, coordination, useCases, metrics, tracer, onStep, log, timing, clock } = parts;
  const catalog = new Catalog(config);
  const processor = new JobProcessor({
    verify: (job) => catalog.verifyForWorker(job.request),
    filler: useCases.filler,
    prober: useCases.prober,
    outcomes: coordination.outcomes,
    onStep,
    metrics,
    tracer,
    log,
    now: () => clock.now(),
  });
  const worker = (
    queue: string,
    concurrency: { readonly local: number; readonly cluster: number },
  ): QueueWorker<Job, Outcome> =>
    new QueueWorker<Job, Outcome>({
      queue,
      prefix: PREFIX,
      concurrency,
      connection,
      timing,
      log,
      process: (job, token, signal) => processor.process(job, token, signal),
      onAbandoned: (job) => processor.abandoned(job),
    });
  return Object.values(config.sources).flatMap(({ name, maxConcurrentFills, maxConcurrentProbes }) => [
    worker(queueName('fill', name), {
      local: Math.min(fillThreads(config).perSource, maxConcurrentFills),
      cluster: maxConcurrentFills,
    }),
    worker(queueName('probe', name), {
      local: Math.min(probeThreads(config).perSource, maxConcurrentProbes),
      cluster: maxConcurrentProbes,
    }),
  ]);
}

function openChores(parts: QueuesParts, connection: ReturnType<typeof connectRedis>): QueueWorker<null, unknown> {
  const { useCases, store, coordination, log, timing, holder } = parts;
  const deps: ChoreDeps = {
    reconcileAll: useCases.reconcileAll,
    collect: useCases.collect,
    emptyTrash: () => store.directories.emptyTrash(),
    log,
  };
  const recorder = { processes: coordination.processes, holder };
  return new QueueWorker<null, unknown>({
    queue: CHORES,
    prefix: PREFIX,
    concurrency: { local: 1, cluster: 1 },
    connection,
    timing,
    log,
    process: async (job, _token, signal) =>
      await recorded(job.name, recorder, () =>
        runChore(job.name as Chore, signal ?? new AbortController().signal, deps),
      ),
    onAbandoned: async (job) => {
      log.warn({ chore: job.name, reason: job.failedReason }, 'chore failed; it is tried again');
    },
  });
}

function openMaintenance(
  parts: QueuesParts,
  {
    limited,
    choreQueue,
    keepSchedules,
  }: {
    readonly limited: readonly { setClusterLimit(): Promise<void> }[];
    readonly choreQueue: Queue<null>;
    readonly keepSchedules: (epoch: number) => Promise<void>;
  },
): Maintenance {
  const {
    coordination: { retirement, ticks },
    epochs,
    config,
    holder,
    clock,
    log,
  } = parts;
  const wishes: ChoreQueue = {
    want: async (chore, quietMs) => {
      await choreQueue.add(chore, null, {
        deduplication: quietMs === 0 ? { id: chore } : { id: chore, ttl: quietMs },
        removeOnComplete: true,
        removeOnFail: true,
      });
    },
  };
  return new Maintenance({
    reconciled: () =>
      epochs.run(async () => ({
        complete: (await retirement.gate()).reconciledAtMs !== null,
        epoch: await ticks.epoch(),
      })),
    onEpoch: async (epoch) => {
      for (const queue of limited) await queue.setClusterLimit();
      log.info({ epoch }, 'working in this epoch');
    },
    keepSchedules,
    queue: wishes,
    collectEveryMs: Math.min(COLLECT_EVERY_MAX_MS, Math.max(COLLECT_EVERY_MIN_MS, config.store.retention.graceMs)),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    phase: phaseOf(holder),
    log,
  });
}

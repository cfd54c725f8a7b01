/** The refreshes of one worker: the schedules it may have to see to, and the jobs it takes. */
import type { Catalog } from '@parqueue/core/config';
import { PREFIX, type Coordination } from '@parqueue/core/redis';
import type { Clock, Refresher, RefreshOutcome } from '@parqueue/core';
import { Queue, type ConnectionOptions } from 'bullmq';
import type { Logger } from 'pino';
import type { Drainable } from './drain.ts';
import { QueueWorker, type QueueTiming } from './queue-worker.ts';
import { RefreshRuns } from './refresh-runs.ts';
import { REFRESH_QUEUE, RefreshSchedules, type RefreshJob } from './refresh-schedules.ts';

export interface RefreshParts {
  readonly catalog: Catalog;
  readonly coordination: Pick<Coordination, 'refreshes' | 'scheduleKeeper' | 'retirement'>;
  readonly refresher: Pick<Refresher, 'run'>;
  readonly onEntry: (dataset: string, outcome: RefreshOutcome) => void;
  readonly connection: ConnectionOptions;
  readonly timing: QueueTiming;
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RefreshQueue extends Drainable {
  readonly keepSchedules: (epoch: number) => Promise<void>;
  start(): void;
  close(): Promise<void>;
}

export function openRefreshQueue(parts: RefreshParts): RefreshQueue {
  const { catalog, coordination, connection, holder, clock, log } = parts;
  const queue = new Queue<RefreshJob>(REFRESH_QUEUE, { prefix: PREFIX, connection });
  queue.on('error', (error) => log.warn({ error: error.message }, 'refreshes'));
  const schedules = new RefreshSchedules({
    datasets: catalog.datasets(),
    queue,
    keeper: coordination.scheduleKeeper,
    refreshes: coordination.refreshes,
    redisNow: async () => (await coordination.retirement.gate()).nowMs,
    holder,
    clock,
    log,
  });
  const runs = new RefreshRuns({ ...parts, queue, refreshes: coordination.refreshes });
  // Each run mostly sleeps until its entries have their moment; none may wait for another to end.
  const local = catalog.datasets().filter(({ refresh }) => refresh !== null).length;
  // A worker that refreshes nothing takes no jobs: it leaves all of it to those that do.
  const worker = local === 0 ? null : openWorker(runs, local, parts);
  return {
    get running() {
      return worker?.running ?? 0;
    },
    stopTaking: async () => {
      runs.stop();
      await worker?.stopTaking();
    },
    handBack: () => worker?.handBack(),
    keepSchedules: (epoch) => schedules.keep(epoch),
    start: () => worker?.start(),
    close: async () => {
      await Promise.all([queue.close(), worker?.close()]);
    },
  };
}

function openWorker(
  runs: RefreshRuns,
  local: number,
  { connection, timing, log }: Pick<RefreshParts, 'connection' | 'timing' | 'log'>,
): QueueWorker<RefreshJob, void> {
  return new QueueWorker<RefreshJob, void>({
    queue: REFRESH_QUEUE,
    prefix: PREFIX,
    concurrency: { local, cluster: null },
    connection,
    timing,
    log,
    process: (job, token, signal) => runs.process(job, token, signal),
    onAbandoned: async (job) => {
      const { dataset } = job.data;
      log.warn({ dataset, reason: job.failedReason }, 'refresh failed; the next one comes when it is due');
    },
  });
}

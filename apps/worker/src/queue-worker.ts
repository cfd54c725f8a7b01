/**
 * One BullMQ worker for one queue of one source, and the settings all of them share (measured: a dead worker's job is
 * run again after about lock plus stalled interval, and the shortest stalled interval of the cluster must be the only
 * one). Owns the rules that BullMQ leaves to its users: a lost lock and a cancellation reach the job's signal.
 */
import { Queue, Worker, type ConnectionOptions, type Job as QueuedJob, type Processor } from 'bullmq';
import type { Logger } from 'pino';
import { STOP } from './processor.ts';

export interface QueueTiming {
  readonly lockDurationMs: number;
  readonly stalledIntervalMs: number;
}

export const QUEUE_TIMING: QueueTiming = { lockDurationMs: 60_000, stalledIntervalMs: 15_000 };

/** A job whose worker died twice is given up: it may be what kills them. */
const MAX_STALLED_COUNT = 1;

export interface QueueWorkerOptions<Data, Result> {
  readonly queue: string;
  readonly prefix: string;
  /** Jobs at one time: in this process, and in the whole cluster (null: as many as its processes take). */
  readonly concurrency: { readonly local: number; readonly cluster: number | null };
  readonly connection: ConnectionOptions;
  readonly timing: QueueTiming;
  readonly process: (
    job: QueuedJob<Data>,
    token: string | undefined,
    signal: AbortSignal | undefined,
  ) => Promise<Result>;
  readonly onAbandoned: (job: QueuedJob<Data>) => Promise<void>;
  readonly log: Logger;
}

export class QueueWorker<Data, Result> {
  readonly #worker: Worker<Data, Result>;
  readonly #queue: Queue;
  readonly #clusterConcurrency: number | null;
  #running = 0;

  constructor(options: QueueWorkerOptions<Data, Result>) {
    const { queue, prefix, connection, timing, concurrency, log } = options;
    this.#clusterConcurrency = concurrency.cluster;
    this.#queue = new Queue(queue, { prefix, connection });
    // BullMQ counts the declared parameters: with fewer than three there is no signal.
    const processor: Processor<Data, Result> = async (job, token, signal) => {
      this.#running += 1;
      try {
        return await options.process(job, token, signal);
      } finally {
        this.#running -= 1;
      }
    };
    this.#worker = new Worker<Data, Result>(queue, processor, {
      prefix,
      connection,
      autorun: false,
      concurrency: concurrency.local,
      lockDuration: timing.lockDurationMs,
      stalledInterval: timing.stalledIntervalMs,
      maxStalledCount: MAX_STALLED_COUNT,
      drainDelay: 5,
    });
    this.#worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) this.#worker.cancelJob(id, STOP.lockLost);
    });
    this.#worker.on('stalled', (id) => log.warn({ queue, jobId: id }, 'a job whose worker fell silent is run again'));
    this.#worker.on('failed', (job) => {
      if (job !== undefined) void options.onAbandoned(job);
    });
    // Connections that break and jobs that vanished with Redis; the use cases decide what that means.
    this.#worker.on('error', (error) => log.warn({ queue, error: error.message }, 'queue worker'));
    this.#queue.on('error', (error) => log.warn({ queue, error: error.message }, 'queue'));
  }

  get running(): number {
    return this.#running;
  }

  /** The cluster-wide limit is kept in Redis and goes with it: set it again in each epoch. */
  async setClusterLimit(): Promise<void> {
    if (this.#clusterConcurrency !== null) await this.#queue.setGlobalConcurrency(this.#clusterConcurrency);
  }

  start(): void {
    void this.#worker.run();
  }

  /** @returns whether the job runs here. */
  cancel(jobId: string): boolean {
    return this.#worker.cancelJob(jobId, STOP.cancelled);
  }

  /** Takes no further job; resolves when those that run are over. */
  stopTaking(): Promise<void> {
    return this.#worker.close();
  }

  /** Running jobs are asked to stop and go back to the queue. */
  handBack(): void {
    this.#worker.cancelAllJobs(STOP.shutdown);
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}

/**
 * One queue for bull-board, over what the coordination tells of it: nothing of BullMQ's own records reaches the page but
 * what job-view.ts lets through. Read-only, unless its reader is an administrator, who may pause and resume the queue's
 * source and take a job back, by the same steps as the routes of /v1 do.
 */
import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js';
import type {
  JobCounts,
  JobState,
  JobStatus,
  QueueJob,
  QueueJobJson,
  QueueMetrics,
  Status,
} from '@bull-board/api/typings/app';
import { ParqueueError } from '@parqueue/core';
import { BOARD_STATES, queueName, type BoardJob, type QueueBoard, type QueueName } from '@parqueue/core/redis';
import type { Principal } from '../auth.ts';
import { jobData } from './job-view.ts';

export interface QueueActs {
  pause(source: string, note?: { readonly reason: string | null; readonly by: string | null }): Promise<void>;
  resume(source: string): Promise<void>;
  cancel(jobId: string): Promise<void>;
}

export interface AdapterOptions {
  readonly name: QueueName;
  /** Null: nothing may be done. */
  readonly acts: QueueActs | null;
  readonly board: QueueBoard;
  readonly principal: Principal;
}

/** A page asks for as many jobs as it likes. */
const JOBS_MAX = 100;
const NO_METRICS: QueueMetrics = { meta: { count: 0, prevTS: 0, prevCount: 0 }, data: [], count: 0 };

export class QueueAdapter extends BaseAdapter {
  readonly #options: AdapterOptions;

  constructor(options: AdapterOptions) {
    const { kind, source } = options.name;
    super('bullmq', {
      readOnlyMode: options.acts === null,
      allowRetries: false,
      description: kind === 'fill' ? `Loads of source ${source}` : `Version checks of source ${source}`,
    });
    this.#options = options;
  }

  override getName(): string {
    const { kind, source } = this.#options.name;
    return queueName(kind, source);
  }

  override async getJobCounts(): Promise<JobCounts> {
    const { counts } = await this.#options.board.look(this.#options.name);
    return { latest: 0, 'waiting-children': 0, ...counts } as JobCounts;
  }

  override async getJobs(states: JobStatus[], from = 0, to = JOBS_MAX - 1): Promise<QueueJob[]> {
    const wanted = BOARD_STATES.filter((state) => (states as readonly string[]).includes(state));
    const range = { from, to: Math.min(to, from + JOBS_MAX - 1) };
    const jobs = await this.#options.board.page(this.#options.name, wanted, range);
    return jobs.map((job) => this.#jobOf(job));
  }

  override async getJob(id: string): Promise<QueueJob | null> {
    const job = await this.#options.board.job(this.#options.name, id);
    return job === null ? null : this.#jobOf(job);
  }

  #jobOf(job: BoardJob): QueueJob {
    const { acts, principal } = this.#options;
    return {
      opts: {},
      toJSON: () => jsonOf(job, principal),
      getState: async () => job.state as JobState,
      remove: async () => (acts ?? notOffered()).cancel(job.id),
      promote: notOffered,
      retry: notOffered,
    };
  }

  override async isPaused(): Promise<boolean> {
    return (await this.#options.board.look(this.#options.name)).isPaused;
  }

  override async pause(): Promise<void> {
    await (this.#options.acts ?? notOffered()).pause(this.#options.name.source);
  }

  override async resume(): Promise<void> {
    await (this.#options.acts ?? notOffered()).resume(this.#options.name.source);
  }

  override async getGlobalConcurrency(): Promise<number | null> {
    return (await this.#options.board.look(this.#options.name)).concurrency;
  }

  override async getJobSchedulersCount(): Promise<number> {
    return (await this.#options.board.look(this.#options.name)).schedulers;
  }

  override async getWorkers() {
    const workers = await this.#options.board.workers(this.#options.name);
    return (
      workers?.map(({ id, name, address, connectedSeconds }) => ({ id, name, addr: address, age: connectedSeconds }))
      ?? null
    );
  }

  override getJobStatuses(): JobStatus[] {
    return [...BOARD_STATES];
  }

  override getStatuses(): Status[] {
    return ['latest', ...BOARD_STATES];
  }

  override async getMetrics(): Promise<QueueMetrics> {
    return NO_METRICS;
  }

  override async getJobLogs(): Promise<string[]> {
    return [];
  }

  override async getJobSchedulers(): Promise<never[]> {
    return [];
  }

  override getRedisInfo = notOffered;
  override clean = notOffered;
  override addJob = notOffered;
  override empty = notOffered;
  override obliterate = notOffered;
  override promoteAll = notOffered;
  override removeJobScheduler = notOffered;
  override updateJobScheduler = notOffered;
  override runJobSchedulerNow = notOffered;
  override setGlobalConcurrency = notOffered;
}

/** Jobs are made and ended by what asks and what works: taking one out of a queue's hands would leave its callers waiting. */
export function notOffered(): never {
  throw new ParqueueError(
    'PQ_INVALID_REQUEST',
    'this is not done to the queues of Parqueue: pause or resume a source, or take a job back',
  );
}

function jsonOf(job: BoardJob, principal: Principal): QueueJobJson {
  const data = jobData(job, principal);
  const hidden = 'hidden' in data;
  return {
    id: job.id,
    name: job.kind,
    progress: job.progress ?? 0,
    attemptsMade: job.attempts,
    timestamp: job.enqueuedAtMs,
    processedOn: job.startedAtMs,
    finishedOn: job.finishedAtMs,
    failedReason: hidden ? '' : job.failedReason,
    stacktrace: [],
    data,
    returnvalue: hidden ? null : job.outcome,
    opts: {},
    ...(job.priority > 0 ? { priority: job.priority } : {}),
  };
}

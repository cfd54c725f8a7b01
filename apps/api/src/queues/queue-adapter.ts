/**
 * The queue of one source's fills or probes, for bull-board. Read-only, unless its reader is an administrator, who may pause
 * and resume the queue's source and take a job back, by the same steps as the routes of /v1 do.
 */
import type { JobState, QueueJob, QueueJobJson } from '@bull-board/api/typings/app';
import { queueName, type BoardJob, type BoardState, type QueueBoard, type QueueName } from '@parqueue/core/redis';
import type { Principal } from '../auth.ts';
import { BoardQueue, notOffered } from './board-queue.ts';
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

export class QueueAdapter extends BoardQueue {
  readonly #options: AdapterOptions;

  constructor(options: AdapterOptions) {
    const { name, board, acts } = options;
    const { kind, source } = name;
    const description = kind === 'fill' ? `Loads of source ${source}` : `Version checks of source ${source}`;
    super({ name, board, shown: { readOnlyMode: acts === null, description } });
    this.#options = options;
  }

  override getName(): string {
    const { kind, source } = this.#options.name;
    return queueName(kind, source);
  }

  protected override async page(
    states: readonly BoardState[],
    range: { readonly from: number; readonly to: number },
  ): Promise<QueueJob[]> {
    const jobs = await this.#options.board.page(this.#options.name, states, range);
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

  override async pause(): Promise<void> {
    await (this.#options.acts ?? notOffered()).pause(this.#options.name.source);
  }

  override async resume(): Promise<void> {
    await (this.#options.acts ?? notOffered()).resume(this.#options.name.source);
  }
}

function jsonOf(job: BoardJob, principal: Principal): QueueJobJson {
  const data = jobData(job, principal);
  const hidden = 'hidden' in data;
  return {
    id: job.id,
    name: job.kind,
    progress: hidden ? 0 : (job.progress ?? 0),
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

/**
 * What every queue on the board has in common: its numbers, its workers, and all that is done to no queue of Parqueue. Each
 * is over what the coordination tells of it: nothing of BullMQ's own records reaches the page but what its class lets through.
 */
import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js';
import type {
  JobCounts,
  JobStatus,
  QueueAdapterOptions,
  QueueJob,
  QueueMetrics,
  Status,
} from '@bull-board/api/typings/app';
import { ParqueueError } from '@parqueue/core';
import { BOARD_STATES, type BoardState, type OwnQueue, type QueueBoard, type QueueName } from '@parqueue/core/redis';

/** A page asks for as many jobs as it likes. */
const JOBS_MAX = 100;
const NO_METRICS: QueueMetrics = { meta: { count: 0, prevTS: 0, prevCount: 0 }, data: [], count: 0 };

export interface BoardQueueOptions {
  readonly name: QueueName | OwnQueue;
  readonly board: QueueBoard;
  readonly shown: Partial<QueueAdapterOptions>;
}

export abstract class BoardQueue extends BaseAdapter {
  readonly #name: QueueName | OwnQueue;
  readonly #board: QueueBoard;

  constructor({ name, board, shown }: BoardQueueOptions) {
    super('bullmq', { ...shown, allowRetries: false });
    this.#name = name;
    this.#board = board;
  }

  protected abstract page(
    states: readonly BoardState[],
    range: { readonly from: number; readonly to: number },
  ): Promise<QueueJob[]>;

  override async getJobs(states: JobStatus[], from = 0, to = JOBS_MAX - 1): Promise<QueueJob[]> {
    const wanted = BOARD_STATES.filter((state) => (states as readonly string[]).includes(state));
    return await this.page(wanted, { from, to: Math.min(to, from + JOBS_MAX - 1) });
  }

  override async getJobCounts(): Promise<JobCounts> {
    const { counts } = await this.#board.look(this.#name);
    return { latest: 0, 'waiting-children': 0, ...counts } as JobCounts;
  }

  override async isPaused(): Promise<boolean> {
    return (await this.#board.look(this.#name)).isPaused;
  }

  override async getGlobalConcurrency(): Promise<number | null> {
    return (await this.#board.look(this.#name)).concurrency;
  }

  override async getJobSchedulersCount(): Promise<number> {
    return (await this.#board.look(this.#name)).schedulers;
  }

  override async getWorkers() {
    const workers = await this.#board.workers(this.#name);
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

  override async pause(): Promise<void> {
    notOffered();
  }

  override async resume(): Promise<void> {
    notOffered();
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

/** A queue of what workers do by themselves, as /queues shows it: refreshes when they are due, and chores. Read-only. */
import type { JobState, QueueJob } from '@bull-board/api/typings/app';
import type { BoardState, OwnJob, OwnQueue, QueueBoard } from '@parqueue/core/redis';
import { BoardQueue, notOffered } from './board-queue.ts';

const DESCRIPTIONS: Readonly<Record<OwnQueue, string>> = {
  refresh: 'Refreshes of datasets, by their schedules',
  maintenance: 'Chores of the store: comparing it with Redis, collecting garbage',
};

export class OwnQueueAdapter extends BoardQueue {
  readonly #name: OwnQueue;
  readonly #board: QueueBoard;

  constructor(name: OwnQueue, board: QueueBoard) {
    super({ name, board, shown: { readOnlyMode: true, description: DESCRIPTIONS[name] } });
    this.#name = name;
    this.#board = board;
  }

  override getName(): string {
    return this.#name;
  }

  protected override async page(
    states: readonly BoardState[],
    range: { readonly from: number; readonly to: number },
  ): Promise<QueueJob[]> {
    return (await this.#board.ownPage(this.#name, states, range)).map(jobOf);
  }

  override async getJob(id: string): Promise<QueueJob | null> {
    const job = await this.#board.ownJob(this.#name, id);
    return job === null ? null : jobOf(job);
  }
}

function jobOf(job: OwnJob): QueueJob {
  return {
    opts: {},
    toJSON: () => ({
      id: job.id,
      name: job.dataset ?? job.name,
      progress: 0,
      attemptsMade: job.attempts,
      timestamp: job.enqueuedAtMs,
      processedOn: job.startedAtMs,
      finishedOn: job.finishedAtMs,
      failedReason: job.failedReason,
      stacktrace: [],
      data: job.dataset === null ? {} : { dataset: job.dataset },
      returnvalue: null,
      opts: {},
      ...(job.delayMs > 0 ? { delay: job.delayMs } : {}),
    }),
    getState: async () => job.state as JobState,
    remove: notOffered,
    promote: notOffered,
    retry: notOffered,
  };
}

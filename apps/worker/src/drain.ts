/**
 * How a worker lets go of its jobs: it takes no more, lets those finish that end in time, and hands the rest on. A queue
 * that cannot be closed because Redis is away is left as it is, once none of its jobs runs here.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Drainable {
  /** Jobs that run in this process now. */
  readonly running: number;
  /** Takes no further job; resolves when those that run are over. */
  stopTaking(): Promise<void>;
  /** Running jobs are asked to stop and go back to the queue. */
  handBack(): void;
}

/** A job that was being fetched when the queue closed starts a moment later; so all of this is asked again and again. */
const LOOK_EVERY_MS = 150;

/** A queue that is neither closed nor busy for so long will not start a job any more. */
const IDLE_LIMIT_MS = 3000;

/** After this everything that heeds a stop is over, threads that had to be terminated included. */
const HAND_BACK_LIMIT_MS = 30_000;

/** @returns whether all jobs were finished or handed on; what was not is run again once its lock expired. */
export async function drain(queues: readonly Drainable[], finishMs: number): Promise<boolean> {
  const over = Promise.allSettled(queues.map((queue) => queue.stopTaking())).then(() => true);
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    if (waitedMs >= finishMs) for (const queue of queues) queue.handBack();
    if (await within(over, LOOK_EVERY_MS)) return true;
    if (waitedMs >= IDLE_LIMIT_MS && queues.every(({ running }) => running === 0)) return true;
    if (waitedMs >= finishMs + HAND_BACK_LIMIT_MS) return false;
  }
}

async function within(over: Promise<boolean>, ms: number): Promise<boolean> {
  const limit = new AbortController();
  const late = sleep(ms, false, { signal: limit.signal }).catch(() => false);
  try {
    return await Promise.race([over, late]);
  } finally {
    limit.abort();
  }
}

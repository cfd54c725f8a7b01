/**
 * How a worker lets go of its jobs: it takes no more, lets those finish that end in time, and hands the rest on.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Drainable {
  /** Takes no further job; resolves when those that run are over. */
  stopTaking(): Promise<void>;
  /** Running jobs are asked to stop and go back to the queue. */
  handBack(): void;
}

/** A job that was being fetched when the queue closed starts a moment later; it is asked again. */
const ASK_AGAIN_MS = 150;

/** After the last of these everything that heeds a stop is over, threads that had to be terminated included. */
const HAND_BACK_LIMIT_MS = 30_000;

/** @returns whether all jobs were finished or handed on; what was not is run again once its lock expired. */
export async function drain(queues: readonly Drainable[], finishMs: number): Promise<boolean> {
  const over = Promise.allSettled(queues.map((queue) => queue.stopTaking())).then(() => true);
  if (await within(over, finishMs)) return true;
  for (let waitedMs = 0; waitedMs < HAND_BACK_LIMIT_MS; waitedMs += ASK_AGAIN_MS) {
    for (const queue of queues) queue.handBack();
    if (await within(over, ASK_AGAIN_MS)) return true;
  }
  return false;
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

/** Waits for Redis that end (I8). */
import type { Clock } from '../ports/clock.ts';

export interface Bound {
  readonly clock: Clock;
  readonly ms: number;
  /** What to throw when the time is over. */
  readonly late: () => Error;
}

export async function within<T>(work: Promise<T>, { clock, ms, late }: Bound): Promise<T> {
  const waiting = new AbortController();
  const giveUp = clock.sleep(ms, waiting.signal).then(() => {
    throw late();
  });
  try {
    return await Promise.race([work, giveUp]);
  } finally {
    waiting.abort();
  }
}

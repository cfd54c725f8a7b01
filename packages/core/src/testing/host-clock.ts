/** The host's own clock, for tests in which nothing hangs on when something happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';

export const hostClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

/** Waits of `ms` are over at once; the others take their time. */
export function hurrying(ms: number): Clock {
  return { now: hostClock.now, sleep: (wait, signal) => hostClock.sleep(wait === ms ? 50 : wait, signal) };
}

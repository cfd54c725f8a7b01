/** What bounds pins (I6, I9). */
import { ParqueueError } from './errors.ts';

/**
 * Nobody may pin for longer at one time: gc waits this long after Redis forgot its pins (I6). A reader that needs more
 * renews its pin.
 */
export const PIN_MAX_MS = 3_600_000;

/**
 * Live pins that one key may have, over all its generations (I9): as many as callers may wait in a process by default.
 * Retiring a generation reads them all.
 */
export const PINS_PER_KEY_MAX = 10_000;

export function tooManyPins(key: string, max: number): ParqueueError {
  return new ParqueueError(
    'PQ_RATE_LIMITED',
    `entry ${key} has ${max} pins already: give back those that are not needed, or ask again when some have expired`,
  );
}

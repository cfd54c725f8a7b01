/**
 * The logical clock. A tick is a whole number that only ever grows, for the life of the store: epoch n issues the
 * ticks (n × 10¹², (n + 1) × 10¹²), so any tick names the epoch that issued it. Both stay exact in a double up to
 * the last epoch, and in Lua, whose numbers are doubles too.
 */
export type Tick = number;

export const TICKS_PER_EPOCH = 1e12;

/** The last epoch all of whose ticks are exact: 9006. One opens where Redis lost its memory, so nobody comes near it. */
export const EPOCH_MAX = Math.floor(Number.MAX_SAFE_INTEGER / TICKS_PER_EPOCH) - 1;

/** The first tick of an epoch; the clock stands here when the epoch opens, and every tick it issues is above. */
export function epochStart(epoch: number): Tick {
  return epoch * TICKS_PER_EPOCH;
}

export function epochOf(tick: Tick): number {
  return Math.floor(tick / TICKS_PER_EPOCH);
}

/** Of digits in a name; null where they are none, or more than a tick can be: then nobody of ours wrote the name. */
export function tickOfText(digits: string): Tick | null {
  const tick = /^(?:0|[1-9][0-9]{0,15})$/.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(tick) ? tick : null;
}

/**
 * The infinities of dates and timestamps, which some databases have: the largest and the smallest count but one, so
 * that they sort beyond every day. DuckDB reads both as infinities of its own.
 */
export const DAY_INFINITY = 0x7fff_ffff;
export const TIME_INFINITY = 0x7fff_ffff_ffff_ffffn;

/** In days, of one in microseconds; null for any other count. */
export function infiniteDay(microseconds: unknown): number | null {
  if (microseconds === TIME_INFINITY) return DAY_INFINITY;
  return microseconds === -TIME_INFINITY ? -DAY_INFINITY : null;
}

/** In microseconds, of one in days; null for any other count. */
export function infiniteTime(days: unknown): bigint | null {
  if (days === DAY_INFINITY) return TIME_INFINITY;
  return days === -DAY_INFINITY ? -TIME_INFINITY : null;
}

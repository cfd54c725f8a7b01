/** Times for people: how long, how long ago, in how long. Pure: the present is given. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The two largest units, the second only where it matters: 45 s, 3 min, 1 h 20 min, 4 d. */
export function duration(ms: number): string {
  const value = Math.max(0, ms);
  if (value < SECOND) return value === 0 ? '0 s' : `${Math.max(1, Math.round(value))} ms`;
  if (value < 10 * SECOND) return `${trimmed(value / SECOND)} s`;
  if (value < MINUTE) return `${Math.floor(value / SECOND)} s`;
  if (value < HOUR) return pair(value, { large: MINUTE, small: SECOND, names: ['min', 's'], smallBelow: 5 });
  if (value < DAY) return pair(value, { large: HOUR, small: MINUTE, names: ['h', 'min'], smallBelow: 12 });
  return pair(value, { large: DAY, small: HOUR, names: ['d', 'h'], smallBelow: 4 });
}

/** `just now`, `12 s ago`, `in 3 min` */
export function relative(atMs: number, nowMs: number): string {
  const past = nowMs - atMs;
  // Clocks differ by a little, and nobody wants to read of the next second.
  if (Math.abs(past) < 2 * SECOND) return 'just now';
  return past < 0 ? `in ${coarse(-past)}` : `${coarse(past)} ago`;
}

/** An age in one unit, two where the first says little: it is read at a glance and moves while it is read. */
export function coarse(ms: number): string {
  const value = Math.max(0, ms);
  if (value < MINUTE) return `${Math.floor(value / SECOND)} s`;
  if (value < HOUR) return `${Math.floor(value / MINUTE)} min`;
  if (value < DAY) return pair(value, { large: HOUR, small: MINUTE, names: ['h', 'min'], smallBelow: 3 });
  return pair(value, { large: DAY, small: HOUR, names: ['d', 'h'], smallBelow: 3 });
}

/** A setting in seconds as its author would write it: 60 s, 10 min, 1 d. */
export function setting(seconds: number): string {
  const ms = seconds * SECOND;
  if (ms > 0 && ms % DAY === 0) return `${ms / DAY} d`;
  if (ms > 0 && ms % HOUR === 0) return `${ms / HOUR} h`;
  if (ms > 0 && ms % MINUTE === 0) return `${ms / MINUTE} min`;
  return duration(ms);
}

interface Units {
  readonly large: number;
  readonly small: number;
  readonly names: readonly [string, string];
  /** Of so many large units on, the small one is noise. */
  readonly smallBelow: number;
}

function pair(value: number, { large, small, names, smallBelow }: Units): string {
  const whole = Math.floor(value / large);
  const rest = Math.floor((value % large) / small);
  return whole >= smallBelow || rest === 0 ? `${whole} ${names[0]}` : `${whole} ${names[0]} ${rest} ${names[1]}`;
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}

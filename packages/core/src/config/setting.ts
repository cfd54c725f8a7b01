/**
 * A setting of a session that changes rows, and how a value of it is read. Values go into SET statements: what a reader
 * here lets pass ends no literal.
 */

export interface Setting {
  /** null: not set unless given. */
  readonly default: string | null;
  /** The one spelling of the value, or null where it is none. */
  readonly read: (value: string) => string | null;
  /** What to write, for a message: it follows "must be". */
  readonly expected: string;
}

/** By name, in the database's spelling; where one setting changes the default of another, in the order to set them. */
export type Settings = Readonly<Record<string, Setting>>;

/** A value that cannot be chosen. It is part of the key all the same: a later release may choose another. */
export function fixed(value: string, why: string): Setting {
  return {
    default: value,
    read: (given) => (given.trim().toLowerCase() === value.toLowerCase() ? value : null),
    expected: `${value}: ${why}`,
  };
}

/** One of these words, whatever their case; the first is the default. */
export function oneOf(...values: readonly [string, ...string[]]): Setting {
  const last = values.at(-1) ?? '';
  return {
    default: values[0],
    read: (given) => values.find((value) => value.toLowerCase() === given.trim().toLowerCase()) ?? null,
    expected: `${values.slice(0, -1).join(', ')} or ${last}`,
  };
}

/** A whole number between two bounds, without leading zeros. */
export function wholeNumber(byDefault: number, [min, max]: readonly [number, number]): Setting {
  return {
    default: String(byDefault),
    read: (given) => {
      const number = /^[0-9]{1,15}$/.test(given.trim()) ? Number(given) : Number.NaN;
      return number >= min && number <= max ? String(number) : null;
    },
    expected: `a whole number from ${min} to ${max}`,
  };
}

const MINUTES_PER_HOUR = 60;

/** `+02:00`, within what the database takes; null: it is no offset. */
export function readOffset(value: string, [min, max]: readonly [number, number]): string | null {
  const offset = /^([+-])([0-9]{1,2}):([0-9]{2})$/.exec(value);
  if (offset === null) return null;
  const [, sign = '+', hours = '', minutes = ''] = offset;
  const size = Number(hours) * MINUTES_PER_HOUR + Number(minutes);
  const total = sign === '-' ? -size : size;
  const sound = Number(minutes) < MINUTES_PER_HOUR && total >= min && total <= max;
  return sound ? `${size === 0 ? '+' : sign}${hours.padStart(2, '0')}:${minutes}` : null;
}

/** In minutes. */
export function offsetBound(hours: number, minutes = 0): number {
  return hours * MINUTES_PER_HOUR + Math.sign(hours) * minutes;
}

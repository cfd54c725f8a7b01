/**
 * Dates and times as text → counts since 1970, in the proleptic Gregorian calendar, without Date objects (which know
 * milliseconds only and shift the years 0–99). Texts are ISO 8601 with 'T' or a blank, years of four digits or, signed,
 * of more.
 */

/** Days since 1970-01-01, or NaN where the text is no date. */
export function dayOf(text: string): number {
  const match = /^([-+]?[0-9]{4,6})-([0-9]{2})-([0-9]{2})$/.exec(text);
  return match === null ? Number.NaN : dayNumber(Number(match[1]), Number(match[2]), Number(match[3]));
}

export interface Moment {
  /** Seconds since 1970-01-01T00:00:00, exact. */
  readonly seconds: number;
  /** 0 … 999,999,999 */
  readonly nanos: number;
}

const TIMESTAMP =
  /^([-+]?[0-9]{4,6})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9})0*)?)?)?\s*(Z|[-+][0-9]{2}(?::?[0-9]{2})?)?$/;

/** null where the text is no timestamp. An offset needs `zoned`: without it there is nothing it could count from. */
export function momentOf(text: string, zoned: boolean): Moment | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  if (offset !== undefined && offset !== 'Z' && !zoned) return null;
  const days = dayNumber(Number(year), Number(month), Number(day));
  if (Number.isNaN(days) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const seconds = days * 86_400 + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offsetSeconds(offset);
  return { seconds, nanos: fraction === '' ? 0 : Number(fraction.padEnd(9, '0')) };
}

function offsetSeconds(offset: string | undefined): number {
  if (offset === undefined || offset === 'Z') return 0;
  const digits = offset.slice(1).replace(':', '');
  const seconds = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2) || '0') * 60;
  return offset.startsWith('-') ? -seconds : seconds;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** NaN where there is no such day. Counts from 1 March of year 0, so that the leap day ends a year ("days from civil", H. Hinnant's derivation). */
export function dayNumber(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1 || day > monthDays(year, month)) return Number.NaN;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  // 719,468 days lie between 0000-03-01 and 1970-01-01; an era of 400 years has 146,097.
  return era * 146_097 + dayOfEra - 719_468;
}

function monthDays(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

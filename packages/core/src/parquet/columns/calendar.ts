/**
 * Dates and times as text → counts since 1970, in the proleptic Gregorian calendar, without Date objects (which know
 * milliseconds only and shift the years 0–99). Texts are ISO 8601 with 'T' or a blank, years of four digits or, with or
 * without a sign, of more. The usual spelling is read in place, several times as fast as by a regular expression.
 */
const BLANK = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const T = 0x54;
const Z = 0x5a;

/** `YYYY-MM-DD` */
const DATE_LENGTH = 10;
/** `YYYY-MM-DD HH:MM:SS` */
const TIME_LENGTH = 19;
const FRACTION_DIGITS_MAX = 9;

/** Days since 1970-01-01, or NaN where the text is no date. */
export function dayOf(text: string): number {
  if (text.length === DATE_LENGTH) {
    const day = plainDay(text);
    if (!Number.isNaN(day)) return day;
  }
  const match = /^([-+]?[0-9]{4,7})-([0-9]{2})-([0-9]{2})$/.exec(text);
  return match === null ? Number.NaN : dayNumber(Number(match[1]), Number(match[2]), Number(match[3]));
}

/** The day of a text that begins with `YYYY-MM-DD`; NaN where it does not. */
function plainDay(text: string): number {
  if (text.charCodeAt(4) !== MINUS || text.charCodeAt(7) !== MINUS) return Number.NaN;
  return dayNumber(pairAt(text, 0) * 100 + pairAt(text, 2), pairAt(text, 5), pairAt(text, 8));
}

/** NaN where there are not two digits. */
function pairAt(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

export interface Moment {
  /** Seconds since 1970-01-01T00:00:00, exact. */
  readonly seconds: number;
  /** 0 … 999,999,999 */
  readonly nanos: number;
}

const TIMESTAMP =
  /^([-+]?[0-9]{4,6})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9})0*)?)?)?\s*(Z|[-+][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?)?$/;

/**
 * null where the text is no timestamp. An offset needs `zoned`: without it there is nothing it could count from. It may
 * have seconds, as those of local mean time do.
 */
export function momentOf(text: string, zoned: boolean): Moment | null {
  return plainMoment(text, zoned) ?? anyMoment(text, zoned);
}

/** Of `YYYY-MM-DD HH:MM:SS` with any fraction that counts, Z or an offset of hours and minutes; null: ask anyMoment. */
function plainMoment(text: string, zoned: boolean): Moment | null {
  const blank = text.charCodeAt(DATE_LENGTH);
  if ((blank !== BLANK && blank !== T) || text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return null;
  const hour = pairAt(text, 11);
  const minute = pairAt(text, 14);
  const second = pairAt(text, 17);
  let seconds = plainDay(text) * 86_400 + hour * 3600 + minute * 60 + second;
  if (Number.isNaN(seconds) || hour > 23 || minute > 59 || second > 59) return null;
  let at = TIME_LENGTH;
  let nanos = 0;
  if (text.charCodeAt(at) === POINT) {
    at += 1;
    for (; at < text.length; at += 1) {
      const digit = text.charCodeAt(at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      nanos = nanos * 10 + digit;
    }
    const digits = at - TIME_LENGTH - 1;
    if (digits === 0 || digits > FRACTION_DIGITS_MAX) return null;
    nanos *= TO_NANOS[digits] as number;
  }
  if (at === text.length) return { seconds, nanos };
  const sign = text.charCodeAt(at);
  if (sign === Z) return at + 1 === text.length ? { seconds, nanos } : null;
  if (!zoned || (sign !== PLUS && sign !== MINUS)) return null;
  let offset = pairAt(text, at + 1) * 3600;
  if (at + 6 === text.length && text.charCodeAt(at + 3) === COLON) offset += pairAt(text, at + 4) * 60;
  else if (at + 3 !== text.length) return null;
  seconds += sign === MINUS ? offset : -offset;
  return Number.isNaN(seconds) ? null : { seconds, nanos };
}

/** By the number of digits in a fraction. */
const TO_NANOS = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1] as const;

function anyMoment(text: string, zoned: boolean): Moment | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  if (offset !== undefined && offset !== 'Z' && !zoned) return null;
  const days = dayNumber(Number(year), Number(month), Number(day));
  if (Number.isNaN(days) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const seconds = days * 86_400 + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offsetSeconds(offset);
  return { seconds, nanos: fraction === '' ? 0 : Number(fraction.padEnd(9, '0')) };
}

/** What a clock of the offset (`+02:00`, `-0930`, `Z`; none is UTC) is ahead of UTC. */
export function offsetSeconds(offset: string | undefined): number {
  if (offset === undefined || offset === 'Z') return 0;
  const digits = offset.slice(1).replaceAll(':', '');
  const seconds =
    Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4) || '0') * 60 + Number(digits.slice(4) || '0');
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

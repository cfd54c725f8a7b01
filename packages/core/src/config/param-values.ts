/**
 * Typed parameter values and their one spelling each (I1): whatever spells the same value makes the same cache key.
 * The canonical texts of dates and timestamps have a fixed width, so they order as text.
 */
import type { ParamType } from '../model/request.ts';

export type Reading = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly expected: string };

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
/** 19 digits hold every 64-bit integer; the rest of the room is for a sign and leading zeros. */
const INTEGER_PATTERN = /^[+-]?[0-9]{1,40}$/;
const NUMBER_PATTERN = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
/** The smallest and the largest doubles written without exponents are shorter. */
const NUMBER_CHARS_MAX = 400;
const DATE_PATTERN = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const TIMESTAMP_PATTERN =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?$/;

/** The canonical text of a value of that type, or what was expected instead. Never echoes the value. */
export function readValue(type: ParamType, raw: unknown): Reading {
  const text = plainText(type, raw);
  if (text === null) return expected('one text, number or boolean');
  switch (type) {
    case 'string':
      return text.isWellFormed() ? { ok: true, text } : expected('well-formed Unicode text');
    case 'integer':
      return readInteger(text);
    case 'number':
      return readNumber(text);
    case 'boolean':
      return text === 'true' || text === 'false' ? { ok: true, text } : expected('true or false');
    case 'date':
      return isCalendarDate(text) ? { ok: true, text } : expected('a calendar date such as 2026-01-31');
    case 'timestamp':
      return readTimestamp(text);
  }
}

/** Below 0 where `a` orders before `b`; both canonical texts of that type. */
export function compareValues(type: ParamType, a: string, b: string): number {
  if (type === 'integer') return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
  if (type === 'number') return Number(a) - Number(b);
  return a < b ? -1 : a > b ? 1 : 0;
}

function plainText(type: ParamType, raw: unknown): string | null {
  if (typeof raw === 'string') return raw;
  if (typeof raw === 'boolean') return String(raw);
  if (typeof raw !== 'number' || !Number.isFinite(raw)) return null;
  // A larger whole number may have lost digits before it came here; it must be sent as text.
  if (type === 'number' || !Number.isInteger(raw) || Number.isSafeInteger(raw)) return String(raw);
  return null;
}

function readInteger(text: string): Reading {
  if (INTEGER_PATTERN.test(text)) {
    const value = BigInt(text.replace(/^\+/, ''));
    if (value >= INT64_MIN && value <= INT64_MAX) return { ok: true, text: String(value) };
  }
  return expected('a whole number of at most 64 bits');
}

function readNumber(text: string): Reading {
  const wrong = expected('a number such as 12 or 0.5, of no more digits than a double holds (15 always fit)');
  if (text.length > NUMBER_CHARS_MAX || !NUMBER_PATTERN.test(text)) return wrong;
  const value = Number(text);
  const canonical = String(value);
  // What is bound and hashed is the double's own text: a number that is not that one would become another question.
  return Number.isFinite(value) && sameDecimal(text, canonical) ? { ok: true, text: canonical } : wrong;
}

/** Whether two decimal texts say the same number, however they write zeros, points and exponents. */
function sameDecimal(one: string, other: string): boolean {
  return decimalParts(one) === decimalParts(other);
}

function decimalParts(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace(/^[+-]/, '').split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return '0';
  return `${mantissa.startsWith('-') ? '-' : ''}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}

function isCalendarDate(text: string): boolean {
  const match = DATE_PATTERN.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Canonical: UTC, microseconds, `2026-01-31T08:00:00.000000Z`. Without an offset the value is UTC already. */
function readTimestamp(text: string): Reading {
  const wrong = expected(
    'a timestamp such as 2026-01-31T08:00:00Z, at most to the microsecond (write + as %2B in a URL)',
  );
  const match = TIMESTAMP_PATTERN.exec(text);
  if (match === null) return wrong;
  const [
    ,
    date = '',
    hours = '',
    minutes = '',
    seconds = '00',
    fraction = '',
    ,
    sign,
    offsetHours = '00',
    offsetMinutes = '00',
  ] = match;
  if (!isCalendarDate(date) || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return wrong;
  if (Number(offsetHours) > 15 || Number(offsetMinutes) > 59 || /[1-9]/.test(fraction.slice(6))) return wrong;
  const offsetMs = (sign === '-' ? -1 : 1) * (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  const utc = new Date(Date.parse(`${date}T${hours}:${minutes}:${seconds}Z`) - offsetMs);
  const utcText = utc.toISOString().slice(0, 19);
  // An offset can push the first or last day out of the years that have four digits.
  if (!isCalendarDate(utcText.slice(0, 10))) return wrong;
  return { ok: true, text: `${utcText}.${fraction.slice(0, 6).padEnd(6, '0')}Z` };
}

function expected(what: string): Reading {
  return { ok: false, expected: what };
}

/**
 * Dates, times and timestamps as ISO 8601 text with every digit there is. Counts are split into days and the time
 * within the day as doubles where they fit; the day's text is kept, since neighbours mostly share it. What no
 * calendar of JavaScript reaches is shown as the count it is, and the two infinities by their names.
 */
import { DAY_INFINITY, TIME_INFINITY } from '../columns/infinity.ts';
import { writeDigits, writeQuoted, type TextOptions, type WriteValue } from './numbers.ts';
import type { ByteSink } from './sink.ts';

const QUOTE = 0x22;
const MINUS = 0x2d;
const COLON = 0x3a;
const DOT = 0x2e;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;

const TWO_32 = 2 ** 32;
const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;

/** Days from 1970 to the first of year 0 and to the last of year 9999: those have four digits. */
const DAY_MIN = -719_528;
const DAY_MAX = 2_932_896;

const DAY_BYTES = 10;
/** `"2026-11-22T07:00:00.123456789Z"` */
const TIMESTAMP_BYTES = 32;

const UNITS_PER_SECOND = [1, 1e3, 1e6, 1e9] as const;
const infinityName = (count: number | bigint): string => (count > 0 ? 'infinity' : '-infinity');

/** `yyyy-mm-dd`, of the day written last. */
class DayText {
  readonly #sink: ByteSink;
  readonly #text = new Uint8Array(DAY_BYTES);
  #day = Number.NaN;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** The caller has ensured the room, and that the year has four digits. */
  write(day: number): void {
    const { bytes, at } = this.#sink;
    const text = this.#text;
    if (day === this.#day) {
      for (let i = 0; i < DAY_BYTES; i += 1) bytes[at + i] = text[i] ?? 0;
      this.#sink.at = at + DAY_BYTES;
      return;
    }
    // Years that begin in March put the leap day at their end (Hinnant, "chrono-compatible date algorithms").
    const shifted = day + 719_468;
    const era = Math.floor(shifted / 146_097);
    const ofEra = shifted - era * 146_097;
    const yearOfEra = ((ofEra - ((ofEra / 1460) | 0) + ((ofEra / 36_524) | 0) - ((ofEra / 146_096) | 0)) / 365) | 0;
    const ofYear = ofEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
    const march = ((5 * ofYear + 2) / 153) | 0;
    const month = march < 10 ? march + 3 : march - 9;
    writeDigits(this.#sink, yearOfEra + era * 400 + (month <= 2 ? 1 : 0), 4);
    mark(this.#sink, MINUS);
    writeDigits(this.#sink, month, 2);
    mark(this.#sink, MINUS);
    writeDigits(this.#sink, ofYear - (((153 * march + 2) / 5) | 0) + 1, 2);
    for (let i = 0; i < DAY_BYTES; i += 1) text[i] = bytes[at + i] ?? 0;
    this.#day = day;
  }
}

/** One character; the caller has ensured its room. */
function mark(sink: ByteSink, character: number): void {
  sink.bytes[sink.at] = character;
  sink.at += 1;
}

/** Unit 0: days of 32 bits, 1: milliseconds of 64. */
export function dateWriter(
  sink: ByteSink,
  { values, unit }: { readonly values: Uint8Array; readonly unit: number },
  { style }: TextOptions,
): WriteValue {
  const { buffer, byteOffset, byteLength } = values;
  const days = unit === 0 ? new Int32Array(buffer, byteOffset, byteLength >> 2) : null;
  const times = days === null ? new BigInt64Array(buffer, byteOffset, byteLength >> 3) : null;
  const dayText = new DayText(sink);
  return (row) => {
    const value = days?.[row] ?? Number(times?.[row] ?? 0n);
    const day = days === null ? Math.floor(value / DAY_MS) : value;
    if (day >= DAY_MIN && day <= DAY_MAX) {
      sink.ensure(TIMESTAMP_BYTES);
      if (style === 'json') mark(sink, QUOTE);
      dayText.write(day);
      if (style === 'json') mark(sink, QUOTE);
    } else if (days !== null && Math.abs(day) === DAY_INFINITY) writeQuoted(sink, infinityName(day), style);
    else writeQuoted(sink, isoDate(day * DAY_MS) ?? String(value), style);
  };
}

function isoDate(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : (date.toISOString().split('T')[0] ?? null);
}

/** Six digits of a second, nine where the unit is nanoseconds. Instants end in Z; local times do not. */
export function timestampWriter(
  sink: ByteSink,
  { values, unit, zoned }: { readonly values: Uint8Array; readonly unit: number; readonly zoned: boolean },
  { style }: TextOptions,
): WriteValue {
  const { buffer, byteOffset, byteLength } = values;
  const low = new Uint32Array(buffer, byteOffset, byteLength >> 2);
  const high = new Int32Array(buffer, byteOffset, byteLength >> 2);
  const dayText = new DayText(sink);
  // Nanoseconds are split off first: what is left of 64 bits is then exact in a double for every year of four digits.
  const below = unit === 3 ? 1000 : 1;
  const perSecond = unit === 3 ? 1e6 : (UNITS_PER_SECOND[unit] ?? 1);
  const perDay = perSecond * DAY_SECONDS;
  const toMicros = 1e6 / perSecond;
  return (row) => {
    const upper = high[2 * row + 1] ?? 0;
    const lower = low[2 * row] ?? 0;
    const upperKept = Math.floor(upper / below);
    const rest = (upper - upperKept * below) * TWO_32 + lower;
    const restKept = Math.floor(rest / below);
    const count = upperKept * TWO_32 + restKept;
    const day = Math.floor(count / perDay);
    if (!(day >= DAY_MIN && day <= DAY_MAX && Number.isSafeInteger(count))) {
      writeQuoted(sink, timestampText((BigInt(upper) << 32n) | BigInt(lower), { unit, zoned }), style);
      return;
    }
    sink.ensure(TIMESTAMP_BYTES);
    if (style === 'json') mark(sink, QUOTE);
    dayText.write(day);
    mark(sink, LETTER_T);
    const within = count - day * perDay;
    const second = Math.floor(within / perSecond);
    writeClock(sink, second);
    mark(sink, DOT);
    writeDigits(sink, (within - second * perSecond) * toMicros, 6);
    if (unit === 3) writeDigits(sink, rest - restKept * below, 3);
    if (zoned) mark(sink, LETTER_Z);
    if (style === 'json') mark(sink, QUOTE);
  };
}

function timestampText(value: bigint, { unit, zoned }: { readonly unit: number; readonly zoned: boolean }): string {
  if (value === TIME_INFINITY || value === -TIME_INFINITY) return infinityName(value);
  const perSecond = BigInt(UNITS_PER_SECOND[unit] ?? 1);
  const within = ((value % perSecond) + perSecond) % perSecond;
  const date = new Date(Number((value - within) / perSecond) * 1000);
  // Beyond the years a Date can hold, the count of units is all that can be said.
  if (Number.isNaN(date.getTime())) return String(value);
  return `${date.toISOString().slice(0, -5)}.${fractionText(within, unit)}${zoned ? 'Z' : ''}`;
}

/** Times of day: of 32 bits in seconds and milliseconds, of 64 in microseconds and nanoseconds. */
export function timeWriter(
  sink: ByteSink,
  { values, unit, bits }: { readonly values: Uint8Array; readonly unit: number; readonly bits: number },
  { style }: TextOptions,
): WriteValue {
  const { buffer, byteOffset, byteLength } = values;
  const narrow = bits === 32 ? new Int32Array(buffer, byteOffset, byteLength >> 2) : null;
  const wide = narrow === null ? new BigInt64Array(buffer, byteOffset, byteLength >> 3) : null;
  const perSecond = UNITS_PER_SECOND[unit] ?? 1;
  const digits = unit === 3 ? 9 : 6;
  const toDigits = 10 ** digits / perSecond;
  return (row) => {
    const value = narrow?.[row] ?? Number(wide?.[row] ?? 0n);
    const second = Math.floor(value / perSecond);
    // A day has no such time; the count is what is there.
    if (second < 0 || second >= 100 * 3600) {
      writeQuoted(sink, String(wide?.[row] ?? value), style);
      return;
    }
    sink.ensure(TIMESTAMP_BYTES);
    if (style === 'json') mark(sink, QUOTE);
    writeClock(sink, second);
    mark(sink, DOT);
    writeDigits(sink, (value - second * perSecond) * toDigits, digits);
    if (style === 'json') mark(sink, QUOTE);
  };
}

function writeClock(sink: ByteSink, second: number): void {
  const minute = (second / 60) | 0;
  const hour = (minute / 60) | 0;
  writeDigits(sink, hour, 2);
  mark(sink, COLON);
  writeDigits(sink, minute - hour * 60, 2);
  mark(sink, COLON);
  writeDigits(sink, second - minute * 60, 2);
}

function fractionText(within: bigint, unit: number): string {
  if (unit === 3) return String(within).padStart(9, '0');
  return String((within * 1_000_000n) / BigInt(UNITS_PER_SECOND[unit] ?? 1)).padStart(6, '0');
}

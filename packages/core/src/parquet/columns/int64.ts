/**
 * Columns of 64-bit integers, written as two Int32 words: 1.4 times as fast as making a BigInt of every value.
 * An Int32Array takes the low word of any safe integer by itself (ECMAScript's ToInt32 is modulo 2³²).
 */
import { makeData, type Data, type DataType } from 'apache-arrow';
import type { TimeUnit } from '../column-type.ts';
import { basicFraction, basicSeconds, isBasicTime, shownBasic } from './basic-time.ts';
import type { ColumnBuilder, Nulls } from './builder.ts';
import { momentOf } from './calendar.ts';
import { digitsBetween, plainInteger } from './plain-integer.ts';
import { refuse } from './refusal.ts';

const WORD = 0x1_0000_0000;
const MAX = 0x7fff_ffff_ffff_ffffn;
const MIN = -0x8000_0000_0000_0000n;

const HALF_WORD = 0x1_0000;
const HIGH_WORD_MAX = 0x7fff_ffff;
class Int64Values {
  readonly words: Int32Array;
  private readonly whole: BigInt64Array;

  constructor(capacity: number) {
    this.words = new Int32Array(capacity * 2);
    this.whole = new BigInt64Array(this.words.buffer);
  }

  setWords(row: number, low: number, high: number): void {
    this.words[row * 2] = low;
    this.words[row * 2 + 1] = high;
  }

  /** A safe integer. */
  setNumber(row: number, value: number): void {
    this.words[row * 2] = value;
    this.words[row * 2 + 1] = Math.floor(value / WORD);
  }

  /**
   * count × factor + rest, for a factor below 2³²: in parts of 48 and 16 bits, since the product is no safe integer and
   * a BigInt costs several times as much.
   * @returns false where the value has more than 64 bits
   */
  setProduct(row: number, count: number, factor: number, rest: number): boolean {
    const low = count * (factor % HALF_WORD) + rest;
    // Counts beyond any year that a database knows.
    if (!Number.isSafeInteger(low)) return this.setBig(row, BigInt(count) * BigInt(factor) + BigInt(rest));
    const carry = Math.floor(low / HALF_WORD);
    const upper = count * Math.floor(factor / HALF_WORD) + carry;
    const high = Math.floor(upper / HALF_WORD);
    if (high > HIGH_WORD_MAX || high < -HIGH_WORD_MAX - 1) return false;
    this.words[row * 2] = (upper - high * HALF_WORD) * HALF_WORD + (low - carry * HALF_WORD);
    this.words[row * 2 + 1] = high;
    return true;
  }

  /** @returns false where the value has more than 64 bits */
  setBig(row: number, value: bigint): boolean {
    if (value > MAX || value < MIN) return false;
    this.whole[row] = value;
    return true;
  }

  clear(): void {
    this.words.fill(0);
  }

  finish(type: DataType, rows: number, nulls: Nulls): Data {
    return makeData({ type, length: rows, data: this.whole.subarray(0, rows), ...nulls } as Parameters<
      typeof makeData
    >[0]) as Data;
  }
}

const BILLION = 1e9;
const BILLION_DIGITS = 9;
/** Billions in 2⁶³, and one more. */
const LONG_MAX = 9_223_372_037;

/** Takes safe integers, bigints and decimal text. */
export class Int64Builder implements ColumnBuilder {
  readonly variableBytes = 0;
  private readonly type: DataType;
  private readonly values: Int64Values;

  constructor(type: DataType, capacity: number) {
    this.type = type;
    this.values = new Int64Values(capacity);
  }

  set(row: number, value: unknown): void {
    if (typeof value === 'number' && Number.isSafeInteger(value)) this.values.setNumber(row, value);
    else if (typeof value === 'string') this.setText(row, value);
    else if (typeof value !== 'bigint' || !this.values.setBig(row, value)) refuse(value, 'is not an int64');
  }

  /** The value's lower and upper 32 bits. */
  putWords(row: number, low: number, high: number): void {
    this.values.setWords(row, low, high);
  }

  private setText(row: number, value: string): void {
    const plain = plainInteger(value);
    if (!Number.isNaN(plain)) this.values.setNumber(row, plain);
    else if (!this.setLong(row, value)) this.setAny(row, value);
  }

  /** Of 16 to 19 digits. */
  private setLong(row: number, value: string): boolean {
    const negative = value.startsWith('-');
    const cut = value.length - BILLION_DIGITS;
    const count = digitsBetween(value, negative ? 1 : 0, cut);
    const rest = digitsBetween(value, cut, value.length);
    if (Number.isNaN(count) || Number.isNaN(rest) || count > LONG_MAX) return false;
    return this.values.setProduct(row, negative ? -count : count, BILLION, negative ? -rest : rest);
  }

  private setAny(row: number, value: string): void {
    if (!/^[-+]?[0-9]+$/.test(value)) refuse(value, 'is not an int64');
    if (!this.values.setBig(row, BigInt(value.startsWith('+') ? value.slice(1) : value)))
      refuse(value, 'is beyond an int64');
  }

  setNull(): void {
    // Zero is what is there already.
  }

  clear(): void {
    this.values.clear();
  }

  finish(rows: number, nulls: Nulls): Data {
    return this.values.finish(this.type, rows, nulls);
  }
}

const PER_SECOND: Readonly<Record<TimeUnit, number>> = { ms: 1e3, us: 1e6, ns: 1e9 };

/**
 * Takes text (ISO 8601, or basic-time.ts for speed), a Date, or a count of units since 1970 as bigint. Digits finer than the
 * unit are refused, not dropped.
 */
export class TimestampBuilder implements ColumnBuilder {
  readonly variableBytes = 0;
  private readonly type: DataType;
  private readonly zoned: boolean;
  /** Units. */
  readonly perSecond: number;
  private readonly values: Int64Values;

  constructor(type: DataType, time: { readonly unit: TimeUnit; readonly utc: boolean }, capacity: number) {
    this.type = type;
    this.zoned = time.utc;
    this.perSecond = PER_SECOND[time.unit];
    this.values = new Int64Values(capacity);
  }

  set(row: number, value: unknown): void {
    if (typeof value === 'string' && isBasicTime(value)) {
      this.setBasic(row, value);
      return;
    }
    if (typeof value === 'bigint') {
      if (!this.values.setBig(row, value)) refuse(value, 'is beyond a timestamp');
      return;
    }
    const moment =
      typeof value === 'string' ? momentOf(value, this.zoned) : value instanceof Date ? momentOfDate(value) : null;
    if (moment === null) refuse(value, this.zoned ? 'is not a timestamp' : 'is not a timestamp without offset');
    const fraction = moment.nanos / (1e9 / this.perSecond);
    if (!Number.isInteger(fraction)) refuse(value, 'has more fraction digits than the column');
    if (!this.values.setProduct(row, moment.seconds, this.perSecond, fraction))
      refuse(value, 'is beyond a timestamp of this unit');
  }

  /** The lower and upper 32 bits of a count of units since 1970. */
  putWords(row: number, low: number, high: number): void {
    this.values.setWords(row, low, high);
  }

  /** Seconds since 1970, and units within the second. */
  putMoment(row: number, seconds: number, units: number): boolean {
    return this.values.setProduct(row, seconds, this.perSecond, units);
  }

  private setBasic(row: number, value: string): void {
    const seconds = basicSeconds(value);
    if (Number.isNaN(seconds)) refuse(shownBasic(value), 'is no time of the Gregorian calendar');
    const fraction = basicFraction(value, this.perSecond);
    if (Number.isNaN(fraction)) refuse(shownBasic(value), 'has more fraction digits than the column');
    if (!this.values.setProduct(row, seconds, this.perSecond, fraction))
      refuse(shownBasic(value), 'is beyond a timestamp of this unit');
  }

  setNull(): void {
    // Zero is what is there already.
  }

  clear(): void {
    this.values.clear();
  }

  finish(rows: number, nulls: Nulls): Data {
    return this.values.finish(this.type, rows, nulls);
  }
}

function momentOfDate(date: Date): { seconds: number; nanos: number } | null {
  const ms = date.getTime();
  if (Number.isNaN(ms)) return null;
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * 1e6 };
}

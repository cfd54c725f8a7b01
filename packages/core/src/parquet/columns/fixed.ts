/** Columns of small fixed width: bool, int32, float32, float64, date32. */
import { makeData, Bool, DateDay, Float32, Float64, Int32, type Data } from 'apache-arrow';
import type { ColumnBuilder, Nulls } from './builder.ts';
import { dayOf } from './calendar.ts';
import { plainInteger } from './plain-integer.ts';
import { refuse } from './refusal.ts';

export class BoolBuilder implements ColumnBuilder {
  readonly variableBytes = 0;
  private readonly bits: Uint8Array;

  constructor(capacity: number) {
    this.bits = new Uint8Array((capacity + 7) >> 3);
  }

  set(row: number, value: unknown): void {
    if (typeof value !== 'boolean') refuse(value, 'is not a boolean');
    if (value) this.put(row);
  }

  /** True at `row`. */
  put(row: number): void {
    this.bits[row >> 3] = (this.bits[row >> 3] ?? 0) | (1 << (row & 7));
  }

  setNull(): void {
    // A clear bit is what is there already.
  }

  clear(): void {
    this.bits.fill(0);
  }

  finish(rows: number, nulls: Nulls): Data {
    return makeData({ type: new Bool(), length: rows, data: this.bits, ...nulls });
  }
}

const INT32_MAX = 0x7fff_ffff;

export class Int32Builder implements ColumnBuilder {
  readonly variableBytes = 0;
  private readonly values: Int32Array;

  constructor(capacity: number) {
    this.values = new Int32Array(capacity);
  }

  set(row: number, value: unknown): void {
    const number = typeof value === 'number' ? value : integerOf(value);
    if (!Number.isInteger(number) || number > INT32_MAX || number < -INT32_MAX - 1) refuse(value, 'is not an int32');
    this.values[row] = number;
  }

  /** An int32. */
  put(row: number, value: number): void {
    this.values[row] = value;
  }

  setNull(): void {
    // Zero is what is there already.
  }

  clear(): void {
    this.values.fill(0);
  }

  finish(rows: number, nulls: Nulls): Data {
    return makeData({ type: new Int32(), length: rows, data: this.values.subarray(0, rows), ...nulls });
  }
}

function integerOf(value: unknown): number {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string') return Number.NaN;
  const plain = plainInteger(value);
  return Number.isNaN(plain) && /^[-+]?[0-9]+$/.test(value) ? Number(value) : plain;
}

/** Takes numbers that a float32 holds as they are: those of a source of float32 values, infinite ones and NaN included. */
export class Float32Builder implements ColumnBuilder {
  readonly variableBytes = 0;
  private readonly values: Float32Array;

  constructor(capacity: number) {
    this.values = new Float32Array(capacity);
  }

  set(row: number, value: unknown): void {
    if (typeof value !== 'number' || (Math.fround(value) !== value && !Number.isNaN(value)))
      refuse(value, 'is not a float32');
    this.values[row] = value;
  }

  /** A number that a float32 holds. */
  put(row: number, value: number): void {
    this.values[row] = value;
  }

  setNull(): void {
    // Zero is what is there already.
  }

  clear(): void {
    this.values.fill(0);
  }

  finish(rows: number, nulls: Nulls): Data {
    return makeData({ type: new Float32(), length: rows, data: this.values.subarray(0, rows), ...nulls });
  }
}

/** Infinite values and NaN are doubles too; a text must be a number as databases write them. */
export class Float64Builder implements ColumnBuilder {
  readonly variableBytes = 0;
  private readonly values: Float64Array;

  constructor(capacity: number) {
    this.values = new Float64Array(capacity);
  }

  set(row: number, value: unknown): void {
    this.values[row] = typeof value === 'number' ? value : doubleOf(value);
  }

  put(row: number, value: number): void {
    this.values[row] = value;
  }

  setNull(): void {
    // Zero is what is there already.
  }

  clear(): void {
    this.values.fill(0);
  }

  finish(rows: number, nulls: Nulls): Data {
    return makeData({ type: new Float64(), length: rows, data: this.values.subarray(0, rows), ...nulls });
  }
}

function doubleOf(value: unknown): number {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || !/^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/.test(value))
    refuse(value, 'is not a float64');
  const number = Number(value);
  if (!Number.isFinite(number)) refuse(value, 'is beyond a float64');
  return number;
}

/** Takes `YYYY-MM-DD`, a Date at midnight UTC, or a count of days since 1970. */
export class Date32Builder implements ColumnBuilder {
  readonly variableBytes = 0;
  private readonly values: Int32Array;

  constructor(capacity: number) {
    this.values = new Int32Array(capacity);
  }

  set(row: number, value: unknown): void {
    const day = typeof value === 'string' ? dayOf(value) : value instanceof Date ? value.getTime() / 86_400_000 : value;
    if (typeof day !== 'number' || !Number.isInteger(day) || Math.abs(day) > INT32_MAX) refuse(value, 'is not a date');
    this.values[row] = day;
  }

  /** Days since 1970, an int32. */
  put(row: number, days: number): void {
    this.values[row] = days;
  }

  setNull(): void {
    // Zero is what is there already.
  }

  clear(): void {
    this.values.fill(0);
  }

  finish(rows: number, nulls: Nulls): Data {
    return makeData({ type: new DateDay(), length: rows, data: this.values.subarray(0, rows), ...nulls });
  }
}

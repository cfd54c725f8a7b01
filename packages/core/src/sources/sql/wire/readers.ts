/** Readers of values that are texts or bytes on the wire, of any database: UTF-8, decimal texts, bytes. */
import { constants } from 'node:buffer';
import type { ColumnType } from '../../../parquet/column-type.ts';
import type { BinaryBuilder, Utf8Builder } from '../../../parquet/columns/bytes.ts';
import type { Decimal128Builder } from '../../../parquet/columns/decimal128.ts';
import type { Float64Builder } from '../../../parquet/columns/fixed.ts';
import { SAFE_DIGITS } from '../../../parquet/columns/plain-integer.ts';
import { eachValue, type ColumnReading, type Wire } from './fields.ts';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** UTF-8. */
export const TEXT_WIRE: Wire = { into: ({ kind }) => (kind === 'utf8' ? readTexts : null) };

/** Bytes as they are. */
export const BYTES_WIRE: Wire = { into: ({ kind }) => (kind === 'binary' ? readBytes : null) };

/** Decimal text that has a digit before its point. */
export const DECIMAL_WIRE: Wire = { into: readerOfDecimals };

function readerOfDecimals(type: ColumnType): ((reading: ColumnReading) => void) | null {
  switch (type.kind) {
    case 'decimal128':
      return readDecimals;
    case 'float64':
      return readDoubles;
    case 'utf8':
      return readTexts;
    default:
      return null;
  }
}

function readTexts(reading: ColumnReading): void {
  const { rows, sink, usual } = reading;
  const builder = sink.builder as Utf8Builder;
  eachValue(reading, (row, start, end, at) => {
    if (end - start > constants.MAX_STRING_LENGTH || !builder.put(row, rows.bytes, start, end)) usual(at, row);
  });
}

function readBytes(reading: ColumnReading): void {
  const { rows, sink } = reading;
  const builder = sink.builder as BinaryBuilder;
  eachValue(reading, (row, start, end) => builder.put(row, rows.bytes, start, end));
}

/** An integer below 2^53 by a power of ten that is a double is rounded once, as in exactlyRounded. */
function readDoubles(reading: ColumnReading): void {
  const { rows, sink, usual } = reading;
  const { bytes } = rows;
  const builder = sink.builder as Float64Builder;
  eachValue(reading, (row, start, end, at) => {
    const digits = plainDigits(bytes, start, end);
    if (Number.isNaN(digits)) return usual(at, row);
    const value = digits / (POWERS[fractionDigits(bytes, start, end)] as number);
    builder.put(row, bytes[start] === MINUS ? -value : value);
  });
}

function readDecimals(reading: ColumnReading): void {
  const { rows, sink, usual } = reading;
  const { bytes } = rows;
  const builder = sink.builder as Decimal128Builder;
  const { scale, precision } = builder.type;
  const digitsMax = Math.min(precision, SAFE_DIGITS);
  eachValue(reading, (row, start, end, at) => {
    const digits = plainDigits(bytes, start, end);
    const fraction = fractionDigits(bytes, start, end);
    const isNegative = bytes[start] === MINUS;
    const count = end - start - (isNegative ? 1 : 0) - (fraction > 0 ? 1 : 0);
    const missing = scale - fraction;
    if (Number.isNaN(digits) || missing < 0 || count + missing > digitsMax) return usual(at, row);
    const value = digits * (POWERS[missing] as number);
    // Not -0.
    builder.put(row, isNegative ? 0 - value : value);
  });
}

const POWERS = Array.from({ length: SAFE_DIGITS + 1 }, (_, power) => 10 ** power);

/** All digits of `12`, `-12.50` as one number without sign, where there are at most 15; NaN where it is written in another way. */
function plainDigits(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] === MINUS ? start + 1 : start;
  // A point may come on top.
  if (end - first > SAFE_DIGITS + 1 || end <= first) return Number.NaN;
  let value = 0;
  let points = 0;
  for (let at = first; at < end; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (digit === POINT - ZERO && points === 0 && at > first && at + 1 < end) points = 1;
    else return Number.NaN;
  }
  return end - first - points > SAFE_DIGITS ? Number.NaN : value;
}

/** Of what plainDigits read: how many of them are behind the point. */
function fractionDigits(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - 1; at > start; at -= 1) if (bytes[at] === POINT) return end - 1 - at;
  return 0;
}

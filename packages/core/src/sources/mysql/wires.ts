/**
 * How values get from MySQL's binary protocol into columns at once: integers and floats in the machine's bytes, dates and times
 * as the numbers of a calendar and a clock, decimals and texts as they are written.
 */
import { dayNumber } from '../../parquet/columns/calendar.ts';
import type { Decimal128Builder } from '../../parquet/columns/decimal128.ts';
import type { Date32Builder } from '../../parquet/columns/fixed.ts';
import type { TimestampBuilder } from '../../parquet/columns/int64.ts';
import { SAFE_DIGITS } from '../../parquet/columns/plain-integer.ts';
import { eachValue, type ColumnReading, type Wire } from '../sql/wire/fields.ts';
import { floatWire, integerWire } from '../sql/wire/numbers.ts';
import { fieldTypes, isUnsigned, type MysqlColumn } from './describe.ts';

export const FLOAT_WIRE = floatWire(32, 'little');
export const DOUBLE_WIRE = floatWire(64, 'little');

/** BIGINT UNSIGNED. */
export const UNSIGNED_WIRE: Wire = {
  into: (type) => (type.kind === 'decimal128' && holdsPlain(type) ? readUnsigned : null),
};

export const DATE_WIRE: Wire = { into: ({ kind }) => (kind === 'date32' ? readDays : null) };

/** Of an integer that a signed one of 64 bits holds. */
export function integerWireOf(column: MysqlColumn): Wire {
  const signed = !isUnsigned(column);
  switch (column.type) {
    case fieldTypes.TINY:
      return integerWire(8, 'little', signed);
    case fieldTypes.SHORT:
      return integerWire(16, 'little', signed);
    case fieldTypes.YEAR:
      return integerWire(16, 'little', false);
    case fieldTypes.INT24:
      // Of four bytes; the highest of an unsigned one is 0.
      return integerWire(32, 'little');
    case fieldTypes.LONG:
      return integerWire(32, 'little', signed);
    default:
      return integerWire(64, 'little', signed);
  }
}

/** `offsetSeconds`: what the clock that the server wrote is ahead of UTC; null: it is nobody's in particular. */
export function timeWire(offsetSeconds: number | null): Wire {
  const utc = offsetSeconds !== null;
  return {
    into: (type) =>
      type.kind === 'timestamp' && type.unit === 'us' && type.utc === utc
        ? (reading) => readTimes(reading, offsetSeconds ?? 0)
        : null,
  };
}

function holdsPlain({ precision, scale }: { readonly precision: number; readonly scale: number }): boolean {
  return scale === 0 && precision >= SAFE_DIGITS;
}

const TWO_TO_32 = 2 ** 32;
const UNSIGNED_MAX = 10 ** SAFE_DIGITS;

function readUnsigned(reading: ColumnReading): void {
  const { view } = reading.rows;
  const builder = reading.sink.builder as Decimal128Builder;
  eachValue(reading, (row, start, _end, at) => {
    const value = view.getUint32(start + 4, true) * TWO_TO_32 + view.getUint32(start, true);
    if (value < UNSIGNED_MAX) builder.put(row, value);
    else reading.usual(at, row);
  });
}

/** NaN where it is no day of the calendar, or of no year of four digits: those go the usual way. */
function dayAt(view: DataView, start: number): number {
  const year = view.getUint16(start, true);
  return year > 9999 ? Number.NaN : dayNumber(year, view.getUint8(start + 2), view.getUint8(start + 3));
}

function readDays(reading: ColumnReading): void {
  const { view } = reading.rows;
  const builder = reading.sink.builder as Date32Builder;
  eachValue(reading, (row, start, end, at) => {
    const day = end === start ? Number.NaN : dayAt(view, start);
    if (Number.isNaN(day)) reading.usual(at, row);
    else builder.put(row, day);
  });
}

const DAY_SECONDS = 86_400;

/** Bytes of a time that has a clock, and of one that has microseconds. */
const CLOCK_LENGTH = 7;
const MICROS_LENGTH = 11;

function readTimes(reading: ColumnReading, offsetSeconds: number): void {
  const { view } = reading.rows;
  const builder = reading.sink.builder as TimestampBuilder;
  eachValue(reading, (row, start, end, at) => {
    const length = end - start;
    const day = length === 0 ? Number.NaN : dayAt(view, start);
    const clock = length < CLOCK_LENGTH ? 0 : clockAt(view, start + 4);
    const micros = length < MICROS_LENGTH ? 0 : view.getUint32(start + CLOCK_LENGTH, true);
    const seconds = day * DAY_SECONDS + clock - offsetSeconds;
    if (Number.isNaN(seconds) || micros > 999_999) reading.usual(at, row);
    else builder.putMoment(row, seconds, micros);
  });
}

/** Seconds of a day; NaN where no clock shows it. */
function clockAt(view: DataView, start: number): number {
  const hour = view.getUint8(start);
  const minute = view.getUint8(start + 1);
  const second = view.getUint8(start + 2);
  return hour > 23 || minute > 59 || second > 59 ? Number.NaN : hour * 3600 + minute * 60 + second;
}

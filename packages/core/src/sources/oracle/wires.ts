/**
 * How values get from Oracle's wire into columns at once (sources/sql/wire): NUMBERs without a text in between, texts as their bytes,
 * and times from the compact text that they are selected as. What has no reader here goes by what the driver makes of it.
 */
import type { ColumnType } from '../../parquet/column-type.ts';
import { basicFractionOf, basicSecondsOf } from '../../parquet/columns/basic-time.ts';
import type { Decimal128Builder } from '../../parquet/columns/decimal128.ts';
import type { Float64Builder, Int32Builder } from '../../parquet/columns/fixed.ts';
import type { Int64Builder, TimestampBuilder } from '../../parquet/columns/int64.ts';
import { SAFE_DIGITS } from '../../parquet/columns/plain-integer.ts';
import { eachValue, type ColumnReader, type ColumnReading, type Wire } from '../sql/wire/fields.ts';
import { BYTES_WIRE, TEXT_WIRE } from '../sql/wire/readers.ts';
import { doubleAt, unscaledAt } from './wire-number.ts';

export const NUMBER_WIRE: Wire = { into: ({ kind }) => NUMBER_READERS[kind] ?? null };

/** Of columns that are selected as text of temporal-sql.ts. */
export const TIME_WIRE: Wire = { into: ({ kind }) => (kind === 'timestamp' ? readTimes : null) };

/** UTF-8; the national character set is UTF-16. */
export const VARCHAR_WIRE: Wire = TEXT_WIRE;
export const RAW_WIRE: Wire = BYTES_WIRE;

const TEXTS = ['DB_TYPE_VARCHAR', 'DB_TYPE_CHAR'];

const READ_FROM = new Map<Wire, readonly string[]>([
  [NUMBER_WIRE, ['DB_TYPE_NUMBER']],
  [TIME_WIRE, TEXTS],
  [VARCHAR_WIRE, TEXTS],
  [RAW_WIRE, ['DB_TYPE_RAW']],
]);

/** Whether what comes is what the wire reads. Bytes of one type read as another would be other values, without an error. */
export function isReadFrom(wire: Wire, dbType: string): boolean {
  return READ_FROM.get(wire)?.includes(dbType) === true;
}

const NUMBER_READERS: { readonly [Kind in ColumnType['kind']]?: ColumnReader } = {
  int32: readSmall,
  int64: readIntegers,
  float64: readDoubles,
  decimal128: readDecimals,
};

function readSmall(reading: ColumnReading): void {
  const { rows, sink, usual } = reading;
  const builder = sink.builder as Int32Builder;
  eachValue(reading, (row, start, end, at) => {
    const value = unscaledAt(rows.bytes, start, end, 0);
    // NaN as well.
    if (value !== (value | 0)) usual(at, row);
    else builder.put(row, value);
  });
}

const WORD = 0x1_0000_0000;

function readIntegers(reading: ColumnReading): void {
  const { rows, sink, usual } = reading;
  const builder = sink.builder as Int64Builder;
  eachValue(reading, (row, start, end, at) => {
    const value = unscaledAt(rows.bytes, start, end, 0);
    if (Number.isNaN(value)) usual(at, row);
    else builder.putWords(row, value, Math.floor(value / WORD));
  });
}

function readDoubles(reading: ColumnReading): void {
  const { rows, sink, usual } = reading;
  const builder = sink.builder as Float64Builder;
  eachValue(reading, (row, start, end, at) => {
    const value = doubleAt(rows.bytes, start, end);
    if (Number.isNaN(value)) usual(at, row);
    else builder.put(row, value);
  });
}

function readDecimals(reading: ColumnReading): void {
  const { rows, sink, usual } = reading;
  const builder = sink.builder as Decimal128Builder;
  const { scale, precision } = builder.type;
  const largest = 10 ** Math.min(precision, SAFE_DIGITS) - 1;
  eachValue(reading, (row, start, end, at) => {
    const value = unscaledAt(rows.bytes, start, end, scale);
    // NaN as well.
    if (!(value <= largest && value >= -largest)) usual(at, row);
    else builder.put(row, value);
  });
}

function readTimes(reading: ColumnReading): void {
  const { rows, sink, usual } = reading;
  const { bytes } = rows;
  const builder = sink.builder as TimestampBuilder;
  const { perSecond } = builder;
  eachValue(reading, (row, start, end, at) => {
    const seconds = basicSecondsOf(bytes, start, end);
    const fraction = basicFractionOf(bytes, start, end, perSecond);
    const isRead = !Number.isNaN(seconds) && !Number.isNaN(fraction) && builder.putMoment(row, seconds, fraction);
    if (!isRead) usual(at, row);
  });
}

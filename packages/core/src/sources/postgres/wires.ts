/**
 * How values get from Postgres' wire into columns at once: numbers, times and bytes in its binary format, whose numbers
 * are those of the machine and whose times are counts since 2000, numerics and texts as they are written. For a server
 * the binary format is less work, too: it formats no times.
 */
import type { BoolBuilder, Date32Builder } from '../../parquet/columns/fixed.ts';
import { DAY_INFINITY } from '../../parquet/columns/infinity.ts';
import type { TimestampBuilder } from '../../parquet/columns/int64.ts';
import { refuse } from '../../parquet/columns/refusal.ts';
import { eachOfWidth, type ColumnReading, type Wire } from '../sql/wire/fields.ts';
import { floatWire, integerWire } from '../sql/wire/numbers.ts';
import { BYTES_WIRE } from '../sql/wire/readers.ts';

/** Numbers of types in pg_type.dat, the same on every server. */
const OIDS = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  float4: 700,
  float8: 701,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
} as const;

/** By the names of types. */
export const WIRES: Readonly<Record<keyof typeof OIDS, Wire>> = {
  bool: { binaryOf: OIDS.bool, into: ({ kind }) => (kind === 'bool' ? readBooleans : null) },
  bytea: { ...BYTES_WIRE, binaryOf: OIDS.bytea },
  int2: { ...integerWire(16, 'big'), binaryOf: OIDS.int2 },
  int4: { ...integerWire(32, 'big'), binaryOf: OIDS.int4 },
  int8: { ...integerWire(64, 'big'), binaryOf: OIDS.int8 },
  float4: { ...floatWire(32, 'big'), binaryOf: OIDS.float4 },
  float8: { ...floatWire(64, 'big'), binaryOf: OIDS.float8 },
  date: { binaryOf: OIDS.date, into: ({ kind }) => (kind === 'date32' ? readDays : null) },
  timestamp: timeWire(OIDS.timestamp),
  timestamptz: timeWire(OIDS.timestamptz),
};

function readBooleans(reading: ColumnReading): void {
  const { bytes } = reading.rows;
  const builder = reading.sink.builder as BoolBuilder;
  eachOfWidth(reading, 1, (row, start) => {
    if (bytes[start] !== 0) builder.put(row);
  });
}

/** 2000-01-01, in days since 1970. */
const FIRST_DAY = 10_957;

/** DATEVAL_NOEND and DATEVAL_NOBEGIN (date.h). */
const DAY_MAX = 0x7fff_ffff;
const DAY_MIN = -0x8000_0000;

/** The last day that there is is in the year 5874897: the count since 1970 has 32 bits as well. */
function readDays(reading: ColumnReading): void {
  const { view } = reading.rows;
  const builder = reading.sink.builder as Date32Builder;
  eachOfWidth(reading, 4, (row, start) => {
    const day = view.getInt32(start);
    if (day === DAY_MAX) builder.put(row, DAY_INFINITY);
    else if (day === DAY_MIN) builder.put(row, -DAY_INFINITY);
    else builder.put(row, day + FIRST_DAY);
  });
}

const WORD = 0x1_0000_0000;
const HIGH_MAX = 0x7fff_ffff;
const HIGH_MIN = -0x8000_0000;
const LOW_MAX = 0xffff_ffff;

/** 2000-01-01 in microseconds since 1970, as two words. */
const FIRST_MICROSECOND = 946_684_800_000_000;
const FIRST_LOW = FIRST_MICROSECOND % WORD;
const FIRST_HIGH = Math.floor(FIRST_MICROSECOND / WORD);

function timeWire(binaryOf: number): Wire {
  return { binaryOf, into: (type) => (type.kind === 'timestamp' && type.unit === 'us' ? readTimes : null) };
}

function readTimes(reading: ColumnReading): void {
  const { view } = reading.rows;
  const { sink } = reading;
  const builder = sink.builder as TimestampBuilder;
  eachOfWidth(reading, 8, (row, start) => {
    const high = view.getInt32(start);
    const low = view.getUint32(start + 4);
    // The infinities (DT_NOEND and DT_NOBEGIN in timestamp.h) are the largest and the smallest but one.
    if (high === HIGH_MAX && low === LOW_MAX) return builder.putWords(row, LOW_MAX, HIGH_MAX);
    if (high === HIGH_MIN && low === 0) return builder.putWords(row, 1, HIGH_MIN);
    const lower = low + FIRST_LOW;
    const isCarried = lower >= WORD;
    const upper = high + FIRST_HIGH + (isCarried ? 1 : 0);
    if (upper >= HIGH_MAX) requireFinite(reading, row, { upper, lower: isCarried ? lower - WORD : lower });
    builder.putWords(row, lower, upper);
  });
}

/** Postgres' last times are some thirty years beyond 64 bits of microseconds since 1970, and one has the count of infinity. */
function requireFinite(
  { sink }: ColumnReading,
  row: number,
  { upper, lower }: { readonly upper: number; readonly lower: number },
): void {
  if (upper === HIGH_MAX && lower < LOW_MAX) return;
  sink.row = row;
  const micros = BigInt(upper) * BigInt(WORD) + BigInt(lower);
  if (upper === HIGH_MAX) refuse(micros, 'microseconds since 1970 has the count of infinity');
  refuse(micros, 'microseconds since 1970 is beyond a timestamp of this unit');
}

/**
 * What a dataset declares a column to be (`columns:`) against what a database hands over: the Parquet type written, and the
 * conversion that keeps every value or refuses it. A pair without a meaning is refused before anything is read.
 */
import type { ColumnType } from '../../parquet/column-type.ts';
import { refuse } from '../../parquet/columns/refusal.ts';
import { infiniteDay, infiniteTime } from '../../parquet/columns/infinity.ts';
import { dateOf, isoText } from './temporal.ts';
import type { Convert, Reading } from './types.ts';
import { daysText, monthsOf, monthsText, nanosecondsOf } from './values-intervals.ts';
import {
  booleanOf,
  decimalOf,
  doubleOf,
  hexOf,
  instantOf,
  integerWithin,
  ofNumber,
  realOf,
  textOfNumber,
  trimmed,
  utf8Of,
} from './values-scalars.ts';
import { AS_IT_IS, type Conversion } from './values.ts';

export interface Declared {
  readonly type: ColumnType;
  readonly conversion: Conversion;
}

interface Integer {
  readonly type: ColumnType;
  readonly bits: number;
  readonly signed: boolean;
}

const INT32 = { kind: 'int32' } as const;
const INT64 = { kind: 'int64' } as const;

/** Parquet knows narrower and unsigned integers as annotations only; each is written in a type that holds its range. */
const INTEGERS: Readonly<Record<string, Integer>> = {
  tinyint: { type: INT32, bits: 8, signed: true },
  smallint: { type: INT32, bits: 16, signed: true },
  integer: { type: INT32, bits: 32, signed: true },
  bigint: { type: INT64, bits: 64, signed: true },
  utinyint: { type: INT32, bits: 8, signed: false },
  usmallint: { type: INT32, bits: 16, signed: false },
  uinteger: { type: INT64, bits: 32, signed: false },
  ubigint: { type: { kind: 'decimal128', precision: 20, scale: 0 }, bits: 64, signed: false },
};

/** The type and conversion of a column declared as `name` (canonical); null where that has no meaning for the reading. */
export function declaredAs(name: string, reading: Reading): Declared | null {
  const integer = INTEGERS[name];
  if (integer !== undefined) return integerFrom(name, integer, reading);
  const decimal = /^decimal\(([0-9]+),([0-9]+)\)$/.exec(name);
  if (decimal !== null) {
    const type = { kind: 'decimal128', precision: Number(decimal[1]), scale: Number(decimal[2]) } as const;
    return pick(type, reading, { number: null, double: null, text: decimalOf });
  }
  switch (name) {
    case 'boolean':
      return pick({ kind: 'bool' }, reading, { boolean: null, number: booleanOf, double: booleanOf, text: booleanOf });
    case 'real':
      return pick({ kind: 'float32' }, reading, { double: realOf, number: ofNumber(realOf), text: realOf });
    case 'double':
      return pick({ kind: 'float64' }, reading, { double: null, number: ofNumber(doubleOf), text: doubleOf });
    case 'varchar':
      return textFrom(reading);
    case 'blob':
      return pick({ kind: 'binary' }, reading, { bytes: null, text: utf8Of });
    case 'date':
      return dateFrom(reading);
    case 'timestamp':
      return timestampFrom(false, reading);
    case 'timestamptz':
      return timestampFrom(true, reading);
    default:
      return null;
  }
}

/** What becomes of each kind of reading; null: the builder takes it as it is. */
type Ways = Partial<Readonly<Record<Reading['kind'], Convert | null>>>;

function pick(type: ColumnType, reading: Reading, ways: Ways): Declared | null {
  const convert = ways[reading.kind];
  if (convert === undefined) return null;
  return { type, conversion: convert === null ? AS_IT_IS : { kind: 'each', convert } };
}

function integerFrom(name: string, { type, bits, signed }: Integer, reading: Reading): Declared | null {
  const [minimum, maximum] = signed
    ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n]
    : [0n, (1n << BigInt(bits)) - 1n];
  const within = integerWithin(minimum, maximum, name);
  // The builders of int32 and int64 know their own bounds, and take the driver's texts.
  const number = signed && bits >= 32 ? null : within;
  return pick(type, reading, {
    number,
    double: within,
    text: within,
    boolean: within,
    months: (value) => within(monthsOf(value)),
    ...(name === 'bigint' ? { days: nanosecondsOf } : {}),
  });
}

function textFrom(reading: Reading): Declared | null {
  return pick({ kind: 'utf8' }, reading, {
    text: null,
    number: textOfNumber,
    double: textOfNumber,
    boolean: String,
    bytes: hexOf,
    days: daysText,
    months: monthsText,
    iso: String,
    day: String,
    ...(reading.kind === 'time' ? { time: (value: unknown) => isoText(timeOf(value), reading) } : {}),
  });
}

/** A wall clock's time is no instant, and an instant no wall clock's time: neither becomes the other by declaration. */
function timestampFrom(utc: boolean, reading: Reading): Declared | null {
  const type = { kind: 'timestamp', unit: 'us', utc } as const;
  if (reading.kind === 'time')
    return (reading.zone === 'utc') === utc ? { type, conversion: { kind: 'iso-year' } } : null;
  if (reading.kind === 'iso') return (reading.zone === 'utc') === utc ? { type, conversion: AS_IT_IS } : null;
  return pick(type, reading, { text: utc ? instantOf : trimmed, ...(utc ? {} : { day: midnightOf }) });
}

/** The day of a wall clock's midnight; an instant is another day elsewhere. */
function dateFrom(reading: Reading): Declared | null {
  const type = { kind: 'date32' } as const;
  if (reading.kind === 'iso') return reading.zone === 'none' ? pick(type, reading, { iso: dayOf }) : null;
  if (reading.kind !== 'time') return pick(type, reading, { text: trimmed, day: null });
  if (reading.zone !== 'none') return null;
  const convert = (value: unknown): string => {
    const text = timeOf(value);
    return dateOf(text) ?? refuse(isoText(text, reading), 'has a time of day, a date has none');
  };
  return { type, conversion: { kind: 'each', convert } };
}

/** Of ISO text, or an infinity. */
function dayOf(value: unknown): string | number {
  if (typeof value !== 'string') return infiniteDay(value) ?? refuse(value, 'is no day of a calendar');
  const [day = '', time = ''] = value.split(/[ T]/);
  return /^[0:.]*$/.test(time) ? day : refuse(value, 'has a time of day, a date has none');
}

function midnightOf(value: unknown): string | bigint {
  if (typeof value !== 'string') return infiniteTime(value) ?? refuse(value, 'is no day of a calendar');
  return `${value}T00:00:00`;
}

function timeOf(value: unknown): string {
  if (typeof value !== 'string') refuse(value, 'is not the text of a time');
  return value;
}

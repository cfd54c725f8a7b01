/** Whole numbers and times from text, against BigInt arithmetic that shares nothing with the builders. */
import { Int64, TimestampMicrosecond, TimestampMillisecond, TimestampNanosecond, type DataType } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TimeUnit } from '../column-type.ts';
import type { ColumnBuilder } from './builder.ts';
import { Int32Builder } from './fixed.ts';
import { Int64Builder, TimestampBuilder } from './int64.ts';
import { Refusal } from './refusal.ts';

const NO_NULLS = { nullCount: 0, nullBitmap: null };
const MAX = 2n ** 63n - 1n;

function int64Of(text: unknown): bigint {
  return valueOf(new Int64Builder(new Int64(), 1), text);
}

function valueOf(builder: ColumnBuilder, value: unknown): bigint {
  builder.set(0, value);
  return (builder.finish(1, NO_NULLS).values as BigInt64Array)[0] as bigint;
}

describe('Int64Builder', () => {
  it('holds every 64-bit number that a text says', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: MAX }), (value) => {
        expect(int64Of(String(value))).toBe(value);
      }),
    );
  });

  it.each([
    '0',
    '-0',
    '007',
    '+7',
    '999999999999999',
    '1000000000000000',
    '-9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
    '0000000000000000000000001',
  ])('reads %s', (text) => {
    expect(int64Of(text)).toBe(BigInt(text.replace('+', '')));
  });

  it.each([
    '9223372036854775808',
    '-9223372036854775809',
    '9999999999999999999',
    '12345678901234567890123',
    '',
    '-',
    '1.0',
    '1e3',
    ' 1',
    '1234567890123456x',
    'x234567890123456',
    '1234567890-23456',
  ])('refuses %j', (text) => {
    expect(() => int64Of(text)).toThrow(Refusal);
  });
});

describe('Int32Builder', () => {
  it.each([
    ['2147483647', 2_147_483_647],
    ['-2147483648', -2_147_483_648],
    ['-0', 0],
    ['+5', 5],
  ])('reads %s', (text, value) => {
    const builder = new Int32Builder(1);
    builder.set(0, text);
    expect((builder.finish(1, NO_NULLS).values as Int32Array)[0]).toBe(value);
  });

  it.each(['2147483648', '-2147483649', '1.5', '', '-', '12345678901234567890'])('refuses %j', (text) => {
    expect(() => new Int32Builder(1).set(0, text)).toThrow(Refusal);
  });
});

const TYPES: Readonly<Record<TimeUnit, DataType>> = {
  ms: new TimestampMillisecond(),
  us: new TimestampMicrosecond(),
  ns: new TimestampNanosecond(),
};
const PER_SECOND: Readonly<Record<TimeUnit, bigint>> = { ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n };

function timestampOf(text: string, unit: TimeUnit): bigint {
  return valueOf(new TimestampBuilder(TYPES[unit], { unit, utc: false }, 1), text);
}

interface Time {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly second: number;
  readonly nanos: number;
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const lengthOf = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

/** Days since 1970-01-01 by adding up whole years and months. */
function daysOf({ year, month, day }: Time): bigint {
  let days = 0;
  for (let y = 1970; y < year; y += 1) days += isLeap(y) ? 366 : 365;
  for (let y = year; y < 1970; y += 1) days -= isLeap(y) ? 366 : 365;
  for (let m = 1; m < month; m += 1) days += lengthOf(year, m);
  return BigInt(days + day - 1);
}

const digits = (value: number, count: number): string => String(value).padStart(count, '0');

function clockOf(second: number): readonly string[] {
  return [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60].map((part) => digits(part, 2));
}

function basic({ year, month, day, second, nanos }: Time): string {
  const sign = year < 0 ? '-' : ' ';
  return `${sign}${digits(Math.abs(year), 4)}${digits(month, 2)}${digits(day, 2)}${clockOf(second).join('')}${digits(nanos, 9)}`;
}

function extended({ year, month, day, second, nanos }: Time): string {
  const sign = year < 0 ? '-' : '';
  return `${sign}${digits(Math.abs(year), 4)}-${digits(month, 2)}-${digits(day, 2)} ${clockOf(second).join(':')}.${digits(nanos, 9)}`;
}

const times = (years: { readonly min: number; readonly max: number }): fc.Arbitrary<Time> =>
  fc.record({ year: fc.integer(years), month: fc.integer({ min: 1, max: 12 }) }).chain(({ year, month }) =>
    fc.record({
      year: fc.constant(year),
      month: fc.constant(month),
      day: fc.integer({ min: 1, max: lengthOf(year, month) }),
      second: fc.integer({ min: 0, max: 86_399 }),
      nanos: fc.integer({ min: 0, max: 999_999_999 }),
    }),
  );

describe('TimestampBuilder', () => {
  it.each([
    ['ms', { min: -9999, max: 9999 }, 1_000_000],
    ['us', { min: -9999, max: 9999 }, 1_000],
    ['ns', { min: 1678, max: 2261 }, 1],
  ] as const)('counts %s of a time in either form as whole days and seconds add up', (unit, years, step) => {
    fc.assert(
      fc.property(times(years), (any) => {
        const time = { ...any, nanos: any.nanos - (any.nanos % step) };
        const seconds = daysOf(time) * 86_400n + BigInt(time.second);
        const count = seconds * PER_SECOND[unit] + BigInt(time.nanos / step);
        expect(timestampOf(basic(time), unit)).toBe(count);
        expect(timestampOf(extended(time), unit)).toBe(count);
      }),
    );
  });

  it('holds nanoseconds up to the last of 64 bits and refuses the next', () => {
    expect(timestampOf(' 22620411234716854775807', 'ns')).toBe(MAX);
    expect(timestampOf(' 16770921001243145224192', 'ns')).toBe(-MAX - 1n);
    expect(() => timestampOf(' 22620411234716854775808', 'ns')).toThrow('"2262-04-11T23:47:16.854775808" is beyond');
    expect(() => timestampOf(' 16770921001243145224191', 'ns')).toThrow(Refusal);
    expect(() => timestampOf(' 99991231235959', 'ns')).toThrow(Refusal);
  });

  it('takes a year of more digits', () => {
    expect(timestampOf('+294247-01-10 04:00:54.775807', 'us')).toBe(MAX);
    expect(() => timestampOf('+294247-01-10 04:00:54.775808', 'us')).toThrow(Refusal);
    expect(timestampOf('+12024-01-01T00:00:00', 'ms')).toBe(BigInt(Date.UTC(12_024, 0, 1)));
  });

  it.each([
    [' 20230229000000', 'is no time of the Gregorian calendar'],
    [' 15000229000000', 'is no time of the Gregorian calendar'],
    [' 20241301000000', 'is no time of the Gregorian calendar'],
    [' 20240101240000', 'is no time of the Gregorian calendar'],
    [' 20240101006000', 'is no time of the Gregorian calendar'],
    [' 2024x101000000', 'is no time of the Gregorian calendar'],
    [' 202401010000001234567', 'has more fraction digits than the column'],
    [' 20240101000000+02:00', 'has more fraction digits than the column'],
    ['20240101000000', 'is not a timestamp'],
  ])('refuses %j: %s', (text, reason) => {
    expect(() => timestampOf(text, 'us')).toThrow(reason);
  });

  it('takes zeros beyond its unit', () => {
    expect(timestampOf(' 19700101000001123456000', 'us')).toBe(1_123_456n);
    expect(timestampOf(' 197001010000011', 'us')).toBe(1_100_000n);
  });
});

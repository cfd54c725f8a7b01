/** Declared types: every value kept, or refused by name. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PLAIN_COLUMN_TYPES } from '../../model/column-type.ts';
import { RowAppender } from '../../parquet/row-appender.ts';
import { planColumns } from '../sql/column-plan.ts';
import { realOf } from '../sql/values-scalars.ts';
import { ORACLE_PLANS } from './type-system.ts';
import type { DescribedColumn } from './types.ts';

const describedAs = (type: string, more: Partial<DescribedColumn> = {}): DescribedColumn => ({
  name: 'C',
  dbType: { name: `DB_TYPE_${type}` },
  dbTypeName: type,
  ...more,
});

const COLUMNS = {
  NUMBER: describedAs('NUMBER', { precision: 0, scale: -127 }),
  DOUBLE: describedAs('BINARY_DOUBLE'),
  TEXT: describedAs('VARCHAR', { byteSize: 100 }),
  DATE: describedAs('DATE'),
  TIMESTAMP: describedAs('TIMESTAMP', { precision: 9 }),
  ZONED: describedAs('TIMESTAMP_TZ', { precision: 3 }),
  LOCAL: describedAs('TIMESTAMP_LTZ', { precision: 0 }),
  DAYS: describedAs('INTERVAL_DS'),
  MONTHS: describedAs('INTERVAL_YM'),
  RAW: describedAs('RAW', { byteSize: 16 }),
  BOOLEAN: describedAs('BOOLEAN'),
} as const;

const days = (sign: 1 | -1, [d, h, m, s, f]: readonly [number, number, number, number, number]): object => ({
  days: sign * d,
  hours: sign * h,
  minutes: sign * m,
  seconds: sign * s,
  fseconds: sign * f,
});

/** The value that the file gets: decimals unscaled, times as counts. */
function loaded(of: keyof typeof COLUMNS, declared: string, value: unknown): unknown {
  const column = COLUMNS[of];
  const plan = planColumns([column], { columns: null, columnTypes: { C: declared }, numbers: 'double' }, ORACLE_PLANS);
  const rows = [[value]];
  plan.convertRows(rows);
  const appender = new RowAppender(plan.columns);
  appender.append(rows[0] as unknown[]);
  const child = appender.take()?.getChildAt(0);
  const values = child?.data[0]?.values as Uint32Array | Int32Array | BigInt64Array;
  switch (plan.columns[0]?.type.kind) {
    case 'decimal128':
      return BigInt.asIntN(
        128,
        [...(values as Uint32Array)].reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n),
      );
    case 'timestamp':
    case 'date32':
      return values[0];
    default:
      return child?.get(0);
  }
}

describe('a declared type keeps', () => {
  it.each([
    ['NUMBER', 'tinyint', '-128', -128],
    ['NUMBER', 'utinyint', '255', 255],
    ['NUMBER', 'smallint', '32767', 32_767],
    ['NUMBER', 'usmallint', '65535', 65_535],
    ['NUMBER', 'integer', '-2147483648', -2_147_483_648],
    ['NUMBER', 'uinteger', '4294967295', 4_294_967_295n],
    ['NUMBER', 'bigint', '-9223372036854775808', -(2n ** 63n)],
    ['NUMBER', 'ubigint', '18446744073709551615', 2n ** 64n - 1n],
    ['NUMBER', 'decimal(5,3)', '-.05', -50n],
    ['NUMBER', 'decimal(38,0)', '9'.repeat(38), 10n ** 38n - 1n],
    ['NUMBER', 'double', '.1', 0.1],
    ['NUMBER', 'double', '1152921504606846976', 2 ** 60],
    ['NUMBER', 'real', '3.14159', Math.fround(3.14159)],
    ['NUMBER', 'real', '16777216', 16_777_216],
    ['NUMBER', 'varchar', '-.05', '-0.05'],
    ['NUMBER', 'varchar', `1${'0'.repeat(125)}`, `1${'0'.repeat(125)}`],
    ['NUMBER', 'boolean', '1', true],
    ['DOUBLE', 'double', Number.NaN, Number.NaN],
    ['DOUBLE', 'real', -0, -0],
    ['DOUBLE', 'real', Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ['DOUBLE', 'bigint', 2 ** 62, 2n ** 62n],
    ['DOUBLE', 'decimal(3,2)', 0.1, 10n],
    ['DOUBLE', 'varchar', 1e21, '1e+21'],
    ['TEXT', 'integer', '007 ', 7],
    ['TEXT', 'integer', '+7', 7],
    ['TEXT', 'double', ' 1.5e3 ', 1500],
    ['TEXT', 'double', '5e-324', 5e-324],
    ['TEXT', 'double', '-0.0e-400', -0],
    ['MONTHS', 'bigint', { years: 999_999_999, months: 11 }, 11_999_999_999n],
    ['TEXT', 'decimal(4,1)', '12.5  ', 125n],
    ['TEXT', 'boolean', 'N', false],
    ['TEXT', 'boolean', 'True', true],
    ['TEXT', 'varchar', '12  ', '12  '],
    ['TEXT', 'blob', 'é', new Uint8Array([0xc3, 0xa9])],
    ['TEXT', 'date', '1970-01-03', 2],
    ['TEXT', 'timestamp', '1970-01-01 00:00:01.5', 1_500_000n],
    ['TEXT', 'timestamptz', '1970-01-01T02:00:00+02:00', 0n],
    ['DATE', 'date', ' 19700103000000', 2],
    ['DATE', 'date', '-00010101000000', -719_528],
    ['DATE', 'timestamp', ' 19700101000001', 1_000_000n],
    ['DATE', 'varchar', '-00440315120000', '-0043-03-15T12:00:00'],
    ['TIMESTAMP', 'timestamp', ' 19700101000000000001000', 1n],
    ['TIMESTAMP', 'timestamp', ' 99991231235959999999000', 253_402_300_799_999_999n],
    ['TIMESTAMP', 'varchar', ' 99991231235959000000001', '9999-12-31T23:59:59.000000001'],
    ['ZONED', 'timestamptz', ' 19700101000000001', 1000n],
    ['ZONED', 'varchar', ' 19700101020000001+02:00', '1970-01-01T02:00:00.001+02:00'],
    ['LOCAL', 'varchar', ' 19700101000000', '1970-01-01T00:00:00Z'],
    ['DAYS', 'bigint', days(-1, [0, 0, 0, 0, 1]), -1n],
    ['DAYS', 'varchar', days(1, [1, 2, 3, 4, 500_000_000]), 'P1DT2H3M4.5S'],
    ['DAYS', 'varchar', days(-1, [0, 0, 0, 0, 1]), '-PT0.000000001S'],
    ['DAYS', 'varchar', days(1, [999_999_999, 0, 0, 0, 0]), 'P999999999D'],
    ['DAYS', 'varchar', days(1, [0, 0, 0, 0, 0]), 'PT0S'],
    ['MONTHS', 'bigint', { years: 1, months: 2 }, 14n],
    ['MONTHS', 'varchar', { years: -1, months: -2 }, '-P1Y2M'],
    ['MONTHS', 'varchar', { years: 3, months: 0 }, 'P3Y'],
    ['MONTHS', 'varchar', { years: 0, months: 0 }, 'P0M'],
    ['RAW', 'varchar', Buffer.from([0, 0xab]), '00AB'],
    ['BOOLEAN', 'tinyint', true, 1],
    ['BOOLEAN', 'varchar', false, 'false'],
  ] as const)('%s as %s: %j', (column, declared, value, kept) => {
    expect(loaded(column, declared, value)).toEqual(kept);
  });

  it('every float32 and every number of 6 digits as real, by its text', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        expect(realOf(value)).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: 0, max: 6 }), (digits, scale) => {
        const text = `${digits}e-${scale}`;
        expect(Number(realOf(text).toPrecision(6))).toBe(Number(text));
      }),
    );
  });
});

describe('a declared type refuses', () => {
  it.each([
    ['NUMBER', 'tinyint', '128'],
    ['NUMBER', 'utinyint', '-1'],
    ['NUMBER', 'integer', '2147483648'],
    ['NUMBER', 'integer', '1.5'],
    ['NUMBER', 'uinteger', '4294967296'],
    ['NUMBER', 'bigint', '9223372036854775808'],
    ['NUMBER', 'ubigint', '18446744073709551616'],
    ['NUMBER', 'ubigint', '-1'],
    ['NUMBER', 'decimal(5,3)', '.0001'],
    ['NUMBER', 'decimal(5,3)', '100'],
    ['NUMBER', 'double', '9007199254740993'],
    ['NUMBER', 'real', '.1234567'],
    ['NUMBER', 'real', '16777217'],
    ['NUMBER', 'real', `1${'0'.repeat(39)}`],
    ['NUMBER', 'boolean', '2'],
    ['DOUBLE', 'real', 0.1],
    ['DOUBLE', 'integer', 0.5],
    ['DOUBLE', 'bigint', 2 ** 63],
    ['DOUBLE', 'bigint', Number.NaN],
    ['DOUBLE', 'decimal(3,2)', Number.POSITIVE_INFINITY],
    ['TEXT', 'integer', '1.0'],
    ['TEXT', 'integer', '0x10'],
    ['TEXT', 'integer', '    '],
    ['TEXT', 'double', 'NaN'],
    ['TEXT', 'double', '1e400'],
    ['TEXT', 'double', '1e-400'],
    ['TEXT', 'double', '3e-324'],
    ['TEXT', 'double', '1.2345e-320'],
    ['TEXT', 'real', '1e-400'],
    ['MONTHS', 'integer', { years: 999_999_999, months: 11 }],
    ['TEXT', 'double', '0.12345678901234567890'],
    ['TEXT', 'boolean', 'maybe'],
    ['TEXT', 'date', '2023-02-29'],
    ['TEXT', 'date', '2024-02-29 00:00:00'],
    ['TEXT', 'timestamp', '2024-01-01T00:00:00+02:00'],
    ['TEXT', 'timestamp', '20240101000000'],
    ['TEXT', 'timestamptz', '2024-01-01T00:00:00'],
    ['TEXT', 'timestamptz', '2024-01-01'],
    ['TEXT', 'blob', '\ud800'],
    ['DATE', 'date', ' 20240229000001'],
    ['TIMESTAMP', 'timestamp', ' 20240229000000000000001'],
  ] as const)('%s as %s: %j', (column, declared, value) => {
    expect(() => loaded(column, declared, value)).toThrow(/^row 1, column C \(/);
  });

  it('a document that begins like a number, without looking at it again from every digit', () => {
    const text = '1'.repeat(300_000);
    for (const document of [`${text}x`, `${text}e`, `.${text}.`]) {
      expect(() => loaded('TEXT', 'double', document)).toThrow(/^row 1, column C \(float64\): "\.?1+" is not a number/);
    }
  });

  it.each([
    ['NUMBER', 'date'],
    ['NUMBER', 'blob'],
    ['NUMBER', 'time'],
    ['DATE', 'timestamptz'],
    ['DATE', 'integer'],
    ['TIMESTAMP', 'timestamptz'],
    ['ZONED', 'timestamp'],
    ['ZONED', 'date'],
    ['LOCAL', 'timestamp'],
    ['RAW', 'integer'],
    ['DAYS', 'integer'],
    ['BOOLEAN', 'date'],
    ['MONTHS', 'double'],
  ] as const)('%s as %s, before anything is read', (column, declared) => {
    const refusal = new RegExp(`^column C has the type [A-Z_()0-9]+, which cannot be loaded as ${declared}:`);
    expect(() => loaded(column, declared, null)).toThrow(refusal);
  });

  it('a name that is no type', () => {
    expect(() => loaded('NUMBER', 'int8', null)).toThrow(
      `column C declares the type int8: use one of ${PLAIN_COLUMN_TYPES.join(', ')}, decimal(p,s) with p up to 38`,
    );
  });
});

it('a double declared varchar is a text that only this double has', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      expect(Number(loaded('DOUBLE', 'varchar', value))).toBe(value);
    }),
  );
});

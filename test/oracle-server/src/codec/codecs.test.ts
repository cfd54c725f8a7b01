/** Values as bytes: against known examples, against each other, and against what the driver itself writes. */
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { OraError } from '../engine.ts';
import { decodeFloating, encodeDouble, encodeFloat } from './double.ts';
import { decodeNumber, encodeNumber } from './number.ts';
import { encodeURowId, parseRowId } from './rowid.ts';
import {
  decodeTime,
  encodeDate,
  encodeIntervalDS,
  encodeIntervalYM,
  encodeTimestamp,
  encodeTimestampTz,
} from './time.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();

interface DriverBuffer {
  readonly buf: Buffer;
  readonly pos: number;
  writeOracleNumber(value: string, writeLength: boolean): void;
}
const { GrowableBuffer } = createRequire(import.meta.url)('oracledb/lib/impl/datahandlers/buffer.js') as {
  readonly GrowableBuffer: new () => DriverBuffer;
};

describe('NUMBER', () => {
  test.each([
    ['0', '80'],
    ['1', 'C102'],
    ['10', 'C10B'],
    ['0.5', 'C033'],
    ['-5.55', '3E602E66'],
    ['100', 'C202'],
    ['1000000', 'C402'],
    ['-1', '3E6466'],
    ['123.45', 'C202182E'],
    ['-123.45', '3D644E3866'],
    ['0.1', 'C00B'],
    ['0.01', 'C002'],
    ['0.001', 'BF0B'],
    ['12345678901234567890.12', 'CA0D23394F5B0D23394F5B0D'],
    ['1E125', 'FF0B'],
    ['1e-130', '8002'],
    ['9'.repeat(38), `D3${'64'.repeat(19)}`],
  ])('%s is %s', (text, bytes) => {
    expect(hex(encodeNumber(text))).toBe(bytes);
  });

  test('of 1 to 38 digits, with every scale and sign, equals what the driver writes, and comes back', () => {
    for (let digits = 1; digits <= 38; digits += 1) {
      const text = '12345678912345678912345678912345678912'.slice(0, digits);
      for (const point of [0, 1, 2, 7, digits - 1, digits]) {
        const decimal = point > 0 && point < digits ? `${text.slice(0, -point)}.${text.slice(-point)}` : text;
        for (const value of [decimal, `-${decimal}`]) {
          const driver = new GrowableBuffer();
          driver.writeOracleNumber(value, false);
          expect(hex(encodeNumber(value))).toBe(hex(driver.buf.subarray(0, driver.pos)));
          expect(decodeNumber(encodeNumber(value))).toBe(value);
        }
      }
    }
  });

  test('of few digits, which are counted differently, equals what the driver writes', () => {
    for (let i = 0; i < 3000; i += 1) {
      const value = `${i % 2 === 0 ? '' : '-'}${Math.floor(i ** (1 + (i % 9) / 3)) % 1e14}`;
      if (value === '-0') continue;
      const driver = new GrowableBuffer();
      driver.writeOracleNumber(value, false);
      expect([value, hex(encodeNumber(value))]).toEqual([value, hex(driver.buf.subarray(0, driver.pos))]);
    }
  });

  test('is plain text when read, whatever its size', () => {
    expect(decodeNumber(encodeNumber('1e20'))).toBe(`1${'0'.repeat(20)}`);
    expect(decodeNumber(encodeNumber('-.05'))).toBe('-0.05');
    expect(decodeNumber(encodeNumber('007.50'))).toBe('7.5');
    expect(decodeNumber(encodeNumber('-0'))).toBe('0');
  });

  test('overflows at 1e126, vanishes below 1e-130, and is rounded beyond its digits', () => {
    expect(() => encodeNumber('1e126')).toThrow(OraError);
    expect(() => encodeNumber(`-1${'0'.repeat(126)}`)).toThrow('ORA-01426');
    expect(hex(encodeNumber('1e-132'))).toBe('80');
    expect(decodeNumber(encodeNumber(`${'1'.repeat(39)}67`))).toBe(`${'1'.repeat(38)}200`);
    expect(decodeNumber(encodeNumber(`${'1'.repeat(40)}47`))).toBe(`${'1'.repeat(40)}00`);
    expect(decodeNumber(encodeNumber('9'.repeat(45)))).toBe(`1${'0'.repeat(45)}`);
  });

  test('of anything else is refused', () => {
    for (const text of ['', '.', 'x', '1,5', '0x10', 'NaN']) expect(() => encodeNumber(text)).toThrow('ORA-01722');
  });
});

describe('floating point', () => {
  test('is sortable as bytes', () => {
    expect(hex(encodeDouble(1))).toBe('BFF0000000000000');
    expect(hex(encodeDouble(-1))).toBe('400FFFFFFFFFFFFF');
    expect(hex(encodeDouble(0))).toBe('8000000000000000');
    expect(hex(encodeDouble(Number.NaN))).toBe('FFF8000000000000');
    expect(hex(encodeDouble(-Infinity))).toBe('000FFFFFFFFFFFFF');
    const ascending = [-Infinity, -1e300, -1, -5e-324, 0, 5e-324, 1, 1.5, 1e300, Infinity].map(encodeDouble);
    expect([...ascending].sort(Buffer.compare)).toEqual(ascending);
  });

  test.each([0, 1, -1, 1.5, -1e30, Infinity, -Infinity])('%d comes back in both widths', (value) => {
    expect(decodeFloating(encodeDouble(value))).toBe(value);
    expect(decodeFloating(encodeFloat(value))).toBe(Math.fround(value));
  });
});

describe('dates and intervals', () => {
  const time = { year: 2024, month: 2, day: 29, hour: 12, minute: 34, second: 56, nanos: 0 };

  test('DATE has seven bytes around 100 and 1', () => {
    expect(hex(encodeDate(time))).toBe('787C021D0D2339');
  });

  test.each([-4712, -1, 1, 99, 1582, 9999])('year %d comes back', (year) => {
    expect(decodeTime(encodeDate({ ...time, year }))).toEqual({ ...time, year });
  });

  test('a TIMESTAMP has its fraction only if there is one, one with a time zone always', () => {
    expect(encodeTimestamp(time)).toHaveLength(7);
    expect(decodeTime(encodeTimestamp({ ...time, nanos: 123_456_789 })).nanos).toBe(123_456_789);
    expect(hex(encodeTimestampTz(time))).toBe('787C021D0D233900000000143C');
  });

  test('intervals are kept around 2^31 and 60, and may be negative', () => {
    expect(hex(encodeIntervalDS({ days: 1, hours: 2, minutes: 3, seconds: 4, nanos: 5 }))).toBe(
      '800000013E3F4080000005',
    );
    expect(hex(encodeIntervalDS({ days: -1, hours: -2, minutes: 0, seconds: 0, nanos: -1 }))).toBe(
      '7FFFFFFF3A3C3C7FFFFFFF',
    );
    expect(hex(encodeIntervalYM({ years: -3, months: -11 }))).toBe('7FFFFFFD31');
  });
});

test('a ROWID is four numbers of base 64; a logical UROWID is its bytes', () => {
  expect(parseRowId('AAAR3sAAEAAAACXAAB')).toEqual({ object: 73_196, file: 4, block: 151, row: 1 });
  expect(hex(encodeURowId('AAAR3sAAEAAAACXAAB'))).toBe('0100011DEC0004000000970001');
  expect(hex(encodeURowId('*BAEDwQI'))).toBe('02040103C102');
  expect(() => parseRowId('short')).toThrow(TypeError);
});

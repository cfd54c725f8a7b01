import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParamType } from '../model/request.ts';
import { compareValues, readValue } from './param-values.ts';

const read = (type: ParamType, raw: unknown): string | null => {
  const reading = readValue(type, raw);
  return reading.ok ? reading.text : null;
};

describe('one value has one spelling', () => {
  it.each<[ParamType, unknown, string]>([
    ['integer', '007', '7'],
    ['integer', '+7', '7'],
    ['integer', '-0', '0'],
    ['integer', 7, '7'],
    ['integer', '9223372036854775807', '9223372036854775807'],
    ['integer', '-9223372036854775808', '-9223372036854775808'],
    ['number', '1.50', '1.5'],
    ['number', '+1e3', '1000'],
    ['number', '.5', '0.5'],
    ['number', '-0.0', '0'],
    ['number', 1e21, '1e+21'],
    ['number', '1000000000000000000000.00', '1e+21'],
    ['number', '0.300000000000000040', '0.30000000000000004'],
    ['number', 0.1 + 0.2, '0.30000000000000004'],
    ['boolean', true, 'true'],
    ['boolean', 'false', 'false'],
    ['date', '2024-02-29', '2024-02-29'],
    ['date', '0001-01-01', '0001-01-01'],
    ['timestamp', '2026-01-31T08:00:00Z', '2026-01-31T08:00:00.000000Z'],
    ['timestamp', '2026-01-31 08:00', '2026-01-31T08:00:00.000000Z'],
    ['timestamp', '2026-01-31T08:00:00.123456000+02:30', '2026-01-31T05:30:00.123456Z'],
    ['timestamp', '2024-02-28T23:30:00-0100', '2024-02-29T00:30:00.000000Z'],
    ['timestamp', '0001-01-01t00:00:00z', '0001-01-01T00:00:00.000000Z'],
    ['string', ' as it is ', ' as it is '],
    ['string', 5, '5'],
  ])('%s %j is %s', (type, raw, text) => {
    expect(read(type, raw)).toBe(text);
  });

  it('reading it again changes nothing', () => {
    const types = fc.constantFrom<ParamType>('integer', 'number', 'boolean', 'date', 'timestamp', 'string');
    const raw = fc.oneof(
      fc.string(),
      fc.double(),
      fc.bigInt().map(String),
      fc.boolean(),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    fc.assert(
      fc.property(types, raw, (type, value) => {
        const once = read(type, value);
        if (once !== null) expect(read(type, once)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });

  it('the same instant is the same text at any offset', () => {
    const minutes = fc.integer({ min: -15 * 60, max: 15 * 60 });
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1000-01-01'), max: new Date('9000-01-01'), noInvalidDate: true }),
        minutes,
        (instant, offset) => {
          const local = new Date(instant.getTime() + offset * 60_000).toISOString().slice(0, 23);
          const [hours, rest] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
          const zone = `${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
          expect(read('timestamp', `${local}${zone}`)).toBe(`${instant.toISOString().slice(0, 23)}000Z`);
        },
      ),
    );
  });
});

describe('what is no value of the type is refused', () => {
  it.each<[ParamType, unknown]>([
    ['integer', '1.5'],
    ['integer', ''],
    ['integer', '0x10'],
    ['integer', '9223372036854775808'],
    ['integer', 2 ** 53],
    ['integer', ' 1'],
    ['number', 'NaN'],
    ['number', 'Infinity'],
    ['number', '1e400'],
    ['number', '1e-400'],
    ['number', '9007199254740993'],
    ['number', '0.1234567890123456789'],
    ['number', String(2n ** 60n)],
    ['number', ''],
    ['number', '1,5'],
    ['number', '.'],
    ['boolean', '1'],
    ['boolean', 'TRUE'],
    ['boolean', ''],
    ['date', '2026-02-29'],
    ['date', '1900-02-29'],
    ['date', '2026-13-01'],
    ['date', '2026-00-10'],
    ['date', '2026-1-1'],
    ['date', '0000-01-01'],
    ['date', '2026-01-01\n'],
    ['timestamp', '2026-01-31'],
    ['timestamp', '2026-01-31T24:00:00Z'],
    ['timestamp', '2026-01-31T08:00:60Z'],
    ['timestamp', '2026-02-30T08:00:00Z'],
    ['timestamp', '2026-01-31T08:00:00.0000001Z'],
    ['timestamp', '2026-01-31T08:00:00+16:00'],
    ['timestamp', '0001-01-01T00:00:00+01:00'],
    ['timestamp', '9999-12-31T23:59:59-01:00'],
    ['string', '\ud800'],
    ['string', null],
    ['string', { a: 1 }],
    ['string', Number.NaN],
    ['string', ['a', 'b']],
  ])('%s %j', (type, raw) => {
    expect(read(type, raw)).toBeNull();
  });
});

it('canonical values order as their meaning does', () => {
  expect(compareValues('integer', '9', '10')).toBeLessThan(0);
  expect(compareValues('integer', '-9223372036854775808', '9223372036854775807')).toBeLessThan(0);
  expect(compareValues('number', '1e+21', '2')).toBeGreaterThan(0);
  expect(compareValues('date', '2026-01-02', '2026-01-10')).toBeLessThan(0);
  expect(compareValues('timestamp', '2026-01-02T00:00:00.000000Z', '2026-01-02T00:00:00.000000Z')).toBe(0);
});

/** ISO texts of days and times: the usual spelling, read in place, and all others agree. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf, momentOf } from './calendar.ts';

/** Two digits, up to one more than there can be. */
const two = (max: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, '0'));
const fractions = fc.constantFrom('', '.', '.5', '.123456', '.000001', '.123456789', '.1234567890', '.1234567891', ' ');
const zones = fc.constantFrom('', 'Z', '+00', '-05', '+05:30', '-00:01:15', '+0530', '+5', 'z', '+05:', '+05:30x');
const between = fc.constantFrom(' ', 'T', 't', '');

describe('a text of the usual length', () => {
  it('is the moment that it is with a sign before its year, or none', () => {
    const texts = fc
      .tuple(two(99), two(99), two(13), two(32), between, two(24), two(60), two(60), fractions, zones)
      .map(
        ([century, year, month, day, gap, hour, minute, second, fraction, zone]) =>
          `${century}${year}-${month}-${day}${gap}${hour}:${minute}:${second}${fraction}${zone}`,
      );
    fc.assert(
      fc.property(texts, fc.boolean(), (text, zoned) => {
        expect(momentOf(text, zoned)).toEqual(momentOf(`+${text}`, zoned));
      }),
      { numRuns: 5000 },
    );
  });

  it('is the day that it is with a sign before its year, or none', () => {
    fc.assert(
      fc.property(fc.tuple(two(99), two(99), two(13), two(32)), ([century, year, month, day]) => {
        const text = `${century}${year}-${month}-${day}`;
        expect(dayOf(text)).toBe(dayOf(`+${text}`));
      }),
      { numRuns: 2000 },
    );
  });
});

it.each([
  ['1970-01-01T00:00:00Z', 0],
  ['1970-01-01 05:30:00+05:30', 0],
  ['1970-01-01 05:30:00+0530', 0],
  ['1969-12-31 23:58:45-00:01:15', 0],
  ['1970-01-01 00:19:32+00:19:32', 0],
  ['0000-03-01 00:00:00', -62_162_035_200],
  ['-0001-12-31 00:00:00', -62_167_305_600],
] as const)('%s', (text, seconds) => {
  expect(momentOf(text, true)).toEqual({ seconds, nanos: 0 });
});

it.each(['2024-02-30', '2023-02-29', '2024-13-01', '2024-2-29', '24-02-29', '2024-02-29x', '2024/02/29', ''])(
  '%j is no day',
  (text) => {
    expect(dayOf(text)).toBeNaN();
  },
);

it('an offset is nothing to a wall clock', () => {
  expect(momentOf('2024-02-29 12:00:00+00', false)).toBeNull();
  expect(momentOf('2024-02-29 12:00:00-00:01:15', false)).toBeNull();
});

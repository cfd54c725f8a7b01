import { describe, expect, it } from 'vitest';
import { bytes, count, percent, plural, rate, shortCount } from './numbers.ts';

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1536, '1.50 KiB'],
    [1024 * 1024 - 1, '1.00 MiB'],
    [12.34 * 1024 ** 2, '12.3 MiB'],
    [500 * 1024 ** 3, '500 GiB'],
    [5000 * 1024 ** 5, '5000 PiB'],
  ])('%d is told as %s', (value, text) => {
    expect(bytes(value)).toBe(text);
  });
});

describe('counts', () => {
  it.each([
    [0, '0'],
    [9_999, '9,999'],
    [10_000, '10.0 k'],
    [999_999, '1.00 M'],
    [1_500_000, '1.50 M'],
  ])('%d is told as %s where there is little room', (value, text) => {
    expect(shortCount(value)).toBe(text);
  });

  it('are grouped where there is room', () => {
    expect(count(1_234_567)).toBe('1,234,567');
    expect([plural(1, 'entry', 'entries'), plural(2, 'entry', 'entries'), plural(0, 'row')]).toEqual([
      '1 entry',
      '2 entries',
      '0 rows',
    ]);
  });
});

it('a ratio is 100 % only when nothing is missing, and 0 % only when there is nothing', () => {
  expect([1, 0.99999, 0.981, 0.0004, 0].map(percent)).toEqual(['100 %', '>99.9 %', '98.1 %', '<0.1 %', '0 %']);
});

it('a rate that nobody knows is not told', () => {
  expect([rate(null, 'rows'), rate(45_210, 'rows'), rate(3.1 * 1024 ** 2, 'bytes')]).toEqual([
    '',
    '45.2 k rows/s',
    '3.10 MiB/s',
  ]);
});

import { expect, it } from 'vitest';
import { didYouMean } from './did-you-mean.ts';
import { parseCount, parseDuration, parseFileMode, parsePercent, parseSize } from './units.ts';

it('sizes are bytes with or without a unit', () => {
  expect(['0', '4096', '64KiB', '64 KiB', '500GiB', '1.5GB', '2TiB', '1B'].map(parseSize)).toEqual([
    0, 4096, 65_536, 65_536, 536_870_912_000, 1_500_000_000, 2_199_023_255_552, 1,
  ]);
  expect(['', '64kib', '64K', '-1', 'KiB', '1e', '99999999TiB', '1.5'].map(parseSize)).toEqual(Array(8).fill(null));
});

it('durations are milliseconds and need a unit, but for 0', () => {
  expect(['0', '250ms', '60s', '10m', '4h', '7d', '2w', '1.5h'].map(parseDuration)).toEqual([
    0, 250, 60_000, 600_000, 14_400_000, 604_800_000, 1_209_600_000, 5_400_000,
  ]);
  expect(['', '10', 'm', '-1s', '1h30m', '1M', '99999999999w'].map(parseDuration)).toEqual(Array(7).fill(null));
});

it('counts are whole numbers', () => {
  expect(['0', '1000', '2e9', '2000000000', '1.5e3'].map(parseCount)).toEqual([0, 1000, 2e9, 2e9, 1500]);
  expect(['', '1.5', '-1', '1e99', '0x10', 'NaN', '1_000'].map(parseCount)).toEqual(Array(7).fill(null));
});

it('percentages and permission bits are what they say', () => {
  expect(['10%', '0%', '100 %', '101%', '10', '-1%'].map(parsePercent)).toEqual([0.1, 0, 1, null, null, null]);
  expect(['0640', '640', '888', '07777', '64'].map(parseFileMode)).toEqual([0o640, 0o640, null, null, null]);
});

it('suggestions come for slips, not for other words', () => {
  expect(didYouMean('prcies', ['prices', 'trades'])).toBe(' (did you mean "prices"?)');
  expect(didYouMean('Prices', ['prices'])).toBe(' (did you mean "prices"?)');
  expect(didYouMean('orders', ['prices', 'trades'])).toBe('');
  expect(didYouMean('x', [])).toBe('');
});

import { expect, test } from 'vitest';
import { EPOCH_MAX, epochOf, epochStart, tickOfText, TICKS_PER_EPOCH } from './ticks.ts';

test('a tick names the epoch that issued it, from the first to the last of an epoch', () => {
  for (const epoch of [0, 1, 2, 41, 9006]) {
    expect(epochOf(epochStart(epoch))).toBe(epoch);
    expect(epochOf(epochStart(epoch) + 1)).toBe(epoch);
    expect(epochOf(epochStart(epoch + 1) - 1)).toBe(epoch);
  }
});

test('the last tick of the last epoch is still an exact double', () => {
  expect(EPOCH_MAX).toBe(9006);
  expect(Number.isSafeInteger(epochStart(EPOCH_MAX) + TICKS_PER_EPOCH - 1)).toBe(true);
  expect(Number.isSafeInteger(epochStart(EPOCH_MAX + 1) + TICKS_PER_EPOCH - 1)).toBe(false);
});

test('digits in a name are a tick where they are its one spelling and it is an exact double', () => {
  expect(['0', '7', '9007199254740991'].map(tickOfText)).toEqual([0, 7, Number.MAX_SAFE_INTEGER]);
  expect(['', '07', '-1', '1e3', '9007199254740992', '9999999999999999'].map(tickOfText)).toEqual(Array(6).fill(null));
});

import { expect, test } from 'vitest';
import { epochOf, epochStart, TICKS_PER_EPOCH } from './ticks.ts';

test('a tick names the epoch that issued it, from the first to the last of an epoch', () => {
  for (const epoch of [0, 1, 2, 41, 9006]) {
    expect(epochOf(epochStart(epoch))).toBe(epoch);
    expect(epochOf(epochStart(epoch) + 1)).toBe(epoch);
    expect(epochOf(epochStart(epoch + 1) - 1)).toBe(epoch);
  }
});

test('the last tick of the last epoch is still an exact double', () => {
  expect(Number.isSafeInteger(epochStart(9006) + TICKS_PER_EPOCH - 1)).toBe(true);
});

import { expect, it } from 'vitest';
import { barsOf } from './bars.ts';

const SIZE = { width: 100, height: 20, gap: 1 };

it('bars share the width, stand on the ground and are as high as their share of the greatest', () => {
  const bars = barsOf([5, 10, 0], SIZE);
  expect(bars.map(({ height }) => height)).toEqual([10, 20, 0]);
  for (const { y, height } of bars) expect(y + height).toBe(SIZE.height);
  const last = bars.at(-1);
  expect((last?.x ?? 0) + (last?.width ?? 0)).toBeCloseTo(SIZE.width, 5);
});

it('one of something is seen beside a million of something else', () => {
  expect(barsOf([1, 1_000_000], SIZE)[0]?.height).toBeGreaterThanOrEqual(1);
});

it('nothing at all is drawn as nothing', () => {
  expect(barsOf([], SIZE)).toEqual([]);
  expect(barsOf([0, 0], SIZE).map(({ height }) => height)).toEqual([0, 0]);
});

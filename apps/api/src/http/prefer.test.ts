import { expect, test } from 'vitest';
import { readPrefer } from './prefer.ts';

test.each([
  [undefined, 30_000, null],
  ['wait=5', 5_000, 'wait=5'],
  ['wait=0', 0, 'wait=0'],
  ['respond-async', 0, 'respond-async'],
  ['respond-async, wait=10', 10_000, 'wait=10'],
  ['WAIT="7"; x=y', 7_000, 'wait=7'],
  ['wait=99999', 60_000, 'wait=60'],
  ['wait=soon', 30_000, null],
  ['wait=-1', 30_000, null],
  [['return=minimal', 'wait=2'], 2_000, 'wait=2'],
])('%s', (header, waitMs, applied) => {
  expect(readPrefer(header, 60_000)).toEqual({ waitMs, applied });
});

test('nobody waits longer than a fill may take, by default either', () => {
  expect(readPrefer(undefined, 1_000)).toEqual({ waitMs: 1_000, applied: null });
});

import { expect, test } from 'vitest';
import { randomIds } from './random-ids.ts';

test('ids are 128 bits in hex, and none comes twice, from one pool or several', () => {
  const [first, second] = [randomIds(), randomIds()];
  const ids = Array.from({ length: 2_000 }, (_, at) => (at % 2 === 0 ? first : second)());
  expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every bit of an id is set as often as not', () => {
  const next = randomIds();
  const ids = Array.from({ length: 2_048 }, () => BigInt(`0x${next()}`));
  for (let bit = 0n; bit < 128n; bit += 1n) {
    const set = ids.filter((id) => ((id >> bit) & 1n) === 1n).length;
    // Ten standard deviations of 2,048 tosses.
    expect(Math.abs(set - 1_024)).toBeLessThan(230);
  }
});

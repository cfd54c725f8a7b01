/** The first of many, in bounded memory. */
import { expect, test } from 'vitest';
import { FirstOf } from './first-of.ts';

test('rounds give all of them in order, each once, and never hold more than twice as many as were asked for', () => {
  const all = Array.from({ length: 1000 }, (_, at) => (at * 7919) % 1000);
  const first = new FirstOf<number>((a, b) => a - b, 64);
  const given: number[] = [];
  let rounds = 0;
  do {
    rounds += 1;
    for (const one of all) first.add(one);
    expect(first.inOrder().length).toBeLessThanOrEqual(64);
    given.push(...first.inOrder());
  } while (first.next());
  expect(given).toEqual(all.toSorted((a, b) => a - b));
  expect(rounds).toBe(16);
});

test('what was forgotten comes again, and what was given does not', () => {
  const first = new FirstOf<number>((a, b) => a - b, 2);
  for (const one of [3, 1, 2]) first.add(one);
  expect(first.inOrder()).toEqual([1, 2]);
  expect(first.next()).toBe(true);
  for (const one of [3, 1, 2]) first.add(one);
  first.forget();
  for (const one of [3, 1, 2]) first.add(one);
  expect(first.inOrder()).toEqual([3]);
  expect(first.next()).toBe(false);
});

test('what was used is known by its place, also of those that are remembered no more', () => {
  const first = new FirstOf<number>((a, b) => a - b, 1);
  expect(first.isUsed(1)).toBe(false);
  for (const one of [1, 2, 3]) {
    first.add(one);
    first.use(one);
    first.next();
  }
  expect([1, 2, 3, 4].filter((one) => first.isUsed(one))).toEqual([1, 2, 3]);
});

/** What becomes of arguments between the call and its run. */
import { expect, it } from 'vitest';
import { plainCopy } from './plain-copy.ts';

it('plain values are copied to the last member', () => {
  const date = new Date(0);
  const given = { list: [1n, { deep: 'x' }], date, none: null, missing: undefined };
  const copy = plainCopy(given) as typeof given;
  expect(copy).toStrictEqual({ list: [1n, { deep: 'x' }], date: new Date(0), none: null, missing: undefined });
  (given.list[1] as { deep: string }).deep = 'y';
  given.list.push(2n);
  date.setFullYear(2000);
  expect(copy).toStrictEqual({ list: [1n, { deep: 'x' }], date: new Date(0), none: null, missing: undefined });
  expect(Object.keys(plainCopy(JSON.parse('{"__proto__":1}')) as object)).toEqual(['__proto__']);
});

it.each<readonly [string, unknown]>([
  ['an object of a class', new Map()],
  ['a Date of a class', new (class Zoned extends Date {})(0)],
  ['a Date with members', Object.assign(new Date(0), { zone: 'Asia/Tokyo' })],
  ['an array of a class', new (class Pair extends Array {})()],
  ['an array with members', /(?<a>x)/.exec('x')],
  ['an object with symbols', { [Symbol('x')]: 1 }],
])('%s is given on as it is, to be refused by name', (_, value) => {
  expect(plainCopy(value)).toBe(value);
});

it('what holds itself ends', () => {
  const ring: unknown[] = [];
  ring.push(ring);
  expect(plainCopy(ring)).toHaveLength(1);
});

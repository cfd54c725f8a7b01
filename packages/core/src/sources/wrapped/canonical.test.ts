/** Arguments of wrapped functions as parts of keys: one spelling per value, another for every other value (I1). */
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../model/canonical-json.ts';
import { canonicalArguments, canonicalValue } from './canonical.ts';

const spelled = (...args: readonly unknown[]): string => canonicalJson(canonicalArguments(args, 'prices'));

describe('arguments', () => {
  it('are equal whatever the order of members, and where the last ones are left out', () => {
    expect(spelled({ a: 1, b: [2] })).toBe(spelled({ b: [2], a: 1 }));
    expect(spelled('x', undefined, undefined)).toBe(spelled('x'));
    expect(spelled(Object.assign(Object.create(null) as object, { a: 1 }))).toBe(spelled({ a: 1 }));
  });

  it('that are not equal never look alike', () => {
    const different: readonly (readonly unknown[])[] = [
      [],
      [null],
      [undefined, 1],
      [null, 1],
      [0],
      [-0],
      ['0'],
      [0n],
      [false],
      [''],
      [Number.NaN],
      ['NaN'],
      [Number.POSITIVE_INFINITY],
      [[]],
      [{}],
      [[undefined]],
      [[null]],
      [new Date(0)],
      ['1970-01-01T00:00:00.000Z'],
      [{ $date: '1970-01-01T00:00:00.000Z' }],
      [{ $bigint: '0' }],
      [{ $$bigint: '0' }],
      [{ a: 1 }],
      [{ a: '1' }],
    ];
    const spellings = different.map((args) => spelled(...args));
    expect(new Set(spellings).size).toBe(different.length);
  });

  it.each<readonly [string, unknown]>([
    ['function', () => 1],
    ['symbol', Symbol('x')],
    ['class Map', new Map()],
    ['class Uint8Array', new Uint8Array(1)],
    ['class Money', new (class Money {})()],
    ['AbortSignal', new AbortController().signal],
    ['invalid Date', new Date(Number.NaN)],
    ['surrogate', '\ud800'],
    ['surrogate', { '\ud800': 1 }],
    ['symbols', { [Symbol('x')]: 1 }],
    ['class ZonedDate', new (class ZonedDate extends Date {})(0)],
    ['Date that has members', Object.assign(new Date(0), { zone: 'Asia/Tokyo' })],
    ['class Pair', new (class Pair extends Array {})()],
    ['array that has members', /(?<a>x)/.exec('x')],
  ])('that have no canonical form are refused by name: %s', (word, value) => {
    expect(() => spelled('XETR', value)).toThrow(
      expect.objectContaining({
        code: 'PQ_INVALID_REQUEST',
        message: expect.stringMatching(new RegExp(`^argument 2 of wrapped function prices .*${word}`)) as string,
      }),
    );
  });

  it('that hold themselves are refused', () => {
    const ring: unknown[] = [];
    ring.push(ring);
    expect(() => canonicalValue(ring, 'it')).toThrow(expect.objectContaining({ code: 'PQ_INVALID_REQUEST' }));
  });
});

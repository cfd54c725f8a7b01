import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

/** JSON values whose objects may be put together in any order. */
const json = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });

function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => [name, reordered(member)]);
  return Object.fromEntries(members.toReversed());
}

describe('canonical JSON', () => {
  it('has one spelling per value, whatever the order of its keys', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(reordered(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('is JSON that means the same, so unequal values are spelled differently', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('spells numbers as RFC 8785 does, with no minus before zero', () => {
    expect(canonicalJson([1e21, 1e-7, -0, 0.1, 2 ** 53, 100])).toBe('[1e+21,1e-7,0,0.1,9007199254740992,100]');
  });

  it('sorts keys by UTF-16 code units and leaves out what is undefined', () => {
    expect(canonicalJson({ b: 1, a: undefined, '\u{1F600}': 2, '\uFB33': 3, 10: 4, 9: 5 })).toBe(
      '{"10":4,"9":5,"b":1,"\u{1F600}":2,"\uFB33":3}',
    );
  });

  it('keeps a key named like the prototype', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"b":1},"a":2}'))).toBe('{"__proto__":{"b":1},"a":2}');
  });

  it.each([
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [1n],
    [undefined],
    [() => 1],
    [[undefined]],
    ['\ud800'],
    [{ '\udfff': 1 }],
  ])('refuses %s', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });
});

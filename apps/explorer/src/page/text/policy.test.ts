import { describe, expect, it } from 'vitest';
import { placeIn, policySentences, shortPolicy, zonesOf, type Policy } from './policy.ts';

const STRICT: Policy = {
  version: 'checksum',
  maxAgeSeconds: 0,
  staleWhileRevalidateSeconds: 0,
  staleIfErrorSeconds: 0,
};
const LENIENT: Policy = {
  version: 'checksum',
  maxAgeSeconds: 60,
  staleWhileRevalidateSeconds: 600,
  staleIfErrorSeconds: 86_400,
};

describe('the zones of an age', () => {
  it('are one for a strict policy, and it has no end', () => {
    expect(zonesOf(STRICT)).toEqual([{ zone: 'checked', fromSeconds: 0, toSeconds: null }]);
  });

  it('follow each other without a gap, windows counted from the end of maxAge', () => {
    const zones = zonesOf(LENIENT);
    expect(zones.map(({ zone, toSeconds }) => [zone, toSeconds])).toEqual([
      ['fresh', 60],
      ['stale-while-revalidate', 660],
      ['stale-if-error', 86_460],
      ['checked', null],
    ]);
    zones.slice(1).forEach(({ fromSeconds }, at) => expect(fromSeconds).toBe(zones[at]?.toSeconds));
  });

  it('leave out a window that lies within another', () => {
    const zones = zonesOf({ ...LENIENT, staleIfErrorSeconds: 600 });
    expect(zones.map(({ zone }) => zone)).toEqual(['fresh', 'stale-while-revalidate', 'checked']);
  });
});

it('a place moves on with the age, and never beyond its zone', () => {
  const zones = zonesOf(LENIENT);
  expect(placeIn(zones, 0)).toEqual({ at: 0, ratio: 0 });
  expect(placeIn(zones, 30)).toEqual({ at: 0, ratio: 0.5 });
  expect(placeIn(zones, 60).at).toBe(1);
  expect(placeIn(zones, 1e9).at).toBe(3);
  expect(placeIn(zones, 1e9).ratio).toBeLessThan(1);
});

it('a policy is told in a word and in sentences', () => {
  expect([shortPolicy(STRICT), shortPolicy(LENIENT), shortPolicy({ ...STRICT, version: 'manual' })]).toEqual([
    'strict',
    '≤ 1 min',
    'until told',
  ]);
  expect(policySentences(STRICT)[0]).toContain('Strict');
  expect(policySentences(LENIENT)).toHaveLength(4);
  expect(policySentences(LENIENT)[2]).toContain('For 1 d beyond that');
  expect(policySentences({ ...STRICT, staleIfErrorSeconds: 604_800 })[1]).toBe(
    'For 7 d after it was last proved right, an answer is given while the source cannot be asked.',
  );
  expect(policySentences({ ...STRICT, version: 'manual' })).toEqual([
    'An answer counts as right until somebody invalidates it.',
  ]);
});

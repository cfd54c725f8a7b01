import { STRICT } from '@parqueue/core';
import { expect, test } from 'vitest';
import { answerCacheControl, readCacheControl } from './cache-control.ts';

test('request directives become a wish', () => {
  expect(readCacheControl('no-cache')).toMatchObject({ wish: { noCache: true }, onlyIfCached: false });
  expect(readCacheControl('Max-Age=60, max-stale=5, only-if-cached')).toEqual({
    wish: { noCache: undefined, maxAgeMs: 60_000, maxStaleMs: 5_000 },
    onlyIfCached: true,
  });
  expect(readCacheControl('max-stale').wish.maxStaleMs).toBe(Infinity);
  expect(readCacheControl('max-age=soon').wish.maxAgeMs).toBeUndefined();
  expect(readCacheControl(undefined)).toEqual({ wish: {}, onlyIfCached: false });
});

test('an answer repeats its policy to caches on the way', () => {
  expect(answerCacheControl(STRICT, 'public')).toBe('public, no-cache');
  expect(
    answerCacheControl(
      { ...STRICT, maxAgeMs: 60_000, staleWhileRevalidateMs: 600_000, staleIfErrorMs: 3_600_000 },
      'private',
    ),
  ).toBe('private, max-age=60, stale-while-revalidate=600, stale-if-error=3600');
});

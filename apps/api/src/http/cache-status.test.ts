import { expect, test } from 'vitest';
import { cacheStatus } from './cache-status.ts';

const base = { collapsed: false, staleReason: null, ageMs: 12_000, maxAgeMs: 60_000, key: 'k-1' } as const;

test('each way an answer comes about has its words', () => {
  expect(cacheStatus({ ...base, cache: 'hit' })).toBe('parqueue; hit; ttl=48; key="k-1"');
  expect(cacheStatus({ ...base, cache: 'revalidated' })).toBe('parqueue; hit; detail=revalidated; ttl=48; key="k-1"');
  expect(cacheStatus({ ...base, cache: 'miss' })).toBe('parqueue; fwd=miss; stored; ttl=48; key="k-1"');
  expect(cacheStatus({ ...base, cache: 'miss', collapsed: true })).toBe(
    'parqueue; fwd=miss; stored; collapsed; ttl=48; key="k-1"',
  );
  expect(cacheStatus({ ...base, cache: 'stale', staleReason: 'staleIfError', ageMs: 90_000 })).toBe(
    'parqueue; fwd=stale; detail="staleIfError"; ttl=-30; key="k-1"',
  );
  // Within its maxAge too: nobody can tell whether it was marked since.
  expect(cacheStatus({ ...base, cache: 'degraded' })).toBe(
    'parqueue; fwd=stale; detail="coordination-down"; ttl=0; key="k-1"',
  );
});

test('what was just verified for a strict caller is not called stale', () => {
  expect(cacheStatus({ ...base, cache: 'miss', ageMs: 2_500, maxAgeMs: 0 })).toContain('ttl=0');
});

test('a reason cannot break out of its string', () => {
  expect(cacheStatus({ ...base, cache: 'stale', staleReason: 'a"b\\c\r\nx: y' })).toContain(
    'detail="a\\"b\\\\c??x: y"',
  );
});

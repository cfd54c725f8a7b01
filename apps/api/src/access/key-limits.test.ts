import { describe, expect, test } from 'vitest';
import type { Clock } from '@parqueue/core';
import type { KeyLimits } from '@parqueue/core/config';
import type { Principal } from '../auth.ts';
import { KeyLimiter } from './key-limits.ts';

const principal = (limits: Partial<KeyLimits> | null, name = 'key:a'): Principal => ({
  name,
  scopes: new Set(),
  datasets: ['*'],
  limits: limits === null ? null : { requestsPerSecond: null, burst: 1, concurrent: 1000, ...limits },
  expiresAtMs: null,
});

function limiter(): { readonly limiter: KeyLimiter; pass(ms: number): void } {
  let now = 1_000_000;
  const clock: Clock = { now: () => now, sleep: () => Promise.reject(new Error('nobody waits here')) };
  return { limiter: new KeyLimiter(clock), pass: (ms) => void (now += ms) };
}

const limited = (limit: string, retryAfterMs: number) =>
  expect.objectContaining({ code: 'PQ_RATE_LIMITED', retryable: true, details: { limit, retryAfterMs } });

describe('a rate', () => {
  test('lets a burst through, and then one request for each that time gives back', () => {
    const { limiter: own, pass } = limiter();
    const caller = principal({ requestsPerSecond: 4, burst: 3 });
    for (let one = 0; one < 3; one += 1) own.admit(caller).release();
    expect(() => own.admit(caller)).toThrow(limited('requestsPerSecond', 250));
    pass(150);
    expect(() => own.admit(caller)).toThrow(limited('requestsPerSecond', 100));
    pass(100);
    own.admit(caller);
    expect(() => own.admit(caller)).toThrow(limited('requestsPerSecond', 250));
  });

  test('is never saved up beyond the burst, and a clock set back gives and takes nothing', () => {
    const { limiter: own, pass } = limiter();
    const caller = principal({ requestsPerSecond: 1, burst: 2 });
    own.admit(caller);
    pass(3_600_000);
    own.admit(caller);
    own.admit(caller);
    pass(-3_600_000);
    expect(() => own.admit(caller)).toThrow(limited('requestsPerSecond', 1000));
    pass(1000);
    own.admit(caller);
  });

  test('is told with every answer', () => {
    const { limiter: own } = limiter();
    const caller = principal({ requestsPerSecond: 0.5, burst: 3 });
    expect(own.admit(caller).headers).toEqual({
      'ratelimit-policy': '"requests";q=3;w=6',
      ratelimit: '"requests";r=2;t=2',
    });
    expect(own.admit(principal({}, 'key:b')).headers).toBeNull();
  });

  test('of one key is not that of another', () => {
    const { limiter: own } = limiter();
    own.admit(principal({ requestsPerSecond: 1 }));
    expect(() => own.admit(principal({ requestsPerSecond: 1 }))).toThrow();
    own.admit(principal({ requestsPerSecond: 1 }, 'key:b'));
  });
});

describe('requests under way', () => {
  test('are counted until they end, once each', () => {
    const { limiter: own } = limiter();
    const caller = principal({ concurrent: 2 });
    const [first, second] = [own.admit(caller), own.admit(caller)];
    expect(() => own.admit(caller)).toThrow(limited('concurrent', 1000));
    first.release();
    first.release();
    own.admit(caller);
    expect(() => own.admit(caller)).toThrow(limited('concurrent', 1000));
    second.release();
    own.admit(caller);
  });

  test('a refused one takes nothing of the rate, and limits read anew keep the account', () => {
    const { limiter: own } = limiter();
    const held = own.admit(principal({ requestsPerSecond: 1, burst: 2, concurrent: 1 }));
    const again = principal({ requestsPerSecond: 1, burst: 2, concurrent: 1 });
    expect(() => own.admit(again)).toThrow(limited('concurrent', 1000));
    held.release();
    own.admit(again);
  });

  test('of callers without a key have no limit', () => {
    const { limiter: own } = limiter();
    for (let one = 0; one < 5_000; one += 1) own.admit(principal(null));
  });
});

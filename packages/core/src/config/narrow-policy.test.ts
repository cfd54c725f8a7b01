import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FreshnessPolicy } from '../model/freshness.ts';
import { narrowPolicy } from './narrow-policy.ts';

const policy: FreshnessPolicy = { version: 'checksum', maxAgeMs: 60, staleWhileRevalidateMs: 10, staleIfErrorMs: 100 };
const ages = ({ maxAgeMs, staleWhileRevalidateMs, staleIfErrorMs }: FreshnessPolicy) => [
  maxAgeMs,
  staleWhileRevalidateMs,
  staleIfErrorMs,
];

describe('one request', () => {
  it('that wishes nothing gets the policy of the dataset', () => {
    expect(narrowPolicy(policy, {})).toBe(policy);
  });

  it('with no-cache wants proof, whatever else it says', () => {
    expect(ages(narrowPolicy(policy, { noCache: true, maxStaleMs: 1000, maxAgeMs: 5 }))).toEqual([0, 0, 0]);
  });

  it('with max-age wants nothing older and nothing stale', () => {
    expect(ages(narrowPolicy(policy, { maxAgeMs: 20 }))).toEqual([20, 0, 0]);
    expect(ages(narrowPolicy(policy, { maxAgeMs: 0 }))).toEqual([0, 0, 0]);
    expect(ages(narrowPolicy(policy, { maxAgeMs: 5000 }))).toEqual([60, 0, 0]);
  });

  it('with max-stale takes unasked what the dataset would answer stale', () => {
    expect(ages(narrowPolicy(policy, { maxStaleMs: 30 }))).toEqual([90, 0, 70]);
    expect(ages(narrowPolicy(policy, { maxStaleMs: Number.POSITIVE_INFINITY }))).toEqual([160, 0, 0]);
    expect(ages(narrowPolicy(policy, { maxAgeMs: 20, maxStaleMs: 30 }))).toEqual([50, 0, 0]);
  });

  it('cannot loosen a strict dataset', () => {
    const strict: FreshnessPolicy = { version: 'checksum', maxAgeMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
    expect(ages(narrowPolicy(strict, { maxAgeMs: 1000, maxStaleMs: 1000 }))).toEqual([0, 0, 0]);
  });

  it('never gets an answer older than the dataset gives to anybody', () => {
    const ms = fc.nat(1000);
    const wish = fc.record(
      { noCache: fc.boolean(), maxAgeMs: ms, maxStaleMs: fc.oneof(ms, fc.constant(Number.POSITIVE_INFINITY)) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(ms, ms, ms, wish, (maxAgeMs, swr, sie, wished) => {
        const given = { ...policy, maxAgeMs, staleWhileRevalidateMs: swr, staleIfErrorMs: sie };
        const narrowed = narrowPolicy(given, wished);
        const oldest = maxAgeMs + Math.max(swr, sie);
        expect(
          narrowed.maxAgeMs + Math.max(narrowed.staleWhileRevalidateMs, narrowed.staleIfErrorMs),
        ).toBeLessThanOrEqual(oldest);
        expect(Math.min(...ages(narrowed))).toBeGreaterThanOrEqual(0);
        expect(narrowed.staleWhileRevalidateMs).toBeLessThanOrEqual(swr);
        expect(narrowed.staleIfErrorMs).toBeLessThanOrEqual(sie);
      }),
    );
  });
});

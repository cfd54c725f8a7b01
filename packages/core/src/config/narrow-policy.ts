/**
 * What one request may change about freshness: tighten it freely, loosen it only to ages its dataset answers anyway.
 *
 *     0 ──────── maxAge ─────────────── maxAge + window        window = max(staleWhileRevalidate, staleIfError)
 *       unasked         stale, marked                  never
 *
 * The oldest answer a dataset ever gives is maxAge + window old; no request goes beyond it.
 */
import type { FreshnessPolicy } from '../model/freshness.ts';

export interface FreshnessWish {
  /** `no-cache`: prove it right now. Wins over the others. */
  readonly noCache?: boolean | undefined;
  /** `max-age`: nothing older, and nothing stale unless maxStale says so. */
  readonly maxAgeMs?: number | undefined;
  /** `max-stale`: answer without asking the source, up to this much beyond maxAge. Infinity where no bound was named. */
  readonly maxStaleMs?: number | undefined;
}

export function narrowPolicy(policy: FreshnessPolicy, wish: FreshnessWish): FreshnessPolicy {
  if (wish.noCache === true) return { ...policy, maxAgeMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
  const { maxAgeMs: wishedAgeMs, maxStaleMs } = wish;
  if (wishedAgeMs === undefined && maxStaleMs === undefined) return policy;

  const windowMs = Math.max(policy.staleWhileRevalidateMs, policy.staleIfErrorMs);
  const toleratedMs = Math.min(Math.max(maxStaleMs ?? 0, 0), windowMs);
  const unaskedMs = Math.min(Math.max(wishedAgeMs ?? policy.maxAgeMs, 0), policy.maxAgeMs);
  const maxAgeMs = unaskedMs + toleratedMs;
  // What is left of each window once a part of it is answered unasked. A caller who named an age wants nothing older.
  const restOf = (ms: number): number => (wishedAgeMs === undefined ? Math.max(policy.maxAgeMs + ms - maxAgeMs, 0) : 0);
  return {
    version: policy.version,
    maxAgeMs,
    staleWhileRevalidateMs: restOf(policy.staleWhileRevalidateMs),
    staleIfErrorMs: restOf(policy.staleIfErrorMs),
  };
}

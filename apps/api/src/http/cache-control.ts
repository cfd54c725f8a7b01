/**
 * Cache-Control of RFC 9111: what a request says narrows or widens freshness, never beyond the dataset's policy; what
 * an answer says repeats the policy to caches on the way.
 */
import type { FreshnessPolicy } from '@parqueue/core';

export interface RequestDirectives {
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAgeMs: number | null;
  /** Infinity for `max-stale` without a value. */
  readonly maxStaleMs: number | null;
  readonly minFreshMs: number | null;
}

export function readCacheControl(header: string | undefined): RequestDirectives {
  const directives = new Map<string, string>();
  for (const part of (header ?? '').split(',')) {
    const [name = '', value = ''] = part.split('=', 2).map((side) => side.trim());
    if (name !== '') directives.set(name.toLowerCase(), value.replaceAll('"', ''));
  }
  return {
    noCache: directives.has('no-cache') || directives.has('no-store'),
    onlyIfCached: directives.has('only-if-cached'),
    maxAgeMs: millis(directives.get('max-age')),
    maxStaleMs: directives.get('max-stale') === '' ? Infinity : millis(directives.get('max-stale')),
    minFreshMs: millis(directives.get('min-fresh')),
  };
}

/**
 * `no-cache`: verify now, nothing stale. `max-age`: at most so old, and nothing stale unless `max-stale` says so.
 * `max-stale`: answer without asking the source up to so much beyond maxAge, within what the policy serves stale.
 */
export function narrowPolicy(policy: FreshnessPolicy, wish: RequestDirectives): FreshnessPolicy {
  if (wish.noCache) return { ...policy, maxAgeMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
  let maxAgeMs = policy.maxAgeMs;
  let { staleWhileRevalidateMs, staleIfErrorMs } = policy;
  if (wish.maxAgeMs !== null) {
    maxAgeMs = Math.min(maxAgeMs, wish.maxAgeMs);
    if (wish.maxStaleMs === null) {
      staleWhileRevalidateMs = 0;
      staleIfErrorMs = 0;
    }
  }
  if (wish.minFreshMs !== null) maxAgeMs = Math.max(0, maxAgeMs - wish.minFreshMs);
  if (wish.maxStaleMs !== null) {
    const widened = Math.min(wish.maxStaleMs, staleWhileRevalidateMs);
    maxAgeMs += widened;
    staleWhileRevalidateMs -= widened;
    staleIfErrorMs = Math.min(staleIfErrorMs, wish.maxStaleMs);
  }
  return { ...policy, maxAgeMs, staleWhileRevalidateMs, staleIfErrorMs };
}

/** For a URL whose content moves. `audience`: answers given to a key's holder must not be shared by proxies. */
export function answerCacheControl(policy: FreshnessPolicy, audience: 'public' | 'private'): string {
  if (policy.maxAgeMs < 1000) return `${audience}, no-cache`;
  const windows = [
    `max-age=${seconds(policy.maxAgeMs)}`,
    ...(policy.staleWhileRevalidateMs >= 1000 ? [`stale-while-revalidate=${seconds(policy.staleWhileRevalidateMs)}`] : []),
    ...(policy.staleIfErrorMs >= 1000 ? [`stale-if-error=${seconds(policy.staleIfErrorMs)}`] : []),
  ];
  return [audience, ...windows].join(', ');
}

/** A year is the customary "for ever" of caches. */
export function immutableCacheControl(audience: 'public' | 'private'): string {
  return `${audience}, max-age=31536000, immutable`;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function millis(text: string | undefined): number | null {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) * 1000 : null;
}

/** `Cache-Status` of RFC 9211: how this answer came about, in one line that proxies and people can read. */

/** Why an answer is degraded, in Cache-Status and in the header Parqueue-Degraded. */
export const COORDINATION_DOWN = 'coordination-down';

export interface CacheOutcome {
  readonly cache: 'hit' | 'revalidated' | 'continued' | 'miss' | 'stale' | 'degraded';
  /** The load was shared with other callers. */
  readonly collapsed: boolean;
  readonly staleReason: string | null;
  /** Of the answer, from the beginning of its verification, and up to which its policy needs no other one. */
  readonly ageMs: number;
  readonly maxAgeMs: number;
  readonly key: string;
}

export function cacheStatus(outcome: CacheOutcome): string {
  const parts = ['parqueue', ...manner(outcome), `ttl=${ttlSeconds(outcome)}`, `key=${quoted(outcome.key)}`];
  return parts.join('; ');
}

function manner({ cache, collapsed, staleReason }: CacheOutcome): readonly string[] {
  const shared = collapsed ? ['collapsed'] : [];
  switch (cache) {
    case 'hit':
      return ['hit'];
    case 'revalidated':
      // The bytes come from the cache; what was asked of the source was only whether they still hold.
      return ['hit', 'detail=revalidated'];
    case 'continued':
      // A later range of a read: from the generation it began with, whatever the current one is.
      return ['hit', 'detail=continued-read'];
    case 'miss':
      return ['fwd=miss', 'stored', ...shared];
    case 'stale':
      return ['fwd=stale', ...shared, `detail=${quoted(staleReason ?? 'stale')}`];
    case 'degraded':
      // Nobody could be asked: from the store alone, while Redis is away.
      return ['fwd=stale', `detail=${quoted(COORDINATION_DOWN)}`];
  }
}

/** Freshness left. Negative only when stale: an answer just verified for a strict caller is fresh, for 0 seconds. */
function ttlSeconds({ cache, ageMs, maxAgeMs }: CacheOutcome): number {
  const left = Math.trunc((maxAgeMs - ageMs) / 1000);
  return cache === 'stale' || cache === 'degraded' ? Math.min(left, 0) : Math.max(left, 0);
}

/** A string of RFC 8941: printable ASCII, backslash and quote escaped. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

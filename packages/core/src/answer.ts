/** What an ask ends with, and how its answer came about. */
import type { Arrival, StaleReason } from './model/freshness.ts';
import type { Head } from './model/generation.ts';
import type { Outcome } from './model/job.ts';
import type { Look, Pin } from './ports/coordination.ts';
import type { JobRef } from './ports/work.ts';

/** hit: as it was. revalidated: proved right for this caller. miss: filled for this caller. stale: allowed by policy. */
export type CacheOutcome = 'hit' | 'revalidated' | 'miss' | 'stale';

export interface Answer {
  readonly kind: 'answer';
  readonly key: string;
  readonly head: Head;
  /** Null where no pin was asked for: the head may be retired at any time, and be gone when its grace is over. */
  readonly pin: Pin | null;
  readonly look: Look;
  readonly cache: CacheOutcome;
  /** Work that another caller had started served this one too. */
  readonly collapsed: boolean;
  readonly staleReason: StaleReason | null;
}

export type Resolution = Answer | { readonly kind: 'pending'; readonly job: JobRef; readonly requirement: Arrival };

/**
 * A head that was only verified is no miss, even where Redis had forgotten it when the caller arrived. What somebody
 * else's work brought about is told by the generation: the same one was verified, another one was filled.
 */
export function cacheOutcomeOf(found: Outcome['kind'] | null, sameGeneration: boolean): CacheOutcome {
  if (found === null) return 'hit';
  return found === 'verified' || (found !== 'committed' && sameGeneration) ? 'revalidated' : 'miss';
}

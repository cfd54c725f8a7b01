/** What the configuration says of how much is kept and for how long, as gc and admission read it. */

export interface Keep {
  /** Generations of one entry, the head included. */
  readonly generations: number;
  /** Replaced longer ago than this, a generation goes although it is among them. */
  readonly maxAgeMs: number;
}

export interface DatasetRules {
  /** null: only the store's counts. */
  readonly quotaBytes: number | null;
  readonly keep: Keep;
}

export interface StoreRules {
  /** What is no longer the head stays this long, whatever else is wished: readers may have its name. */
  readonly graceMs: number;
  /** Of entries without a dataset, and of datasets without rules. */
  readonly keep: Keep;
  /** null: none. */
  readonly quotaBytes: number | null;
  /** Free bytes of the filesystem that are left to others; null: by its size. */
  readonly reserveBytes: number | null;
  /** A head that nobody read for so long goes; null: never for that. */
  readonly unreadMs: number | null;
  readonly datasets: Readonly<Record<string, DatasetRules>>;
}

/** The filesystem of the store. */
export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

const GIB = 1024 ** 3;
/** Of the filesystem; a small one shall not be all reserve. */
const RESERVE_SHARE = 0.01;
const RESERVE_MAX_BYTES = GIB;

export function reserveOf({ reserveBytes }: Pick<StoreRules, 'reserveBytes'>, { totalBytes }: Space): number {
  return reserveBytes ?? Math.min(RESERVE_MAX_BYTES, Math.floor(totalBytes * RESERVE_SHARE));
}

/**
 * Collections leave this share of a quota free, so that loads need not wait for the grace of what makes room for them.
 * Loads may take it: they are refused at the quota itself.
 */
const HEADROOM_SHARE = 0.1;

export function collectDownTo(quotaBytes: number): number {
  return Math.floor(quotaBytes * (1 - HEADROOM_SHARE));
}

/**
 * Loads whose size nobody knows may have at most this share of a quota made free for them, all of them together: one that
 * never fits, asked again and again, must not cost the store everything else.
 */
const GUESSED_SHARE = 0.25;

/** What collections for loads of unknown size leave of a quota to what is there. */
export function keptFromGuesses(quotaBytes: number): number {
  return Math.ceil(quotaBytes * (1 - GUESSED_SHARE));
}

export function keepOf(rules: StoreRules, dataset: string | null): Keep {
  return (dataset === null ? undefined : rules.datasets[dataset]?.keep) ?? rules.keep;
}

export function quotaOf(rules: StoreRules, dataset: string | null): number | null {
  return (dataset === null ? undefined : rules.datasets[dataset]?.quotaBytes) ?? null;
}

/** Why a head without a successor is retired. */
export const EVICTION_REASONS = ['quota', 'dataset-quota', 'unread', 'purged'] as const;
export type EvictionReason = (typeof EVICTION_REASONS)[number];

/**
 * Why something is removed: heads that were evicted, replaced generations beyond `keep` (replaced), older than its age
 * (aged) or kept only while there is room (room), what was published and never committed (orphan), what a fill left (staging).
 */
export const GC_REASONS = [...EVICTION_REASONS, 'replaced', 'aged', 'room', 'orphan', 'staging'] as const;
export type GcReason = (typeof GC_REASONS)[number];

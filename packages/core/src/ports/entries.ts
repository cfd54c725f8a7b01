/** Reading what Redis remembers of entries, for listings and explanations. Not part of any decision. */
import type { Head } from '../model/generation.ts';
import type { EvictionReason } from '../model/retention.ts';
import type { Tick } from '../model/ticks.ts';

export interface EntryFilter {
  readonly prefix: string;
  readonly dataset: string | null;
  /** With a dataset: others that ask the same, whose entries are its too. */
  readonly alike?: readonly string[];
  readonly limit: number;
  /** The last key of the page before, or null. */
  readonly after: string | null;
  /** Only entries whose dataset this is true of; without it all. `next` is then one of those too, as long as there are enough. */
  readonly isFor?: (dataset: string | null) => boolean;
  /** Also those whose head a purge of the key hides from everybody else, until it is removed. */
  readonly withPurged?: boolean;
}

export interface EntrySummary {
  readonly key: string;
  readonly head: Head;
  readonly lastReadAtMs: number | null;
}

export interface EntryPage {
  readonly entries: readonly EntrySummary[];
  /** Pass as `after` for the next page; null at the end. */
  readonly next: string | null;
}

export interface RetiredGeneration {
  readonly fence: Tick;
  readonly retiredAtMs: number;
}

/** What the heads of one dataset come to. */
export interface StoredSum {
  readonly entries: number;
  readonly rows: number;
  readonly bytes: number;
  readonly damaged: number;
  readonly newestCommittedAtMs: number | null;
  readonly newestVerifiedAtMs: number | null;
  readonly oldestVerifiedAtMs: number | null;
  /** False: there are more keys than were looked at, and every number is of those. */
  readonly complete: boolean;
  readonly nowMs: number;
}

export interface EvictedHead {
  readonly fence: Tick;
  readonly atMs: number;
  readonly reason: EvictionReason;
  readonly dataset: string | null;
}

export interface Entries {
  /** Entries with a head that a look at the key shows, in key order. */
  list(filter: EntryFilter): Promise<EntryPage>;
  /** Of the first `keysMax` keys that the dataset filled, and that `list` shows. */
  sum(dataset: string, keysMax: number): Promise<StoredSum>;
  retired(key: string): Promise<readonly RetiredGeneration[]>;
  pinCount(key: string): Promise<number>;
  /** The head that was evicted last; null where none ever was, as far as Redis remembers. */
  evicted(key: string): Promise<EvictedHead | null>;
}

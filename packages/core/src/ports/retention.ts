/**
 * What gc and admission ask of the coordination state beyond one generation's retirement (coordination.ts): a page of
 * keys at once, the retiring of a head that has no successor, how much the store holds, and room reserved for fills.
 * Atomic steps like those: one Lua script each, one pure function each in testing/memory.
 */
import type { EvictionReason } from '../model/retention.ts';
import type { Tick } from '../model/ticks.ts';

/** What one generation takes, and for which dataset; null for none. */
export interface Size {
  readonly bytes: number;
  readonly dataset: string | null;
}

export interface SurveyedHead {
  readonly fence: Tick;
  readonly source: string;
  readonly dataset: string | null;
  readonly committedAtMs: number;
  /** When what last proved it right began: an ask, which is a read as well, or a refresh. */
  readonly verifiedAtMs: number;
  /** When it was rebuilt from its manifest; null where it was committed. Who read it before that is forgotten. */
  readonly restoredAtMs: number | null;
  /** The last look that was taken to use it; null for none that is remembered. */
  readonly readAtMs: number | null;
}

/** What gc has to know of one key to say what may go. Each thing that goes is then asked for by itself. */
export interface KeySurvey {
  readonly key: string;
  readonly latestFence: Tick;
  readonly purge: Tick;
  readonly leased: boolean;
  readonly head: SurveyedHead | null;
  readonly retired: readonly { readonly fence: Tick; readonly retiredAtMs: number; readonly committed: boolean }[];
  readonly removing: readonly Tick[];
  /** Of head, retired and removing, where they are known. */
  readonly sizes: ReadonlyMap<Tick, Size>;
  /** The head that was evicted last. */
  readonly evicted: { readonly fence: Tick; readonly atMs: number; readonly reason: EvictionReason } | null;
}

export interface HeadToEvict {
  readonly key: string;
  readonly fence: Tick;
  readonly dataset: string | null;
  /** As surveyed: a head that was read since stays. */
  readonly readAtMs: number | null;
}

export interface Eviction {
  /** @returns the keys in the order asked for, and Redis's clock */
  survey(keys: readonly string[]): Promise<{ readonly nowMs: number; readonly keys: readonly KeySurvey[] }>;
  /**
   * Retires a head that nothing replaces: its grace starts, asks for its key miss and fill. Refused where it is no longer
   * the head, pinned, read since the survey, or its key is being filled. The key is granted the next fence, to nobody: what
   * committed the head, or holds a lease that ran out, commits no more under it. A dry run only says what it would be.
   */
  evict(
    head: HeadToEvict,
    how: { readonly epoch: number; readonly reason: EvictionReason; readonly dryRun: boolean },
  ): Promise<'evicted' | 'refused'>;
  /**
   * Forgets a key that has no head, no generation and no fill. What it was granted before can never be committed afterwards,
   * and later grants are above everything it knew. Refused for so long after its head was evicted, as its page tells of that.
   */
  forget(key: string, how: { readonly epoch: number; readonly toldMs: number }): Promise<'forgotten' | 'refused'>;
}

export interface StoreUsage {
  /** Of all generations that Redis knows to be on the store, heads and retired ones. */
  readonly bytes: number;
  readonly generations: number;
  /** By dataset; entries without one are under ''. */
  readonly datasets: Readonly<Record<string, number>>;
  /** What running fills have reserved beside that. */
  readonly reservedBytes: number;
  /** The same by dataset; fills without one are under ''. */
  readonly reservedOf: Readonly<Record<string, number>>;
}

export interface RoomWish {
  readonly key: string;
  readonly fillId: string;
  readonly dataset: string | null;
  /** All the fill takes so far, or is expected to; more where one of the key outgrew that lately. */
  readonly bytes: number;
  /** A reservation that is not raised or repeated ends after this. */
  readonly ttlMs: number;
  readonly quotaBytes: number | null;
  readonly datasetQuotaBytes: number | null;
}

/** `bytes`: what room was asked for, with what is remembered of the key. */
export type Reserved =
  | { readonly kind: 'reserved'; readonly bytes: number }
  /** What others hold and have reserved, of the store or of the dataset, leaves too little of that quota. */
  | {
      readonly kind: 'passed';
      readonly bytes: number;
      readonly quota: 'store' | 'dataset';
      readonly othersBytes: number;
    };

export interface Usage {
  read(): Promise<StoreUsage>;
  reserve(wish: RoomWish): Promise<Reserved>;
  release(fillId: string): Promise<void>;
  /** A fill of the key was stopped when it had so much: for a while the next one is expected to take at least that. */
  outgrown(key: string, bytes: number, forMs: number): Promise<void>;
  /**
   * Counts what Redis knows of the key and has no size of, with the sizes found on disk, and takes off what it knows no
   * more. Sizes of generations it does not know are ignored.
   */
  measure(key: string, found: ReadonlyMap<Tick, Size>): Promise<void>;
}

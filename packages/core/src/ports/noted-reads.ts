/**
 * Reads in ranges, remembered: which generation each reader of an URL began with, so that its later Range requests are
 * answered from that one although the head moved. Kept by a name that the API makes of who reads what. Losing it costs
 * a reader an error at worst, as far as its ranges still tell what it reads; docs/adr/0027 has the reasoning.
 */
import type { Tick } from '../model/ticks.ts';
import type { LookTarget } from './coordination.ts';

export const NOTED_READS = {
  /** Unused for this long, a read is forgotten; as long, its generation stays pinned. */
  ttlMs: 600_000,
  /** Begun longer ago than this, it is forgotten however often it was used: whoever never begins again learns of changes. */
  lifeMs: 3_600_000,
  /** Generations remembered for one name; beyond it the one unused for longest is forgotten. */
  perNameMax: 6,
  /** Ranges counted for one read; more are served but not counted. */
  rangesMax: 32,
  /** Names lie in so many hashes … */
  buckets: 1_024,
  /** … of at most so many each: 32,768 names in all, near 1 KB each. */
  perBucketMax: 32,
} as const;

export interface NotedRead {
  readonly fence: Tick;
  readonly begunAtMs: number;
  readonly usedAtMs: number;
  /** Of the head when the read began. */
  readonly verifiedAtMs: number;
  readonly committedAtMs: number;
  /** The range that a read without HEAD began with: asked again, it begins again. '' where one began otherwise. */
  readonly first: string;
  /** How often each range was asked for. */
  readonly asked: Readonly<Record<string, number>>;
  /** False once a hard or purge mark reached it, and when the generation is damaged or being removed. */
  readonly usable: boolean;
}

export interface Recalled {
  readonly nowMs: number;
  readonly reads: readonly NotedRead[];
  /** The read this range was noted under, and whose generation is pinned now; null where the caller must choose or begin. */
  readonly noted: Tick | null;
}

export interface RangeAsked {
  readonly name: string;
  readonly target: Pick<LookTarget, 'key' | 'scopes'>;
  /** `START-END` as asked for. */
  readonly range: string;
}

export interface Beginning extends RangeAsked {
  readonly fence: Tick;
  readonly verifiedAtMs: number;
  readonly committedAtMs: number;
  /** It began with a HEAD, a suffix range or a GET of the whole, which only beginnings send. */
  readonly plainly: boolean;
}

export interface NotedReads {
  /**
   * The reads of that name. The range is noted at once under the one named by `under`, or with 'sole' under the only
   * one there is, unless the range says that it begins again; with 'none' nothing is noted.
   */
  recall(asked: RangeAsked, under: Tick | 'sole' | 'none'): Promise<Recalled>;
  /** Notes a read and pins its generation. @returns false when the generation is gone. */
  begin(beginning: Beginning): Promise<boolean>;
}

/** One pin for all noted reads of a generation. */
export function notedPinId(fence: Tick): string {
  return `noted:${fence}`;
}

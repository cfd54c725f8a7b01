/**
 * A Generation is one immutable result on disk, named by the fence under which it was filled. The Head is the one
 * mutable thing per key: which generation is current and what last verified it (I3, I7).
 */
import { tickOfText, type Tick } from './ticks.ts';
import type { Version } from './version.ts';

/** exact: version and rows from one snapshot. statement: one statement's snapshot. best-effort: neither. */
export type Consistency = 'exact' | 'statement' | 'best-effort';

export interface Head {
  /** The fence of the current generation; also its `filled` tick. */
  readonly fence: Tick;
  readonly fillId: string;
  readonly version: Version;
  /** SHA-256 of the part's bytes, lower-case hex; the ETag of the Parquet representation. */
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
  readonly consistency: Consistency;
  /** The configured source's name, and the dataset whose request filled it (null: ad hoc). For listings only. */
  readonly source: string;
  readonly dataset: string | null;
  /** Tick of the latest work that proved this generation right. Raised, never lowered. */
  readonly verified: Tick;
  /** When that work began, by Redis's clock, ms since the Unix epoch. Every age counts from here. */
  readonly verifiedAtMs: number;
  readonly committedAtMs: number;
  /** Why readers rejected the files of this generation, or null. A damaged head is a miss until a fill replaces it. */
  readonly damaged: string | null;
}

/** Names one generation without its details. */
export interface GenerationRef {
  readonly key: string;
  readonly fence: Tick;
}

/** `g` and the fence: the directory name of a published generation. */
export function generationName(fence: Tick): string {
  return `g${fence}`;
}

/** The fence in a directory name, or null where the name is not that of a generation. */
export function fenceOfGenerationName(name: string): Tick | null {
  const match = /^g(0|[1-9][0-9]{0,15})$/.exec(name);
  return match === null ? null : tickOfText(match[1] ?? '');
}

/** What is known of the refreshes of each dataset, for people: it decides nothing, and losing it loses a line on a page. */
import type { ErrorCode } from '../model/errors.ts';

/** What became of one entry in one refresh. */
export const REFRESH_OUTCOMES = [
  /** A probe found it right. */
  'verified',
  /** A new generation is the head. */
  'loaded',
  /** Somebody else's work proved it right since the refresh was due. */
  'fresh',
  /** It was being loaded when the refresh was due. */
  'joined',
  /** Nobody read it lately. */
  'unread',
  /** The present configuration would not make it. */
  'foreign',
  /** The next refresh was due before its turn, or before its work was done. */
  'late',
  'failed',
] as const;

export type RefreshOutcome = (typeof REFRESH_OUTCOMES)[number];

export type RefreshCounts = Readonly<Record<RefreshOutcome, number>>;

export interface RefreshReport {
  readonly counts: RefreshCounts;
  /** The last thing that went wrong, also where trying again helped. */
  readonly lastFailure: { readonly code: ErrorCode; readonly message: string } | null;
}

/** Times are those of the workers' hosts, ms. */
export interface PastRefresh extends RefreshReport {
  readonly dueAtMs: number;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
}

export interface KnownRefreshes {
  readonly nextAtMs: number | null;
  readonly last: PastRefresh | null;
}

export interface Refreshes {
  read(dataset: string): Promise<KnownRefreshes>;
  /** When the next one is due; null: the dataset is refreshed no more, and what was known is forgotten. */
  planned(dataset: string, nextAtMs: number | null): Promise<void>;
  record(dataset: string, past: PastRefresh): Promise<void>;
}

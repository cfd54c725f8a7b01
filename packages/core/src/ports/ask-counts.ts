/**
 * How often datasets were asked, and how that ended, over all processes. Counted in each process and added from time to
 * time: nothing that answers waits for it, and losing it costs what a page shows.
 */

export const ASK_OUTCOMES = ['hit', 'stale', 'miss', 'collapsed', 'error'] as const;

/** `collapsed`: rows that somebody else's load brought, while the caller waited for it. */
export type AskOutcome = (typeof ASK_OUTCOMES)[number];

export type OutcomeCounts = Readonly<Record<AskOutcome, number>>;

/** By the dataset's name. */
export type AskTotals = ReadonlyMap<string, OutcomeCounts>;

export interface AskBatch {
  /** Random name of the batch, made by its sender: a resent one counts once. */
  readonly id: string;
  readonly totals: AskTotals;
}

export interface AskBucket {
  /** Its beginning, by Redis's clock. */
  readonly atMs: number;
  readonly totals: AskTotals;
}

/** Each oldest first, the last one under way. */
export interface AskHistory {
  readonly minutes: readonly AskBucket[];
  readonly hours: readonly AskBucket[];
}

export interface AskCounts {
  /** Into the minute and the hour that it is now. */
  add(batch: AskBatch): Promise<void>;
  /** The last 60 minutes and 24 hours, those under way included. */
  history(): Promise<AskHistory>;
}

export const NO_ASKS: OutcomeCounts = { hit: 0, stale: 0, miss: 0, collapsed: 0, error: 0 };

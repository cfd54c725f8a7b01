/** What callers who were told to come back had asked for, so that asking again ends (I8). Losing it costs a new wait. */
import type { Arrival } from '../model/freshness.ts';

export interface AskRecord {
  /** The job whose outcome the caller was told to wait for. */
  readonly fillId: string;
  readonly key: string;
  readonly requirement: Arrival;
}

export interface Asks {
  /** Keeps the record under each name for `ttlMs`; an earlier one of that name is replaced. */
  keep(names: readonly string[], record: AskRecord, ttlMs: number): Promise<void>;
  recall(name: string): Promise<AskRecord | null>;
  forget(name: string): Promise<void>;
}

/** What all sessions of one engine share. */
import type { Catalog } from './catalog.ts';
import type { Settings } from './settings.ts';
import type { StatementCounts } from './statement-counts.ts';
import type { Transactions } from './transactions.ts';

export interface SharedState {
  readonly catalog: Catalog;
  readonly transactions: Transactions;
  readonly counts: StatementCounts;
  readonly sessions: Set<{ readonly id: number; readonly user: string; readonly settings: Settings }>;
  /** Rows of a block: those that share an ORA_ROWSCN without ROWDEPENDENCIES. */
  readonly blockRows: number;
  /** What a user may not: names of dynamic views, FLASHBACK, OWNER.TABLE. */
  denied(user: string): ReadonlySet<string>;
  /** Wall clock in nanoseconds since 1970. */
  now(): bigint;
}

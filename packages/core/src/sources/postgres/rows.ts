/** Rows of one statement, in chunks (row-reader.ts), through a session. */
import type { Bound } from '../sql/database.ts';
import type { PostgresBinds } from './bind.ts';
import type { PostgresSession } from './driver.ts';

export interface RowsWish extends Bound<PostgresBinds> {
  /**
   * Values per row. The columns' types are those that were described: describing locked the statement's tables, and the
   * transaction keeps the locks.
   */
  readonly columns: number;
}

/**
 * Ends when all rows were read, never before. Left early, it breaks off what runs and spoils the session.
 * @throws ParqueueError what a session throws
 */
export async function* rowsOf(
  session: PostgresSession,
  { text, binds, columns }: RowsWish,
): AsyncGenerator<unknown[][], void, undefined> {
  let whole = false;
  try {
    const reader = await session.call(async (connection) => connection.rows({ text, values: binds, columns }));
    for (;;) {
      const rows = await session.call((connection) => connection.next(reader));
      if (rows.length === 0) break;
      yield rows;
    }
    whole = true;
  } finally {
    if (!whole) session.spoil();
  }
}

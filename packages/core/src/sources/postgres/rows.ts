/** Rows of one statement, in chunks (row-reader.ts), through a session. */
import type { Bound } from '../sql/database.ts';
import type { WireChunk } from '../sql/wire/fields.ts';
import type { PostgresBinds } from './bind.ts';
import type { PostgresSession } from './driver.ts';
import type { Formats } from './bind-message.ts';

export interface WireWish extends Bound<PostgresBinds> {
  /**
   * Of the values in a row. The columns' types are those that were described: describing locked the statement's tables,
   * and the transaction keeps the locks.
   */
  readonly formats: Formats;
}

export interface RowsWish extends Bound<PostgresBinds> {
  /** Values per row. */
  readonly columns: number;
}

/** As wireRowsOf, all values as texts. */
export async function* rowsOf(
  session: PostgresSession,
  { columns, ...bound }: RowsWish,
): AsyncGenerator<unknown[][], void, undefined> {
  const formats = Array.from({ length: columns }, () => null);
  for await (const { pieces } of wireRowsOf(session, { ...bound, formats })) {
    yield pieces.flatMap((rows) => rows.arrays());
  }
}

/**
 * Ends when all rows were read, never before. Left early, it breaks off what runs and spoils the session.
 * @throws ParqueueError what a session throws
 */
export async function* wireRowsOf(
  session: PostgresSession,
  { text, binds, formats }: WireWish,
): AsyncGenerator<WireChunk, void, undefined> {
  let whole = false;
  try {
    const reader = await session.call(async (connection) => connection.rows({ text, values: binds, formats }));
    for (;;) {
      const chunk = await session.call((connection) => connection.next(reader));
      if (chunk.pieces.length === 0) break;
      yield chunk;
    }
    whole = true;
  } finally {
    if (!whole) session.spoil();
  }
}

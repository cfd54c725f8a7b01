/**
 * Rows of one executed statement, in chunks. The next chunk is asked for before the current one is handed out, so that
 * the database and the network work while rows are encoded.
 */
import type { Metadata, ResultSet } from 'oracledb';
import { ParqueueError } from '../../model/errors.ts';
import type { Bound } from '../sql/database.ts';
import { columnsChanged, FETCH_BYTES, FETCH_ROWS, fetchRowsAfter } from '../sql/rows.ts';
import type { OracleBinds } from './bind.ts';
import { fetchTypeHandler } from './fetch-types.ts';
import type { OracleSession } from './driver.ts';

/** LOBs have no declared size, and 32 MB of text are 64 MB in memory. */
const LOB_BYTES = 8 * 1024 * 1024;

const FETCH_ROWS_MIN = 4;

/** Rows of the first chunk. Fewer than FETCH_ROWS: later ones are made by what the rows really hold. */
export function fetchRowsFor(described: readonly Pick<Metadata<unknown>, 'byteSize' | 'dbTypeName'>[]): number {
  let rowBytes = 0;
  for (const { byteSize, dbTypeName } of described) {
    rowBytes += /LOB|LONG|JSON|XML/.test(dbTypeName ?? '') ? LOB_BYTES : (byteSize ?? 32);
  }
  return Math.max(FETCH_ROWS_MIN, Math.min(FETCH_ROWS, Math.floor(FETCH_BYTES / Math.max(1, rowBytes))));
}

export interface RowsWish extends Bound<OracleBinds> {
  readonly columns: number;
  /** Of the first chunk. */
  readonly fetchRows: number;
}

/**
 * Ends when all rows were read, never before. Left early, it breaks off what runs and spoils the session.
 * @throws ParqueueError what a session throws
 */
export async function* rowsOf(session: OracleSession, wish: RowsWish): AsyncGenerator<unknown[][], void, undefined> {
  let whole = false;
  try {
    const results = await executed(session, wish);
    let fetchRows = wish.fetchRows;
    let next = asked(session, results, fetchRows);
    for (;;) {
      const rows = await next;
      // A chunk shorter than asked for is no proof of the end; an empty one is.
      if (rows.length === 0) break;
      fetchRows = fetchRowsAfter(rows, fetchRows);
      next = asked(session, results, fetchRows);
      yield rows;
    }
    await session.call(() => results.close());
    whole = true;
  } finally {
    if (!whole) session.spoil();
  }
}

async function executed(
  session: OracleSession,
  { text, binds, columns, fetchRows }: RowsWish,
): Promise<ResultSet<unknown[]>> {
  const { resultSet } = await session.call((connection) =>
    connection.execute<unknown[]>(text, binds, {
      resultSet: true,
      fetchTypeHandler,
      prefetchRows: fetchRows,
      fetchArraySize: fetchRows,
      // Its buffers are large, and the next load comes with another connection as likely as with this one.
      keepInStmtCache: false,
    }),
  );
  if (resultSet === undefined) throw new ParqueueError('PQ_INTERNAL', 'the driver gave no result set for a query');
  if (resultSet.metaData.length !== columns) {
    // The table was altered between describe and execute: rows would go under other columns' names.
    throw columnsChanged('ORA-01466');
  }
  return resultSet;
}

function asked(session: OracleSession, results: ResultSet<unknown[]>, rows: number): Promise<unknown[][]> {
  const asking = session.call(() => results.getRows(rows));
  // Whoever reads the rows meets the failure; until then nobody listens.
  asking.catch(() => undefined);
  return asking;
}

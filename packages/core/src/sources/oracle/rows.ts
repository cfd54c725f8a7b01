/**
 * Rows of one executed statement, in chunks. The next chunk is asked for before the current one is handed out, so that
 * the database and the network work while rows are encoded.
 */
import type { Metadata, ResultSet } from 'oracledb';
import { ParqueueError } from '../../model/errors.ts';
import { fetchTypeHandler } from './fetch-types.ts';
import type { Bound } from './question.ts';
import type { Session } from './session.ts';

/** Measured: 5,000 and 10,000 rows per fetch are 10 to 20 % slower, and take more memory. */
const FETCH_ROWS = 1000;

/** What a chunk may hold; three are in memory at once: the driver's own, the one being encoded, and the next. */
const FETCH_BYTES = 32 * 1024 * 1024;

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

/** How many rows to ask for after these came; a few large rows among small ones shall not meet with a large chunk. */
export function fetchRowsAfter(rows: readonly (readonly unknown[])[], asked: number): number {
  if (asked >= FETCH_ROWS) return asked;
  const rowBytes = rows.reduce((sum, row) => sum + bytesOf(row), 0) / Math.max(1, rows.length);
  return Math.max(1, Math.min(FETCH_ROWS - 1, 2 * asked, Math.floor(FETCH_BYTES / Math.max(1, rowBytes))));
}

/** At most, as the engine keeps texts with one or with two bytes per character. */
function bytesOf(row: readonly unknown[]): number {
  let bytes = 0;
  for (const value of row) {
    if (typeof value === 'string') bytes += 2 * value.length;
    else if (Buffer.isBuffer(value)) bytes += value.length;
    else bytes += 16;
  }
  return bytes;
}

export interface RowsWish extends Bound {
  readonly columns: number;
  /** Of the first chunk. */
  readonly fetchRows: number;
}

/**
 * Ends when all rows were read, never before. Left early, it breaks off what runs and spoils the session.
 * @throws ParqueueError what a session throws
 */
export async function* rowsOf(session: Session, wish: RowsWish): AsyncGenerator<unknown[][], void, undefined> {
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
  session: Session,
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
    throw new ParqueueError('PQ_SOURCE_UNSTABLE', 'the columns of the statement changed while it was loaded', {
      details: { database: 'ORA-01466' },
    });
  }
  return resultSet;
}

function asked(session: Session, results: ResultSet<unknown[]>, rows: number): Promise<unknown[][]> {
  const asking = session.call(() => results.getRows(rows));
  // Whoever reads the rows meets the failure; until then nobody listens.
  asking.catch(() => undefined);
  return asking;
}

/**
 * One chunk of each in turn, until all have ended: one order for one set of rows. All of them work from the beginning;
 * left early, `stop` has to end what they wait for.
 */
export async function* inTurn<T>(
  sources: readonly AsyncGenerator<T, void, undefined>[],
  stop: () => void,
): AsyncGenerator<T, void, undefined> {
  const running = new Map(sources.map((source) => [source, begun(source)]));
  try {
    while (running.size > 0) {
      for (const [source, next] of running) {
        const result = await next;
        if (result.done === true) {
          running.delete(source);
          continue;
        }
        running.set(source, begun(source));
        yield result.value;
      }
    }
  } finally {
    if (running.size > 0) stop();
    await Promise.allSettled([...running.keys()].map((source) => source.return()));
  }
}

function begun<T>(source: AsyncGenerator<T, void, undefined>): Promise<IteratorResult<T, void>> {
  const next = source.next();
  // Its failure is met when its turn comes.
  next.catch(() => undefined);
  return next;
}

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

/** Two chunks are in memory at once, and values of the declared size are rare; this bounds the worst of them. */
const FETCH_BYTES = 32 * 1024 * 1024;

/** LOBs have no declared size. */
const LOB_BYTES = 256 * 1024;

const FETCH_ROWS_MIN = 10;

export function fetchRowsFor(described: readonly Pick<Metadata<unknown>, 'byteSize' | 'dbTypeName'>[]): number {
  let rowBytes = 0;
  for (const { byteSize, dbTypeName } of described) {
    rowBytes += /LOB|LONG|JSON|XML/.test(dbTypeName ?? '') ? LOB_BYTES : (byteSize ?? 32);
  }
  return Math.max(FETCH_ROWS_MIN, Math.min(FETCH_ROWS, Math.floor(FETCH_BYTES / Math.max(1, rowBytes))));
}

export interface RowsWish extends Bound {
  readonly columns: number;
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
    let next = asked(session, results, wish.fetchRows);
    for (;;) {
      const rows = await next;
      // A chunk shorter than asked for is no proof of the end; an empty one is.
      if (rows.length === 0) break;
      next = asked(session, results, wish.fetchRows);
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

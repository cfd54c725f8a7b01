/**
 * Rows of one executed statement, in chunks. The next chunk is asked for before the current one is handed out, so that
 * the database and the network work while rows are encoded.
 */
import type { Metadata, ResultSet } from 'oracledb';
import { ParqueueError } from '../../model/errors.ts';
import type { Chunk, Wire } from '../sql/wire/fields.ts';
import type { Bound } from '../sql/database.ts';
import { columnsChanged, FETCH_BYTES, FETCH_ROWS, fetchRowsAfter } from '../sql/rows.ts';
import type { OracleBinds } from './bind.ts';
import { fetchTypeHandler } from './fetch-types.ts';
import type { OracleSession } from './driver.ts';
import { CutChunk, cutRows, type CutStatement } from './row-cutter.ts';

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

export interface WireWish extends RowsWish {
  readonly wires: readonly (Wire | null)[];
}

/**
 * Ends when all rows were read, never before. Left early, it breaks off what runs and spoils the session.
 * @throws ParqueueError what a session throws
 */
export async function* rowsOf(session: OracleSession, wish: RowsWish): AsyncGenerator<unknown[][], void, undefined> {
  for await (const chunk of chunksOf(session, wish, null)) if (!('pieces' in chunk)) yield chunk;
}

/** As they came over the wire, where this driver's are taken from it (row-cutter.ts); otherwise as rowsOf. */
export async function* wireRowsOf(session: OracleSession, wish: WireWish): AsyncGenerator<Chunk, void, undefined> {
  yield* chunksOf(session, wish, wish.wires);
}

async function* chunksOf(
  session: OracleSession,
  wish: RowsWish,
  wires: WireWish['wires'] | null,
): AsyncGenerator<Chunk, void, undefined> {
  let whole = false;
  let cut: CutStatement | null = null;
  try {
    if (wires !== null) cut = await session.call(async (connection) => cutRows(connection, wires));
    const results = await executed(session, cut, wish);
    let fetchRows = wish.fetchRows;
    let next = asked(session, results, fetchRows);
    for (;;) {
      const rows = await next;
      // A chunk shorter than asked for is no proof of the end; an empty one is.
      if (rows === null) break;
      fetchRows = fetchRowsAfter(rows, fetchRows);
      next = asked(session, results, fetchRows);
      yield rows;
    }
    await session.call(() => results.close());
    whole = true;
  } finally {
    cut?.end();
    if (!whole) session.spoil();
  }
}

async function executed(
  session: OracleSession,
  cut: CutStatement | null,
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
  cut?.attach(resultSet);
  return resultSet;
}

function asked(session: OracleSession, results: ResultSet<unknown[]>, rows: number): Promise<Chunk | null> {
  const asking = session.call(async () => chunkOf(await results.getRows(rows)));
  // Whoever reads the rows meets the failure; until then nobody listens.
  asking.catch(() => undefined);
  return asking;
}

/** What was taken from the driver comes as one. null: the end. */
function chunkOf(rows: unknown[][]): Chunk | null {
  const [chunk]: readonly unknown[] = rows;
  if (chunk instanceof CutChunk) return chunk;
  return rows.length === 0 ? null : rows;
}

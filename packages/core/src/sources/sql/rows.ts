/** Chunks of rows: how large they may be, and how those of several sessions become one sequence. */
import { ParqueueError } from '../../model/errors.ts';
import type { Chunk, WireRows } from './wire/fields.ts';
import { ofKind } from './faults.ts';

/** Measured with node-oracledb: 5,000 and 10,000 rows per fetch are 10 to 20 % slower, and take more memory. */
export const FETCH_ROWS = 1000;

/** What a chunk may hold; three are in memory at once: the driver's own, the one being encoded, and the next. */
export const FETCH_BYTES = 32 * 1024 * 1024;

/** The table was altered between describe and execute: rows would go under other columns' names. `code`: the database's. */
export function columnsChanged(code: string): ParqueueError {
  const error = new ParqueueError('PQ_SOURCE_UNSTABLE', 'the columns of the statement changed while it was loaded', {
    details: { database: code },
  });
  return ofKind('snapshot-lost', error);
}

/** How many rows to ask for after these came; a few large rows among small ones shall not meet with a large chunk. */
export function fetchRowsAfter(chunk: Chunk, asked: number): number {
  if (asked >= FETCH_ROWS) return asked;
  const { rows, bytes } = sizeOf(chunk);
  const rowBytes = bytes / Math.max(1, rows);
  return Math.max(1, Math.min(FETCH_ROWS - 1, 2 * asked, Math.floor(FETCH_BYTES / Math.max(1, rowBytes))));
}

function sizeOf(chunk: Chunk): { readonly rows: number; readonly bytes: number } {
  if (!('pieces' in chunk)) return { rows: chunk.length, bytes: chunk.reduce((sum, row) => sum + bytesOf(row), 0) };
  const sum = (of: (rows: WireRows) => number): number => chunk.pieces.reduce((total, rows) => total + of(rows), 0);
  return { rows: sum(({ rows }) => rows), bytes: sum(({ wireBytes }) => wireBytes) };
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

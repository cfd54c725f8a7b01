/** Reads some rows in a thread of its own: decoding must not hold up other answers, nor a bad file the process. */
import { toFailure } from '@parqueue/core';
import { readRows, type RowsWish } from '@parqueue/core/parquet';
import type { RowsReport } from './protocol.ts';

export default async function readRowsInThread(wish: RowsWish): Promise<RowsReport> {
  try {
    return { kind: 'rows', reading: await readRows(wish) };
  } catch (error) {
    return { kind: 'failed', failure: toFailure(error) };
  }
}

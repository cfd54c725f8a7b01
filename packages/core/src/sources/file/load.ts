/**
 * Table → Parquet file: one COPY inside DuckDB, watched while it runs, and its result compared with what was asked.
 * The bytes depend on the rows and the request only: no file name, time or thread count shows in them.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isParqueueError, ParqueueError } from '../../model/errors.ts';
import type { ParquetOptions } from '../../model/request.ts';
import type { SourceContext } from '../../ports/source.ts';
import { readFooterOf, type ParquetFooter } from '../../parquet/footer.ts';
import { refusedValue, shown } from './declared-type.ts';
import { duckDbMessage, literal, quoted, type DuckDbSession } from './duckdb.ts';
import { writeError } from './disk-error.ts';
import type { Table } from './table.ts';

const WATCH_MS = 250;

const CODECS: Readonly<Record<ParquetOptions['compression'], string>> = {
  zstd: 'zstd',
  snappy: 'snappy',
  none: 'uncompressed',
};

export interface LoadPlan {
  readonly table: Table;
  readonly target: string;
  readonly parquet: ParquetOptions;
  readonly context: SourceContext;
  /** Bytes of the source file, for progress. */
  readonly sourceBytes: number;
  readonly scratch: string;
  /** Turns a parser's complaint into a coded error, or null. */
  readonly explain: (error: unknown) => ParqueueError | null;
}

/** @returns the footer of the file written. */
export async function copyToParquet(session: DuckDbSession, plan: LoadPlan): Promise<ParquetFooter> {
  const { table, context } = plan;
  assertRows(table.rows ?? 0, context.limits.rowsMax);
  await context.onFirstBatch();
  const watch = watchCopy(session, plan);
  let reported: number;
  try {
    const [[count] = []] = await session.run(copyStatement(plan));
    reported = Number(count);
  } catch (error) {
    throw await explained(error, plan);
  } finally {
    clearInterval(watch);
  }
  const footer = await readFooterOf(plan.target);
  assertRows(footer.rows, context.limits.rowsMax);
  assertBytes(footer.fileBytes, context.limits.bytesMax);
  if (footer.rows !== reported || (table.rows !== null && footer.rows !== table.rows)) {
    throw new ParqueueError(
      'PQ_MALFORMED_SOURCE',
      `the file says it has ${table.rows ?? reported} rows, and ${footer.rows} could be decoded`,
    );
  }
  return footer;
}

export function assertRows(rows: number, rowsMax: number): void {
  if (rows <= rowsMax) return;
  throw new ParqueueError('PQ_LIMIT_EXCEEDED', `the source has more than the limit of ${rowsMax} rows`, {
    details: { limit: 'rows', rowsMax },
  });
}

export function assertBytes(bytes: number, bytesMax: number): void {
  if (bytes > bytesMax) throw tooManyBytes(bytesMax);
}

function copyStatement({ table, target, parquet }: LoadPlan): string {
  const columns = table.columns.map(({ name, expression }) => `${expression} AS ${quoted(name)}`);
  return (
    `COPY (SELECT ${columns.join(', ')} FROM ${table.relation}) TO ${literal(target)} (FORMAT parquet, `
    + `COMPRESSION ${CODECS[parquet.compression]}, ROW_GROUP_SIZE ${parquet.rowGroupRows}, USE_TMP_FILE false)`
  );
}

/** DuckDB tells nothing while it copies; the file's growth is what there is to see. */
function watchCopy(session: DuckDbSession, plan: LoadPlan): NodeJS.Timeout {
  const { context, sourceBytes } = plan;
  return setInterval(() => {
    const share = session.progress();
    const bytes = share === null ? 0 : Math.round(share * sourceBytes);
    context.onProgress({ phase: 'reading', rows: 0, bytes, bytesTotal: sourceBytes });
    stat(plan.target).then(
      ({ size }) => {
        if (size > context.limits.bytesMax) session.stop(tooManyBytes(context.limits.bytesMax));
      },
      () => {
        // Not made yet.
      },
    );
  }, WATCH_MS);
}

async function explained(error: unknown, plan: LoadPlan): Promise<unknown> {
  const message = error instanceof Error ? error.message : String(error);
  const refused = refusedValue(message);
  if (refused !== null) return plan.table.blame(refused);
  return duckDbError(error, plan) ?? plan.explain(error) ?? error;
}

/** Errors that any statement can meet: the disk, the memory, the limit. */
export function duckDbError(
  error: unknown,
  { scratch, target }: Pick<LoadPlan, 'scratch' | 'target'>,
): ParqueueError | null {
  if (isParqueueError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (/No space left on device|Disk quota exceeded/.test(text)) {
    return writeError(Object.assign(new Error(text), { code: 'ENOSPC' }), text.includes(target) ? 'store' : 'scratch');
  }
  if (/max_temp_directory_size|failed to offload/i.test(text))
    return writeError(Object.assign(new Error(text), { code: 'ENOSPC' }), 'scratch');
  if (text.startsWith('Out of Memory Error')) {
    return new ParqueueError(
      'PQ_LIMIT_EXCEEDED',
      'the load needs more memory than the worker allows it: raise the memory of its threads, '
        + 'or lower parquet.rowGroupRows',
      { details: { limit: 'memory' }, cause: error },
    );
  }
  if (
    /^IO Error: Could not (write|create|open|truncate|sync)/.test(text)
    || /^IO Error: (Cannot open|Failed to write)/.test(text)
  ) {
    return writeError(
      new Error(duckDbMessage(error, [scratch, dirname(target)])),
      text.includes(target) ? 'store' : 'scratch',
    );
  }
  return null;
}

export function valueError(refused: { column: string; type: string; value: string }): ParqueueError {
  return new ParqueueError(
    'PQ_VALUE_OUT_OF_RANGE',
    `column ${refused.column}: ${shown(refused.value)} cannot be held by ${refused.type} `
      + 'without loss; declare a wider type',
    { details: { column: refused.column, type: refused.type } },
  );
}

function tooManyBytes(bytesMax: number): ParqueueError {
  return new ParqueueError('PQ_LIMIT_EXCEEDED', `the result is larger than the limit of ${bytesMax} bytes`, {
    details: { limit: 'bytes', bytesMax },
  });
}

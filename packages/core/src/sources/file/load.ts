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
import { inPlace, isSystemError, placeError, throwIfAborted } from './disk-error.ts';
import type { Guess, Table } from './table.ts';

const WATCH_MS = 250;

/**
 * DuckDB fills one row group per thread, in memory: larger ones spill within our limit, and leave a thread without
 * work at the end. 120 of its vectors of 2,048 rows.
 */
const ROW_GROUP_ROWS_MAX = 245_760;

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

export interface Loaded {
  readonly footer: ParquetFooter;
  /** What was loaded in the end. */
  readonly table: Table;
}

export async function copyToParquet(session: DuckDbSession, plan: LoadPlan): Promise<Loaded> {
  const { context } = plan;
  assertRows(plan.table.rows ?? 0, context.limits.rowsMax);
  await context.onFirstBatch();
  const first = await copyOnce(session, plan);
  if ('reported' in first) return checked(plan, plan.table, first.reported);
  assertRows(first.table.rows ?? 0, context.limits.rowsMax);
  const second = await copyOnce(session, { ...plan, table: first.table });
  if ('reported' in second) return checked(plan, first.table, second.reported);
  throw new ParqueueError('PQ_INTERNAL', 'types that held for all rows of the file were refused when it was loaded');
}

/**
 * Loads what was guessed while the guess is being proved. Whatever comes in between, the file's own faults among it, is told
 * by the load that guesses nothing: in the same words as ever.
 * @returns null where the guess does not hold, or what it would have made cannot be had.
 */
export async function copyGuess(
  session: DuckDbSession,
  plan: Omit<LoadPlan, 'table'>,
  { table, records }: Guess,
): Promise<Loaded | null> {
  const { context } = plan;
  await context.onFirstBatch();
  const watch = watchCopy(session, plan);
  const failed = new AbortController();
  try {
    const counting = records(AbortSignal.any([context.signal, failed.signal])).then((counted) => {
      if (counted === null) session.stop(new ParqueueError('PQ_INTERNAL', 'the guess is refuted'));
      return counted;
    });
    const copying = session.run(copyStatement({ ...plan, table })).catch((error: unknown) => {
      failed.abort();
      throw error;
    });
    const [copied, counted] = await Promise.allSettled([copying, counting]);
    throwIfAborted(context.signal);
    if (copied.status === 'rejected') {
      const known = duckDbError(copied.reason, plan);
      if (known?.code === 'PQ_STORE_FULL' || known?.code === 'PQ_STORE_IO') throw known;
      return null;
    }
    const reported = Number(copied.value[0]?.[0]);
    if (counted.status === 'rejected' || counted.value !== reported) return null;
    return await checked({ ...plan, table }, table, reported);
  } finally {
    clearInterval(watch);
  }
}

/** @returns the rows written, or the table to try instead. */
async function copyOnce(session: DuckDbSession, plan: LoadPlan): Promise<{ reported: number } | { table: Table }> {
  const watch = watchCopy(session, plan);
  try {
    const [[count] = []] = await session.run(copyStatement(plan));
    return { reported: Number(count) };
  } catch (error) {
    try {
      return { table: await tableInstead(error, plan) };
    } catch (failure) {
      throw duckDbError(failure, plan) ?? plan.explain(failure) ?? failure;
    }
  } finally {
    clearInterval(watch);
  }
}

/** @throws the error to report where nothing else can be tried. */
async function tableInstead(error: unknown, { table }: LoadPlan): Promise<Table> {
  const refused = refusedValue(error instanceof Error ? error.message : String(error));
  if (refused === null) throw error;
  const widened = (await table.widened?.(refused)) ?? null;
  if (widened === null) throw await table.blame(refused);
  return widened;
}

async function checked(plan: LoadPlan, table: Table, reported: number): Promise<Loaded> {
  const { limits } = plan.context;
  const footer = await inPlace('store', () => readFooterOf(plan.target));
  assertRows(footer.rows, limits.rowsMax);
  assertBytes(footer.fileBytes, limits.bytesMax);
  if (footer.rows !== reported || (table.rows !== null && footer.rows !== table.rows)) {
    throw new ParqueueError(
      'PQ_MALFORMED_SOURCE',
      `the file says it has ${table.rows ?? reported} rows, and ${footer.rows} could be decoded`,
    );
  }
  return { footer, table };
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
    + `COMPRESSION ${CODECS[parquet.compression]}, ROW_GROUP_SIZE ${Math.min(parquet.rowGroupRows, ROW_GROUP_ROWS_MAX)}, USE_TMP_FILE false)`
  );
}

/** DuckDB tells nothing while it copies; the file's growth is what there is to see. */
function watchCopy(session: DuckDbSession, plan: Omit<LoadPlan, 'table'>): NodeJS.Timeout {
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

/**
 * A read that the system refuses. Other ones are the file's own fault: a length that lies makes DuckDB ask for bytes that it
 * cannot have (`Invalid argument`), or that are not there.
 */
const DISK_FAILS =
  /^IO Error: Could not (read from|seek).*: (Input\/output error|Stale file handle|Connection timed out|Remote I\/O error|Structure needs cleaning)/;

/** Errors that any statement can meet: the disk, the memory, the limit. */
export function duckDbError(
  error: unknown,
  { scratch, target }: Pick<LoadPlan, 'scratch' | 'target'>,
): ParqueueError | null {
  if (isParqueueError(error)) return error;
  if (isSystemError(error)) return placeError(error, 'scratch');
  const text = error instanceof Error ? error.message : String(error);
  const place = text.includes(target) ? 'store' : 'scratch';
  if (/No space left on device|Disk quota exceeded|File too large/.test(text))
    return placeError(Object.assign(new Error(text), { code: 'ENOSPC' }), place);
  if (/max_temp_directory_size|failed to offload/i.test(text))
    return placeError(Object.assign(new Error(text), { code: 'ENOSPC' }), 'scratch');
  if (text.startsWith('Out of Memory Error')) {
    return new ParqueueError(
      'PQ_LIMIT_EXCEEDED',
      'the load needs more memory than the worker allows it: raise the memory of its threads, '
        + 'or lower parquet.rowGroupRows',
      { details: { limit: 'memory' }, cause: error },
    );
  }
  if (
    /^IO Error: Could not (write|create|open|truncate|f?sync)/.test(text)
    || /^IO Error: (Cannot open|Failed to write)/.test(text)
    || DISK_FAILS.test(text)
  )
    return placeError(new Error(duckDbMessage(error, [scratch, dirname(target)]).split('\n')[0]), place);
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

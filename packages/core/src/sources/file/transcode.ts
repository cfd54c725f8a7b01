/**
 * The private copy of a source file → one Parquet file, by whichever decoder takes it. DuckDB takes most; Arrow files
 * go batch by batch; Parquet that DuckDB refuses is tried with parquet-wasm. Whoever decodes, the rows are counted.
 */
import { dirname, join } from 'node:path';
import { isParqueueError, ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest, FileQuestion } from '../../model/request.ts';
import type { SourceContext } from '../../ports/source.ts';
import type { ParquetFooter } from '../../parquet/footer.ts';
import type { WriteOptions } from '../../parquet/writer.ts';
import { writeArrow, writeParquetAgain } from './batches.ts';
import { decodeError, decodingOf } from './decode.ts';
import { inPlace } from './disk-error.ts';
import { openDuckDb, type DuckDbOptions } from './duckdb.ts';
import { copyGuess, copyToParquet, duckDbError, type Loaded } from './load.ts';

export interface TranscodePlan {
  readonly duckdb: DuckDbOptions;
  readonly request: CanonicalRequest;
  readonly question: FileQuestion;
  readonly context: SourceContext;
  readonly path: string;
  readonly scratch: string;
  /** Absolute. */
  readonly target: string;
  readonly sourceBytes: number;
  /** Larger files are guessed from so many bytes at their beginning; null: none is. */
  readonly guessFromBytes: number | null;
}

export interface Transcoded {
  readonly footer: ParquetFooter;
  /** Where each column comes from, in the order of the footer's. */
  readonly sources: readonly { readonly sourceType: string; readonly note?: string }[];
  /** Of the file written, where it was hashed on the way. */
  readonly sha256: string | null;
}

export async function transcode(plan: TranscodePlan): Promise<Transcoded> {
  // A second try after a guess is no second beginning.
  let begun: void | Promise<void> = undefined;
  const context = { ...plan.context, onFirstBatch: () => (begun ??= Promise.resolve(plan.context.onFirstBatch())) };
  // The source was read before; what is written is told where it is written.
  return await inPlace('scratch', () => byAnyDecoder({ ...plan, context }));
}

async function byAnyDecoder(plan: TranscodePlan): Promise<Transcoded> {
  if (plan.question.format === 'arrow') return throughBatches(plan);
  try {
    return await throughDuckDb(plan);
  } catch (error) {
    if (plan.question.format !== 'parquet' || !isParqueueError(error) || error.code !== 'PQ_MALFORMED_SOURCE')
      throw error;
    return await otherwise(plan, error);
  }
}

/** Two decoders refusing a file name it malformed; the first one's words are the better ones. */
async function otherwise(plan: TranscodePlan, first: ParqueueError): Promise<Transcoded> {
  try {
    return await throughBatches(plan);
  } catch (error) {
    if (!isParqueueError(error)) throw error;
    if (error.code !== 'PQ_MALFORMED_SOURCE' && error.code !== 'PQ_UNSUPPORTED_TYPE') throw error;
    throw new ParqueueError(first.code, first.message, {
      cause: error,
      details: { ...first.details, ...error.details },
    });
  }
}

async function throughDuckDb(plan: TranscodePlan): Promise<Transcoded> {
  const guessed = plan.guessFromBytes === null ? null : await throughSession(plan);
  // A guess that was refuted leaves its engine stopped, or worse; the next one gets an engine of its own.
  const loaded = guessed ?? (await throughSession({ ...plan, guessFromBytes: null }));
  if (loaded === null) throw new ParqueueError('PQ_INTERNAL', 'a load without a guess has nothing to be refuted');
  const { footer, table } = loaded;
  const sources = table.columns.map(({ sourceType, note }) => ({
    sourceType,
    ...(note === undefined ? {} : { note }),
  }));
  return { footer, sources, sha256: null };
}

/** @returns null where something was guessed and does not hold. */
async function throughSession(plan: TranscodePlan): Promise<Loaded | null> {
  const { context, request, target, scratch, sourceBytes } = plan;
  const directories = [scratch, dirname(target)];
  const decode = { ...plan, directories, signal: context.signal };
  const explain = (error: unknown): ParqueueError | null => decodeError(error, decode);
  await using session = await openDuckDb(plan.duckdb, { scratch, directories, signal: context.signal });
  const load = { target, parquet: request.parquet, context, sourceBytes, scratch, explain };
  const found = await decodingOf(session, decode)
    .then(async ({ guess, table }) => guess ?? (await table()))
    .catch((error: unknown) => {
      throw duckDbError(error, plan) ?? explain(error) ?? error;
    });
  return 'records' in found
    ? await copyGuess(session, load, found)
    : await copyToParquet(session, { ...load, table: found });
}

async function throughBatches(plan: TranscodePlan): Promise<Transcoded> {
  const { request, question, context } = plan;
  const typed = Object.keys(request.columnTypes);
  const wanted = { columns: request.columns, typed };
  const write = question.format === 'arrow' ? writeArrow : writeParquetAgain;
  const options: WriteOptions = {
    parquet: request.parquet,
    signal: context.signal,
    rowsMax: context.limits.rowsMax,
    bytesMax: context.limits.bytesMax,
    onFirstBatch: context.onFirstBatch,
    onProgress: ({ rows, bytes }) => {
      context.onProgress({ phase: 'reading', rows, bytes, bytesTotal: null });
    },
  };
  if (typed.length === 0) {
    const { written, types } = await write(plan.path, plan.target, wanted, options);
    return { footer: written.footer, sources: types.map((sourceType) => ({ sourceType })), sha256: written.sha256 };
  }
  // Casts are DuckDB's: it gets the wanted columns as a Parquet file it can read.
  const middle = join(plan.scratch, 'decoded.parquet');
  const { types } = await write(plan.path, middle, wanted, {
    ...options,
    parquet: { ...request.parquet, compression: 'snappy' },
    onFirstBatch: () => undefined,
    onProgress: () => undefined,
  });
  const result = await throughDuckDb({ ...plan, path: middle, question: { ...question, format: 'parquet' } });
  return { ...result, sources: types.map((sourceType) => ({ sourceType })) };
}

/**
 * Files that reach Parquet as Arrow batches and not through DuckDB: Arrow IPC (file and stream), and the Parquet
 * encodings DuckDB refuses but parquet-wasm reads (Hadoop LZ4, some encodings, one form of MAP).
 */
import { openAsBlob } from 'node:fs';
import { open } from 'node:fs/promises';
import { RecordBatchReader, Schema, tableFromIPC, type RecordBatch } from 'apache-arrow';
import { ParquetFile } from 'parquet-wasm';
import { isParqueueError, ParqueueError } from '../../model/errors.ts';
import { readFooterOf } from '../../parquet/footer.ts';
import { isSpoilt, isTrap, orTrap } from '../../parquet/wasm-traps.ts';
import { writeParquetFile, type WriteOptions, type Written } from '../../parquet/writer.ts';
import { assertWholeArrow } from './arrow-frames.ts';
import { isSystemError, placeError, type Place } from './disk-error.ts';
import { assertColumns, wantedColumns } from './table.ts';

export interface BatchFile {
  readonly format: 'Arrow' | 'Parquet';
  readonly schema: Schema;
  readonly batches: AsyncIterable<RecordBatch>;
  /** Rows by the file's own account, or null where it keeps none. */
  readonly rows: number | null;
}

export interface Wanted {
  readonly columns: readonly string[] | null;
  readonly typed: readonly string[];
}

/** Writes the wanted columns of an Arrow file. @returns what was written, and the columns' types in Arrow's words */
export async function writeArrow(
  path: string,
  target: string,
  wanted: Wanted,
  options: WriteOptions,
): Promise<{ written: Written; types: readonly string[] }> {
  await using handle = await open(path, 'r');
  await assertWholeArrow(handle);
  // A file (magic number ARROW1) is read by its footer, a stream from its beginning; the reader tells them apart.
  const reader = await refusing('Arrow', async () => {
    const found = await RecordBatchReader.from(handle);
    await found.open();
    // It takes a file without a schema for a stream of nothing, whatever its types say.
    if ((found.schema as Schema | undefined) === undefined) throw new Error('it has no schema');
    return found;
  });
  const file: BatchFile = { format: 'Arrow', schema: reader.schema, batches: arrowBatches(reader), rows: null };
  const written = await writeWanted(file, target, wanted, options);
  return { written, types: written.schema.fields.map((field) => `arrow:${String(field.type)}`) };
}

/** The same for a Parquet file, decoded by parquet-wasm. */
export async function writeParquetAgain(
  path: string,
  target: string,
  wanted: Wanted,
  options: WriteOptions,
): Promise<{ written: Written; types: readonly string[] }> {
  const footer = await readFooterOf(path);
  const file = await refusing('Parquet', async () => orTrap(ParquetFile.fromFile(await openAsBlob(path))));
  try {
    const schema = await refusing('Parquet', async () => tableFromIPC(file.schema().intoIPCStream()).schema);
    const written = await writeWanted(
      { format: 'Parquet', schema, batches: wasmBatches(file), rows: footer.rows },
      target,
      wanted,
      options,
    );
    const types = written.schema.fields.map(
      ({ name }) => `parquet:${footer.columns.find((column) => column.name === name)?.type ?? ''}`,
    );
    return { written, types };
  } finally {
    if (!isSpoilt()) file.free();
  }
}

async function writeWanted(
  file: BatchFile,
  target: string,
  wanted: Wanted,
  options: WriteOptions,
): Promise<Written & { schema: Schema }> {
  const available = file.schema.fields.map(({ name }) => name);
  assertColumns(available.length);
  const twice = available.find((name, i) => available.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ParqueueError('PQ_MALFORMED_SOURCE', `the file has two columns of the name ${twice}; give each its own`);
  const indices = wantedColumns(available, wanted.columns, wanted.typed).map((name) => available.indexOf(name));
  // Metadata of the schema would go into the file; it may hold the writer's times and paths.
  const schema = new Schema(indices.map((i) => file.schema.fields[i]).filter((field) => field !== undefined));
  // What the caller's own step throws says nothing of the file.
  const thrown: unknown[] = [];
  const onFirstBatch = async (): Promise<void> => {
    try {
      await options.onFirstBatch?.();
    } catch (error) {
      thrown.push(error);
      throw error;
    }
  };
  // What the writer's checks refuse is what the file brought: offsets and lengths that point nowhere.
  const written = await refusing(
    file.format,
    () => writeParquetFile(target, schema, selected(file.batches, indices), { ...options, onFirstBatch }),
    'store',
  ).catch((error: unknown) => {
    throw thrown.length > 0 ? thrown[0] : error;
  });
  if (file.rows !== null && written.rows !== file.rows) {
    throw new ParqueueError(
      'PQ_MALFORMED_SOURCE',
      `the file says it has ${file.rows} rows, and ${written.rows} could be decoded`,
    );
  }
  return { ...written, schema };
}

async function* selected(batches: AsyncIterable<RecordBatch>, indices: readonly number[]): AsyncGenerator<RecordBatch> {
  for await (const batch of batches) yield batch.selectAt([...indices]);
}

async function* arrowBatches(reader: RecordBatchReader): AsyncGenerator<RecordBatch> {
  const iterator = (reader as unknown as AsyncIterable<RecordBatch>)[Symbol.asyncIterator]();
  for (;;) {
    const result = await refusing('Arrow', () => iterator.next());
    if (result.done === true) return;
    yield result.value;
  }
}

async function* wasmBatches(file: ParquetFile): AsyncGenerator<RecordBatch> {
  // 64k batches are read 1.5 times as fast as the default of 1,024 rows.
  const stream = await refusing('Parquet', () => orTrap(file.stream({ batchSize: 65_536, concurrency: 1 })));
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await refusing('Parquet', () => orTrap(reader.read()));
      if (done) return;
      yield* tableFromIPC((value as { intoIPCStream(): Uint8Array }).intoIPCStream()).batches;
    }
  } finally {
    // After a trap nobody answers any more.
    if (!isSpoilt()) await reader.cancel();
  }
}

/** What a decoder throws is about the file, unless its memory broke: then this thread is done for. */
async function refusing<T>(format: string, work: () => Promise<T>, place: Place = 'scratch'): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // A file that could not be read or written says nothing of what is in it.
    if (isSystemError(error)) throw placeError(error, place);
    const isBroken = isTrap(error) || (isParqueueError(error) && error.details['recycleThread'] === true);
    if (isParqueueError(error) && !(isBroken && error.code === 'PQ_INTERNAL')) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const code = /compress|not supported|unsupported|not implemented|NYI/i.test(message)
      ? 'PQ_UNSUPPORTED_TYPE'
      : 'PQ_MALFORMED_SOURCE';
    throw new ParqueueError(code, `the ${format} file cannot be decoded: ${message.split('\n')[0] ?? ''}`, {
      cause: error,
      details: isBroken ? { recycleThread: true } : {},
    });
  }
}

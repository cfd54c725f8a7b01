/**
 * Files of test data for demos, tests and measurements: equal arguments give equal files byte for byte, on any machine.
 */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ParqueueError } from '../model/errors.ts';
import { DEFAULT_PARQUET } from '../model/request.ts';
import { arrowSchema } from './column-type.ts';
import { chunksOf, columnarOf, csvLine, GENERATED_COLUMNS, type GenerateRows } from './generate-rows.ts';
import { batchesOf } from './row-appender.ts';
import { writeParquetFile } from './writer.ts';

export interface GenerateFile extends GenerateRows {
  /** Replaced in one step when it is complete. */
  readonly path: string;
  readonly format: 'parquet' | 'csv';
  readonly signal?: AbortSignal;
  readonly onRows?: (rows: number) => void;
}

export interface Generated {
  readonly rows: number;
  readonly bytes: number;
}

const BUFFER_BYTES = 1024 * 1024;
/** More than a chunk's lines can take. */
const CHUNK_BYTES_MAX = 64 * 1024;

/**
 * Writes the file beside its final place, syncs it and renames it, so that no reader ever sees half of it.
 * @throws ParqueueError PQ_STORE_FULL, PQ_STORE_IO, PQ_CANCELLED, PQ_INVALID_REQUEST
 */
export async function generateFile(options: GenerateFile): Promise<Generated> {
  if (!Number.isSafeInteger(options.rows) || options.rows < 0)
    throw new ParqueueError('PQ_INVALID_REQUEST', 'rows must be a whole number from 0 on');
  // Two generators of one file at a time would write through each other; the process id keeps them apart on one host.
  const draft = `${options.path}.${process.pid}.tmp`;
  try {
    const rows = options.format === 'parquet' ? await writeParquet(draft, options) : await writeCsv(draft, options);
    const bytes = await sync(draft);
    await rename(draft, options.path);
    await syncDirectory(dirname(options.path));
    return { rows, bytes };
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function writeParquet(path: string, options: GenerateFile): Promise<number> {
  const { onRows } = options;
  const written = await writeParquetFile(
    path,
    arrowSchema(GENERATED_COLUMNS),
    batchesOf(GENERATED_COLUMNS, chunksOf(options, columnarOf)),
    {
      parquet: DEFAULT_PARQUET,
      signal: options.signal ?? new AbortController().signal,
      plainColumns: ['id', 'ts', 'score'],
      ...(onRows === undefined ? {} : { onProgress: ({ rows }) => onRows(rows) }),
    },
  );
  return written.rows;
}

async function writeCsv(path: string, options: GenerateFile): Promise<number> {
  const handle = await open(path, 'w');
  try {
    const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
    let at = buffer.write(`${GENERATED_COLUMNS.map(({ name }) => name).join(',')}\n`);
    let done = 0;
    for (const lines of chunksOf(options, csvLine)) {
      at += buffer.write(lines.join(''), at);
      done += lines.length;
      if (at < BUFFER_BYTES - CHUNK_BYTES_MAX) continue;
      if (options.signal?.aborted === true)
        throw new ParqueueError('PQ_CANCELLED', 'generating was cancelled', { cause: options.signal.reason });
      await append(handle, buffer.subarray(0, at));
      at = 0;
      options.onRows?.(done);
    }
    await append(handle, buffer.subarray(0, at));
    options.onRows?.(done);
    return done;
  } finally {
    await handle.close();
  }
}

async function append(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    await handle.writeFile(bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : String(error);
    throw new ParqueueError(
      code === 'ENOSPC' ? 'PQ_STORE_FULL' : 'PQ_STORE_IO',
      `writing the generated file failed: ${String(code)}`,
      { cause: error },
    );
  }
}

async function sync(path: string): Promise<number> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

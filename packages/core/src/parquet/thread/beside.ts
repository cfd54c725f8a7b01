/**
 * Batches → one Parquet file, by the thread for files beside this one: while a batch is encoded there, the next one is
 * made here. What ends within its first batch is encoded here: it would wait for the other thread longer than it takes.
 * Both ways write the same bytes. A batch is serialised when it comes, so that the next may be made in its memory.
 */
import type { RecordBatch, Schema } from 'apache-arrow';
import { cancelled } from '../hashed-file.ts';
import { serialise, SerialisedBatch } from '../serialised-batch.ts';
import { writeParquetFile, type WriteOptions } from '../writer.ts';
import type { FileThread } from './file-thread.ts';
import type { WrittenFile } from './protocol.ts';

export type WriteBesideOptions = Omit<WriteOptions, 'plainColumns'>;

/**
 * As writeParquetFile, and nothing is written to `path` any more when this settles. A trap costs the other thread alone,
 * so that no `details.recycleThread` comes of it.
 * @param files null: all in this thread
 * @throws as writeParquetFile; ParqueueError PQ_WORKER_CRASHED where the other thread died
 */
export async function writeParquetBeside(
  files: Pick<FileThread, 'write'> | null,
  path: string,
  { schema, batches }: { readonly schema: Schema; readonly batches: AsyncIterable<RecordBatch> },
  options: WriteBesideOptions,
): Promise<WrittenFile> {
  const here = async (from: AsyncIterable<RecordBatch | SerialisedBatch>, how: WriteOptions): Promise<WrittenFile> => {
    const { rows, bytes, sha256, footer } = await writeParquetFile(path, schema, from, how);
    return { rows, bytes, sha256, columns: footer.columns };
  };
  if (files === null) return await here(batches, options);
  const { signal, onFirstBatch, ...others } = options;
  const rows = new Rows(batches[Symbol.asyncIterator](), signal);
  try {
    if (await rows.look()) await onFirstBatch?.();
    if (!(await rows.look())) return await here(read(listed(rows)), { ...others, signal });
    return await files.write({
      path,
      schema,
      batches: listed(rows),
      parquet: options.parquet,
      rowsMax: options.rowsMax ?? Number.POSITIVE_INFINITY,
      bytesMax: options.bytesMax ?? Number.POSITIVE_INFINITY,
      signal,
      onFirstBatch: () => undefined,
      onProgress: (progress) => options.onProgress?.(progress),
    });
  } finally {
    await rows.leave();
  }
}

/**
 * The batches that have rows, and the end of their source: it is left in order wherever it was left. Those that were looked
 * at are held here alone, until they are given: in a variable of who waits for the file they would be there as long as it takes.
 */
class Rows {
  readonly #iterator: AsyncIterator<RecordBatch>;
  readonly #signal: AbortSignal;
  readonly #ahead: Uint8Array[] = [];
  #isOver = false;

  constructor(iterator: AsyncIterator<RecordBatch>, signal: AbortSignal) {
    this.#iterator = iterator;
    this.#signal = signal;
  }

  /** Gets one more batch, which is given later. @returns whether there is one */
  async look(): Promise<boolean> {
    const batch = await this.#fetch();
    if (batch !== null) this.#ahead.push(batch);
    return batch !== null;
  }

  /** As the Arrow stream of it alone. */
  async next(): Promise<Uint8Array | null> {
    return this.#ahead.shift() ?? (await this.#fetch());
  }

  async #fetch(): Promise<Uint8Array | null> {
    while (!this.#isOver) {
      if (this.#signal.aborted) throw cancelled(this.#signal);
      const result = await this.#iterator.next();
      if (result.done === true) {
        this.#isOver = true;
        return null;
      }
      if (result.value.numRows > 0) return serialise(result.value);
    }
    return null;
  }

  /** A step that is under way is waited for. What is thrown here comes after the failure that led here, and is not it. */
  async leave(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await Promise.resolve(this.#iterator.return?.()).catch(() => undefined);
  }
}

async function* listed(rows: Rows): AsyncGenerator<Uint8Array, void, undefined> {
  for (let batch = await rows.next(); batch !== null; batch = await rows.next()) yield batch;
}

async function* read(batches: AsyncIterable<Uint8Array>): AsyncGenerator<SerialisedBatch, void, undefined> {
  for await (const ipc of batches) yield new SerialisedBatch(ipc);
}

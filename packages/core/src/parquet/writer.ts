/**
 * Arrow batches → one Parquet file, hashed while it is written. parquet-wasm's stream has ways of its own, each met
 * here once for all sources:
 *  - an error in the stream of batches ends the file early, in silence and with a valid footer: the error is kept
 *    aside and thrown, and the footer's row count is compared with the rows sent;
 *  - a batch of another schema is dropped in silence: it is refused before it is sent;
 *  - a stream without rows throws: an empty table is written in one shot;
 *  - its memory never shrinks, and after a trap it is undefined: tables are freed, and a trap asks for a new thread.
 * Equal batches give equal bytes: nothing of time, host or path goes in.
 */
import { Table as ArrowTable, tableToIPC, type RecordBatch, type Schema } from 'apache-arrow';
import {
  Compression,
  Table,
  transformParquetStream,
  writeParquet,
  WriterPropertiesBuilder,
  type WriterProperties,
} from 'parquet-wasm';
import { isParqueueError, ParqueueError } from '../model/errors.ts';
import type { Compression as Codec, ParquetOptions } from '../model/request.ts';
import { plainColumnsOf } from './distinct-values.ts';
import { readFooterOf, type ParquetFooter } from './footer.ts';
import { cancelled, HashedFile } from './hashed-file.ts';
import { serialise, SerialisedBatch } from './serialised-batch.ts';
import { isSpoilt, orTrap } from './wasm-traps.ts';

export interface WriteOptions {
  readonly parquet: ParquetOptions;
  readonly signal: AbortSignal;
  readonly rowsMax?: number;
  readonly bytesMax?: number;
  /** Columns that get no dictionary. Not given: those whose values hardly repeat in the first batch. */
  readonly plainColumns?: readonly string[];
  /** Called once, when there are rows, and waited for. */
  readonly onFirstBatch?: () => void | Promise<void>;
  /** Called after every piece written. */
  readonly onProgress?: (progress: { readonly rows: number; readonly bytes: number }) => void;
}

export interface Written {
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly footer: ParquetFooter;
}

const CODECS: Readonly<Record<Codec, Compression>> = {
  zstd: Compression.ZSTD,
  snappy: Compression.SNAPPY,
  none: Compression.UNCOMPRESSED,
};

/**
 * Writes `path` anew; the caller fsyncs it, and removes it where this throws. The file is never buffered whole; a row
 * group is.
 * @throws what `batches` throws, as it is; ParqueueError PQ_LIMIT_EXCEEDED, PQ_CANCELLED, PQ_STORE_FULL, PQ_STORE_IO,
 * and PQ_INTERNAL with `details.recycleThread` where this thread's wasm memory can no longer be trusted
 */
export async function writeParquetFile(
  path: string,
  schema: Schema,
  batches: AsyncIterable<RecordBatch | SerialisedBatch>,
  options: WriteOptions,
): Promise<Written> {
  const feed = new Feed(schema, batches, options);
  const sink = await HashedFile.create(path, {
    signal: options.signal,
    bytesMax: options.bytesMax ?? Number.POSITIVE_INFINITY,
    onBytes: (bytes) => options.onProgress?.({ rows: feed.rows, bytes }),
  });
  try {
    await feed.start();
    await (feed.empty ? writeEmpty(schema, sink, options) : writeStream(feed, sink, options));
  } catch (error) {
    throw feed.failure ?? trapOf(error);
  } finally {
    await feed.close();
    await sink.close();
  }
  if (feed.failure !== null) throw feed.failure;
  const footer = await readFooterOf(path);
  if (footer.rows !== feed.rows || footer.fileBytes !== sink.bytes) {
    throw new ParqueueError(
      'PQ_INTERNAL',
      `${feed.rows} rows were sent to the Parquet writer, its file holds ${footer.rows}`,
      {
        details: { recycleThread: true },
      },
    );
  }
  return { rows: footer.rows, bytes: sink.bytes, sha256: sink.digest(), footer };
}

/** A batch with rows, and its stream where it came as one. */
interface Piece {
  readonly batch: RecordBatch;
  readonly ipc: Uint8Array | null;
}

function pieceOf(given: RecordBatch | SerialisedBatch): Piece | null {
  const piece = given instanceof SerialisedBatch ? given : { batch: given, ipc: null };
  const { batch, ipc } = piece;
  return batch === undefined || batch.numRows === 0 ? null : { batch, ipc };
}

/** Hands batches to the writer one at a time, when it asks, and keeps what went wrong on the way. */
class Feed {
  rows = 0;
  failure: unknown = null;
  empty = false;
  private readonly schema: Schema;
  private readonly names: string;
  private readonly iterator: AsyncIterator<RecordBatch | SerialisedBatch>;
  private readonly options: WriteOptions;
  private first: Piece | null = null;
  private done = false;

  constructor(schema: Schema, batches: AsyncIterable<RecordBatch | SerialisedBatch>, options: WriteOptions) {
    this.schema = schema;
    this.names = shapeOf(schema);
    this.iterator = batches[Symbol.asyncIterator]();
    this.options = options;
  }

  /** Looks whether there are any rows at all. */
  async start(): Promise<void> {
    this.first = await this.next();
    this.empty = this.first === null;
    if (this.failure !== null) throw this.failure;
  }

  /** Columns without a dictionary; to be asked before the stream is read. */
  plainColumns(): readonly string[] {
    return this.options.plainColumns ?? (this.first === null ? [] : plainColumnsOf(this.first.batch));
  }

  stream(): ReadableStream {
    return new ReadableStream(
      {
        pull: async (controller) => {
          const batch = this.first ?? (await this.next());
          this.first = null;
          // After a failure the writer finishes its file as if all were well; the failure is thrown after that.
          if (batch === null) controller.close();
          else this.enqueue(batch, controller);
        },
      },
      { highWaterMark: 0 },
    );
  }

  private enqueue({ batch, ipc }: Piece, controller: ReadableStreamDefaultController): void {
    try {
      const table = Table.fromIPCStream(ipc ?? serialise(batch));
      try {
        for (const part of table.recordBatches()) controller.enqueue(part);
      } finally {
        table.free();
      }
    } catch (error) {
      this.failure ??= trapOf(error);
      controller.close();
    }
  }

  /** The next batch that has rows, or null at the end and after a failure. */
  private async next(): Promise<Piece | null> {
    while (!this.done && this.failure === null) {
      try {
        if (this.options.signal.aborted) throw cancelled(this.options.signal);
        const result = await this.iterator.next();
        if (result.done === true) {
          this.done = true;
          return null;
        }
        const piece = pieceOf(result.value);
        if (piece === null) continue;
        this.accept(piece.batch);
        if (this.rows === piece.batch.numRows) await this.options.onFirstBatch?.();
        return piece;
      } catch (error) {
        this.failure = error;
      }
    }
    return null;
  }

  private accept(batch: RecordBatch): void {
    if (batch.schema !== this.schema && shapeOf(batch.schema) !== this.names) {
      throw new ParqueueError(
        'PQ_INTERNAL',
        `a batch has the columns ${shapeOf(batch.schema)} instead of ${this.names}`,
      );
    }
    this.rows += batch.numRows;
    const rowsMax = this.options.rowsMax ?? Number.POSITIVE_INFINITY;
    if (this.rows > rowsMax) {
      throw new ParqueueError('PQ_LIMIT_EXCEEDED', `the source has more than the limit of ${rowsMax} rows`, {
        details: { limit: 'rows', rowsMax },
      });
    }
  }

  /** Lets the source clean up where it was left before its end. */
  async close(): Promise<void> {
    if (this.done) return;
    this.done = true;
    try {
      await this.iterator.return?.();
    } catch (error) {
      this.failure ??= error;
    }
  }
}

async function writeStream(feed: Feed, sink: HashedFile, options: WriteOptions): Promise<void> {
  const output: ReadableStream<Uint8Array> = await orTrap(
    transformParquetStream(feed.stream(), propertiesOf(options.parquet, feed.plainColumns())),
  );
  const reader = output.getReader();
  try {
    for (;;) {
      const { done, value } = await orTrap(reader.read());
      if (feed.failure !== null) throw feed.failure;
      if (done) return;
      await sink.write(value);
    }
  } catch (error) {
    // The feed ends at once for the writer, which then stops asking.
    feed.failure ??= trapOf(error);
    await drain(reader);
    throw error;
  }
}

/**
 * The writer's task inside wasm goes on until its stream ends; left hanging it would keep its row group for the life
 * of the thread. The feed is closed by now, so a few small pieces are all that comes.
 */
async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  // After a trap nothing comes at all.
  if (isSpoilt()) return;
  try {
    while (!(await reader.read()).done);
  } catch {
    // It broke for the reason that is being reported already.
  }
}

async function writeEmpty(schema: Schema, sink: HashedFile, options: WriteOptions): Promise<void> {
  const table = Table.fromIPCStream(tableToIPC(new ArrowTable(schema), 'stream'));
  // writeParquet takes the table over, and frees it.
  await sink.write(writeParquet(table, propertiesOf(options.parquet, [])));
}

function propertiesOf(parquet: ParquetOptions, plainColumns: readonly string[]): WriterProperties {
  let builder = new WriterPropertiesBuilder()
    .setCompression(CODECS[parquet.compression])
    .setMaxRowGroupSize(parquet.rowGroupRows)
    .setCreatedBy('parqueue');
  for (const name of plainColumns) builder = builder.setColumnDictionaryEnabled(name, false);
  return builder.build();
}

/** A trap leaves wasm memory as it was in the middle of things: nothing more may be built in this thread. */
function trapOf(error: unknown): unknown {
  if (isParqueueError(error)) return error;
  const trapped =
    error instanceof Error
    && (error.name === 'RuntimeError' || /unreachable|memory access out of bounds/.test(error.message));
  if (!trapped) return error;
  return new ParqueueError(
    'PQ_INTERNAL',
    `the Parquet writer failed: ${error instanceof Error ? error.message : String(error)}`,
    {
      details: { recycleThread: true },
      cause: error,
    },
  );
}

function shapeOf(schema: Schema): string {
  return schema.fields
    .map((field) => `${field.name} ${String(field.type)}${field.nullable ? '' : ' not null'}`)
    .join(', ');
}

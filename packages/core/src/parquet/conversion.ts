/**
 * The rows of a stored Parquet file in another form: an Arrow IPC stream, CSV, JSON or NDJSON. They are made while they
 * are taken: one batch is read when the chunks of the one before it are gone, so the pace is the reader's, and a
 * conversion that is left early has read no more than it gave.
 *
 * What is known before the first chunk is an error of `openConversion`, or of the first `next()`: columns, limits,
 * types without text, damage of the footer and of the first batch. Later ones are thrown by the generator; whoever
 * sends the chunks must break off then, never end in good order.
 */
import { ParquetFile } from 'parquet-wasm';
import { assertInvariant, isParqueueError, ParqueueError } from '../model/errors.ts';
import { ArrowStream } from './arrow-stream.ts';
import type { BatchEncoder } from './batch-encoder.ts';
import { batchRowsOf, planConversion, type ConversionPlan, type RowWindow } from './conversion-plan.ts';
import { readFooter, type ParquetFooter } from './footer.ts';
import { BatchSchema } from './ipc/batch-schema.ts';
import { fieldsOf, holds, TYPE, type Field } from './ipc/field.ts';
import { messagesOf, schemaOf, type Message } from './ipc/message.ts';
import { StoredFile } from './stored-file.ts';
import { TextStream } from './text/text-stream.ts';
import type { Chunk } from './text/sink.ts';
import { assertDistinct, assertText } from './text/values.ts';
import { isSpoilt, isTrap, orTrap, trapped } from './wasm-traps.ts';

/** Goes up when equal rows become other bytes in any form: tags of converted forms are made of it. */
export const CONVERTER_VERSION = 2;

export type ConversionFormat = 'arrow' | 'csv' | 'json' | 'ndjson';

export interface ConversionWish {
  readonly path: string;
  /** What the manifest says of the part; a file of another size is not it. */
  readonly bytes: number;
  readonly format: ConversionFormat;
  /** In the order that is wanted; null for all. */
  readonly columns: readonly string[] | null;
  readonly offset: number;
  /** null for all rows. */
  readonly limit: number | null;
  /** Of JSON and NDJSON. exact: numbers only where no digit is lost. text: every int64 and decimal as text. */
  readonly numbers: 'exact' | 'text';
}

export interface Conversion extends AsyncDisposable {
  /** How many will come. */
  readonly rows: number;
  readonly rowsTotal: number;
  /** What it may take at its widest: a row group as it is stored, and a batch in its three shapes. */
  readonly memoryBytes: number;
  /** To be called once. Each chunk owns its whole buffer, of 1 MiB at most. */
  chunks(): AsyncGenerator<Chunk, void, undefined>;
}

/** Which rows of a part are read, and into what they are made. */
export interface Making {
  readonly plan: ConversionPlan;
  readonly encoder: BatchEncoder;
}

/** @throws ParqueueError PQ_STORE_IO, PQ_INVALID_REQUEST, PQ_LIMIT_EXCEEDED, PQ_UNSUPPORTED_TYPE */
export async function openConversion(wish: ConversionWish): Promise<Conversion> {
  return await openPart(wish, (schema, footer) => {
    const plan = planConversion(footer, wish);
    return { plan, encoder: encoderOf({ schema, footer, plan }, wish) };
  });
}

/** @throws as `openConversion` does */
export async function openPart(
  { path, bytes }: Pick<ConversionWish, 'path' | 'bytes'>,
  makingOf: (schema: Message, footer: ParquetFooter) => Making,
): Promise<Conversion> {
  const source = await StoredFile.open(path, bytes);
  try {
    const footer = await footerOf(source);
    const file = await orTrap(ParquetFile.fromFile(source as unknown as Blob));
    try {
      return new FileConversion({ source, file, footer, ...makingOf(schemaOf(file.schema().intoIPCStream()), footer) });
    } catch (error) {
      file.free();
      throw error;
    }
  } catch (error) {
    await source.handle.close();
    throw refusalOf(error, source);
  }
}

async function footerOf(source: StoredFile): Promise<ParquetFooter> {
  try {
    return await readFooter(source.handle);
  } catch (error) {
    if (!isParqueueError(error) || error.code !== 'PQ_MALFORMED_SOURCE') throw error;
    throw new ParqueueError('PQ_STORE_IO', `the part is damaged: ${error.message}`, { cause: error });
  }
}

function encoderOf(
  { schema, footer, plan }: { readonly schema: Message; readonly footer: ParquetFooter; readonly plan: ConversionPlan },
  { format, numbers }: ConversionWish,
): BatchEncoder {
  const all = fieldsOf(schema.header);
  const fields = plan.columns.flatMap((column) => all[column] ?? []);
  const batches = new BatchSchema(
    plan.batchColumns,
    fields.map(({ name }) => name),
  );
  assertIntervals(fields, footer);
  if (format === 'arrow') return new ArrowStream({ schema, columns: plan.columns, batches });
  assertText(fields);
  assertDistinct(fields, format === 'csv' ? 'csv' : 'json');
  return new TextStream({ format, fields, numbers, batches });
}

/** Parquet's own interval has months, days and milliseconds; parquet-wasm drops the months, unless Arrow wrote it without. */
function assertIntervals(fields: readonly Field[], { keyValues }: ParquetFooter): void {
  const interval = fields.find((field) => holds(field, TYPE.Interval));
  if (interval === undefined || keyValues['ARROW:schema'] !== undefined) return;
  throw new ParqueueError(
    'PQ_UNSUPPORTED_TYPE',
    `column ${JSON.stringify(interval.name)} holds intervals, which lose their months when they are converted; `
      + 'leave it out by naming columns, or ask for Parquet',
  );
}

interface ConversionParts {
  readonly source: StoredFile;
  readonly file: ParquetFile;
  readonly footer: ParquetFooter;
  readonly plan: ConversionPlan;
  readonly encoder: BatchEncoder;
}

/** As parquet-wasm hands it over; it is freed by being encoded. */
interface WasmBatch {
  intoIPCStream(): Uint8Array;
}

class FileConversion implements Conversion {
  readonly rows: number;
  readonly rowsTotal: number;
  readonly memoryBytes: number;
  readonly #parts: ConversionParts;
  #reader: ReadableStreamDefaultReader<WasmBatch> | null = null;
  /** Bytes of a row in the batch read last: dictionaries make rows wider than the footer says. */
  #width = 0;
  #isBegun = false;
  #isClosed = false;

  constructor(parts: ConversionParts) {
    this.#parts = parts;
    this.rows = parts.plan.rows;
    this.rowsTotal = parts.footer.rows;
    this.memoryBytes = parts.plan.memoryBytes;
  }

  async *chunks(): AsyncGenerator<Chunk, void, undefined> {
    assertInvariant(!this.#isBegun, 'the chunks of a conversion are taken once');
    this.#isBegun = true;
    const { plan, encoder, source } = this.#parts;
    try {
      for (const [at, window] of plan.windows.entries()) {
        encoder.begin?.(at);
        if (encoder.isContent !== true) yield* this.#window(window);
      }
      yield* encoder.end();
    } catch (error) {
      throw refusalOf(error, source);
    } finally {
      await this.#close();
    }
  }

  async *#window({ group, offset, limit, batchRows, isWidthKnown }: RowWindow): AsyncGenerator<Chunk, void, undefined> {
    const { plan, encoder, file } = this.#parts;
    const opening: Promise<ReadableStream<WasmBatch>> = file.stream({
      rowGroups: [group],
      offset,
      limit,
      batchSize: isWidthKnown ? batchRows : Math.min(batchRows, batchRowsOf(this.#width)),
      ...(plan.leaves === null ? {} : { columns: [...plan.leaves] }),
    });
    const reader = (await orTrap(opening)).getReader();
    this.#reader = reader;
    let rows = 0;
    for (;;) {
      const { done, value } = await orTrap(reader.read());
      if (done) break;
      const messages = messagesOf(value.intoIPCStream());
      const count = yield* encoder.batch(messages);
      this.#width = messages.reduce((sum, { body }) => sum + body.byteLength, 0) / Math.max(1, count);
      rows += count;
      if (encoder.isContent === true) {
        await reader.cancel();
        this.#reader = null;
        return;
      }
    }
    this.#reader = null;
    // parquet-wasm was seen to drop rows of odd files without an error; the footer's count tells.
    if (rows !== limit)
      throw new ParqueueError(
        'PQ_UNSUPPORTED_TYPE',
        `the reader gave ${rows} of ${limit} rows of this file; ask for Parquet`,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { source, file } = this.#parts;
    // After a trap there is nothing to be freed: the whole memory goes with its thread.
    if (!isSpoilt()) {
      // The reader's own task ends with its stream, and frees what it fetched. It may have failed, which is told already.
      await this.#reader?.cancel().catch(() => undefined);
      file.free();
    }
    await source.handle.close();
  }
}

/** The error for whoever asked: what the file said, over what the reader made of it. */
function refusalOf(error: unknown, { refusal }: StoredFile): unknown {
  if (refusal !== null) {
    if (!hasTrapped(error)) return refusal;
    const details = { ...refusal.details, recycleThread: true };
    return new ParqueueError(refusal.code, refusal.message, { details, cause: refusal });
  }
  if (isParqueueError(error)) return error;
  if (isTrap(error)) return trapped(error);
  const reason = error instanceof Error ? error.message : String(error);
  return new ParqueueError('PQ_UNSUPPORTED_TYPE', `this file cannot be converted (${reason}); ask for Parquet`, {
    cause: error,
  });
}

function hasTrapped(error: unknown): boolean {
  return isTrap(error) || (isParqueueError(error) && error.details['recycleThread'] === true);
}

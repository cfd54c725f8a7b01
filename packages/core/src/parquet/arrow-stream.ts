/**
 * One Arrow IPC stream out of the many that parquet-wasm makes, one for each batch: the schema once, then the
 * messages of dictionaries and batches as they were encoded, and the end. Dictionaries are those of their batch: one
 * of the same id replaces the one before it, as the format allows in streams.
 */
import type { BatchEncoder } from './batch-encoder.ts';
import { numberedDictionary } from './ipc/dictionary.ts';
import type { BatchSchema } from './ipc/batch-schema.ts';
import { dictionariesOf, fieldsOf, type Field } from './ipc/field.ts';
import { END_OF_STREAM, MESSAGE, prefixOf, type Message } from './ipc/message.ts';
import { selectBatch, selectSchema } from './ipc/select.ts';
import { CHUNK_BYTES_MAX, type Chunk } from './text/sink.ts';

/** Smaller rests wait for the next batch. */
const CHUNK_BYTES_MIN = 64 * 1024;

export interface ArrowStreamOptions {
  readonly schema: Message;
  /** Positions in the schema, in the order that is wanted. */
  readonly columns: readonly number[];
  readonly batches: BatchSchema;
}

export class ArrowStream implements BatchEncoder {
  readonly #pieces = new Pieces();
  readonly #batches: BatchSchema;
  readonly #ids: readonly number[];

  constructor({ schema, columns, batches }: ArrowStreamOptions) {
    this.#batches = batches;
    this.#ids = idsOf(fieldsOf(schema.header), columns);
    this.#pieces.add(encapsulated([selectSchema(schema, columns)]));
  }

  *batch(messages: readonly Message[]): Generator<Chunk, number, undefined> {
    const fields = this.#batches.fieldsOf(messages);
    const { columns, isWhole } = this.#batches;
    const ids = idsOf(fields, columns);
    let rows = 0;
    for (const message of messages) {
      if (message.kind === MESSAGE.DictionaryBatch) {
        const at = ids.indexOf(message.header.int64(0));
        if (at !== -1) this.#pieces.add(encapsulated([numberedDictionary(message, this.#ids[at] ?? 0), message.body]));
      } else if (message.kind === MESSAGE.RecordBatch) {
        rows += message.header.int64(0);
        const { metadata, body } = message;
        this.#pieces.add(encapsulated(isWhole ? [metadata, body] : selectBatch(message, fields, columns)));
      }
      yield* this.#pieces.take(CHUNK_BYTES_MIN);
    }
    return rows;
  }

  *end(): Generator<Chunk, void, undefined> {
    this.#pieces.add([END_OF_STREAM]);
    yield* this.#pieces.take(1);
  }
}

/** Of the chosen columns' dictionaries: every encoder numbers the dictionaries of its schema in their order. */
function idsOf(fields: readonly Field[], columns: readonly number[]): readonly number[] {
  const chosen = columns.flatMap((column) => fields[column] ?? []);
  return dictionariesOf(chosen).map(({ dictionary }) => dictionary?.id ?? 0);
}

function encapsulated([metadata = new Uint8Array(0), ...body]: readonly Uint8Array[]): readonly Uint8Array[] {
  return [prefixOf(metadata), metadata, ...body];
}

/** Pieces of any size, to be taken as chunks that own their buffers. */
class Pieces {
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  add(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#bytes += piece.byteLength;
    }
  }

  /** Everything, where there is at least `bytesMin` of it. */
  *take(bytesMin: number): Generator<Chunk, void, undefined> {
    if (this.#bytes < bytesMin) return;
    let rest = this.#bytes;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    let chunk = new Uint8Array(Math.min(rest, CHUNK_BYTES_MAX));
    let at = 0;
    for (const piece of pieces) {
      for (let from = 0; from < piece.byteLength;) {
        const count = Math.min(chunk.byteLength - at, piece.byteLength - from);
        chunk.set(piece.subarray(from, from + count), at);
        at += count;
        from += count;
        if (at < chunk.byteLength) continue;
        rest -= at;
        yield chunk;
        chunk = new Uint8Array(Math.min(rest, CHUNK_BYTES_MAX));
        at = 0;
      }
    }
  }
}

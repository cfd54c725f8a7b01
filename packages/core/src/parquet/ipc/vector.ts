/**
 * The columns of a record batch as views of its body: no value is copied or converted. The order of nodes and buffers
 * is that of the fields, depth first (Columnar.rst in apache/arrow, "RecordBatch message").
 */
import { childrenInBatch, isView, ownBuffers, TYPE, type Field } from './field.ts';
import type { FlatTable } from './flatbuffer.ts';
import { MESSAGE, type Message } from './message.ts';

export interface Vector {
  readonly field: Field;
  readonly length: number;
  /** One bit a row, set where there is a value; null where every row has one. */
  readonly validity: Uint8Array | null;
  /** Those after the validity bitmap, in the format's order; of views, the variadic ones at the end. */
  readonly buffers: readonly Uint8Array[];
  readonly children: readonly Vector[];
  /** What the indexes of a dictionary point into. */
  readonly dictionary: Vector | null;
}

/** The dictionaries met so far, by id: a later one of the same id replaces the one before. */
export type Dictionaries = Map<number, Vector>;

export interface BatchContext {
  readonly fields: readonly Field[];
  readonly dictionaries: Dictionaries;
  /** The fields that are dictionaries, by id. */
  readonly encoded: ReadonlyMap<number, Field>;
}

/** @returns the rows of a record batch and its columns; null for a message that is none. Dictionaries are noted. */
export function readBatch(
  message: Message,
  { fields, dictionaries, encoded }: BatchContext,
): { readonly rows: number; readonly vectors: readonly Vector[] } | null {
  if (message.kind === MESSAGE.DictionaryBatch) {
    const id = message.header.int64(0);
    const field = encoded.get(id);
    const data = message.header.table(1);
    if (field === undefined || data === null) throw new TypeError(`the dictionary ${id} belongs to no column`);
    dictionaries.set(id, new BatchReader(data, message.body, dictionaries).vector({ ...field, dictionary: null }));
    return null;
  }
  if (message.kind !== MESSAGE.RecordBatch) return null;
  const reader = new BatchReader(message.header, message.body, dictionaries);
  return { rows: message.header.int64(0), vectors: fields.map((field) => reader.vector(field)) };
}

class BatchReader {
  readonly #batch: FlatTable;
  readonly #body: Uint8Array;
  readonly #dictionaries: Dictionaries;
  readonly #nodes: number;
  readonly #buffers: number;
  readonly #variadic: number;
  #node = 0;
  #buffer = 0;
  #view = 0;

  constructor(batch: FlatTable, body: Uint8Array, dictionaries: Dictionaries) {
    if (batch.place(3) !== 0) throw new TypeError('a record batch is compressed');
    this.#batch = batch;
    this.#body = body;
    this.#dictionaries = dictionaries;
    this.#nodes = batch.vector(1).at;
    this.#buffers = batch.vector(2).at;
    this.#variadic = batch.vector(4).at;
  }

  vector(field: Field): Vector {
    const { view } = this.#batch;
    const node = this.#nodes + 16 * this.#node;
    this.#node += 1;
    const length = Number(view.getBigInt64(node, true));
    const nulls = Number(view.getBigInt64(node + 8, true));
    let count = ownBuffers(field);
    if (isView(field)) {
      count += Number(view.getBigInt64(this.#variadic + 8 * this.#view, true));
      this.#view += 1;
    }
    const buffers = Array.from({ length: count }, () => this.#next());
    const hasValidity = count > 0 && field.type.id !== TYPE.Union;
    const validity = hasValidity && nulls > 0 ? (buffers[0] ?? null) : null;
    return {
      field,
      length,
      validity,
      buffers: hasValidity ? buffers.slice(1) : buffers,
      children: childrenInBatch(field).map((child) => this.vector(child)),
      dictionary: field.dictionary === null ? null : (this.#dictionaries.get(field.dictionary.id) ?? null),
    };
  }

  #next(): Uint8Array {
    const at = this.#buffers + 16 * this.#buffer;
    this.#buffer += 1;
    const offset = Number(this.#batch.view.getBigInt64(at, true));
    return this.#body.subarray(offset, offset + Number(this.#batch.view.getBigInt64(at + 8, true)));
  }
}

/**
 * Where the wanted columns are in the batches that are read. Each batch brings its schema; it is read anew only where
 * its bytes are others.
 */
import { fieldsOf, type Field } from './field.ts';
import { MESSAGE, type Message } from './message.ts';

export class BatchSchema {
  /** Positions in every batch, in the order that is wanted. */
  readonly columns: readonly number[];
  readonly #names: readonly string[];
  #metadata: Uint8Array | null = null;
  #fields: readonly Field[] = [];

  constructor(columns: readonly number[], names: readonly string[]) {
    this.columns = columns;
    this.#names = names;
  }

  /** All fields of a batch, those that were not wanted included. */
  fieldsOf([schema]: readonly Message[]): readonly Field[] {
    if (schema?.kind !== MESSAGE.Schema) throw new TypeError('a batch came without its schema');
    if (this.#metadata !== null && Buffer.compare(this.#metadata, schema.metadata) === 0) return this.#fields;
    const fields = fieldsOf(schema.header);
    if (this.#names.some((name, at) => fields[this.columns[at] ?? -1]?.name !== name))
      throw new TypeError('a batch has other columns than its file');
    this.#metadata = schema.metadata;
    this.#fields = fields;
    return fields;
  }

  get isWhole(): boolean {
    return this.columns.length === this.#fields.length && this.columns.every((column, at) => column === at);
  }
}

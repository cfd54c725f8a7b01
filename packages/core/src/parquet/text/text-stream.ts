/** Batches as JSON, NDJSON or CSV: the frame around the values, and the chunks they are taken away in. */
import type { BatchEncoder } from '../batch-encoder.ts';
import type { BatchSchema } from '../ipc/batch-schema.ts';
import { dictionariesOf, type Field } from '../ipc/field.ts';
import type { Message } from '../ipc/message.ts';
import { readBatch, type Dictionaries, type Vector } from '../ipc/vector.ts';
import { ByteSink, type Chunk } from './sink.ts';
import { writeCsvText } from './strings.ts';
import { labelsOf, valueWriter } from './values.ts';

export type TextFormat = 'csv' | 'json' | 'ndjson';

export interface TextStreamOptions {
  readonly format: TextFormat;
  readonly fields: readonly Field[];
  readonly numbers: 'exact' | 'text';
  readonly batches: BatchSchema;
}

const NOTHING = new Uint8Array(0);
const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const COMMA = ascii(',');
const ENDS: Readonly<Record<TextFormat, Uint8Array>> = { csv: ascii('\r\n'), json: ascii('}'), ndjson: ascii('}\n') };

export class TextStream implements BatchEncoder {
  readonly #sink = new ByteSink();
  readonly #options: TextStreamOptions;
  /** What stands before each value of a row. */
  readonly #labels: readonly Uint8Array[];
  #isFirst = true;

  constructor(options: TextStreamOptions) {
    const { format, fields } = options;
    this.#options = options;
    const names = fields.map(({ name }) => name);
    this.#labels = format === 'csv' ? names.map((_, at) => (at === 0 ? NOTHING : COMMA)) : labelsOf(names);
    if (format === 'json') this.#sink.ascii('[');
    if (format !== 'csv') return;
    for (const [at, name] of names.entries()) {
      const bytes = Buffer.from(name);
      this.#sink.copy(this.#labels[at] ?? NOTHING);
      writeCsvText(this.#sink, bytes, { start: 0, end: bytes.length });
    }
    this.#sink.copy(ENDS.csv);
  }

  *batch(messages: readonly Message[]): Generator<Chunk, number, undefined> {
    const { batches } = this.#options;
    const fields = batches.fieldsOf(messages);
    const dictionaries: Dictionaries = new Map();
    const encoded = new Map(dictionariesOf(fields).map((field) => [field.dictionary?.id ?? 0, field]));
    let rows = 0;
    for (const message of messages) {
      const batch = readBatch(message, { fields, dictionaries, encoded });
      if (batch === null) continue;
      rows += batch.rows;
      yield* this.#rows(
        batch.rows,
        batches.columns.flatMap((column) => batch.vectors[column] ?? []),
      );
    }
    return rows;
  }

  *#rows(rows: number, vectors: readonly Vector[]): Generator<Chunk, void, undefined> {
    const sink = this.#sink;
    const labels = this.#labels;
    const { format, numbers } = this.#options;
    const end = ENDS[format];
    const writers = vectors.map((vector) =>
      valueWriter(sink, vector, { style: format === 'csv' ? 'csv' : 'json', numbers }),
    );
    for (let row = 0; row < rows; row += 1) {
      if (format === 'json') {
        if (!this.#isFirst) sink.ascii(',\n');
        this.#isFirst = false;
      }
      for (let at = 0; at < writers.length; at += 1) {
        sink.copy(labels[at] ?? NOTHING);
        writers[at]?.(row);
      }
      if (writers.length === 0 && format !== 'csv') sink.ascii('{');
      sink.copy(end);
      if (sink.isFull) yield* sink.take();
    }
  }

  *end(): Generator<Chunk, void, undefined> {
    if (this.#options.format === 'json') this.#sink.ascii(']\n');
    yield* this.#sink.take();
  }
}

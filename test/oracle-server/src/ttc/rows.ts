/**
 * Rows of one reply. With bit vectors, a value equal to the one above it is left out and a vector before the row says
 * which were sent: it holds for that row only, the first row of a reply is whole, and LOBs are never left out.
 */
import type { Column, Value } from '../engine.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { MESSAGE } from './codes.ts';
import { needsDefine } from './types.ts';
import type { WriteValue } from './values.ts';

export interface RowFormat {
  readonly columns: readonly Column[];
  readonly writers: readonly WriteValue[];
  readonly bitVectors: boolean;
}

export class RowWriter {
  readonly #format: RowFormat;
  readonly #writer: ByteWriter;
  readonly #omittable: readonly boolean[];
  #previous: readonly Buffer[] | null = null;
  #begun = false;

  constructor(writer: ByteWriter, format: RowFormat) {
    this.#writer = writer;
    this.#format = format;
    this.#omittable = format.columns.map(({ type }) => !needsDefine(type));
  }

  write(row: readonly Value[]): void {
    if (!this.#begun) this.#header();
    if (this.#format.bitVectors) this.#differences(row);
    else this.#whole(row);
  }

  /** Rows that come again as the same array: encoded once for these columns. */
  writeRepeated(batch: readonly (readonly Value[])[]): void {
    const known = encodedOf(this.#format.columns);
    let bytes = known.get(batch);
    if (bytes === undefined) {
      const scratch = new ByteWriter();
      const rows = new RowWriter(scratch, this.#format);
      rows.#begun = true;
      for (const row of batch) rows.write(row);
      bytes = scratch.take();
      known.set(batch, bytes);
    }
    if (!this.#begun) this.#header();
    this.#writer.raw(bytes);
  }

  #header(): void {
    this.#begun = true;
    this.#writer.u8(MESSAGE.rowHeader).u8(0).ub(this.#format.columns.length).ub(0).ub(0).ub(0).ub(0).ub(0);
  }

  #whole(row: readonly Value[]): void {
    const writer = this.#writer.u8(MESSAGE.rowData);
    const { writers } = this.#format;
    for (let i = 0; i < writers.length; i += 1) writers[i]?.(writer, row[i] ?? null);
  }

  #differences(row: readonly Value[]): void {
    const values = this.#format.writers.map((write, index) => {
      const scratch = new ByteWriter(64);
      write(scratch, row[index] ?? null);
      return scratch.take();
    });
    const previous = this.#previous;
    this.#previous = values;
    const sent = values.map(
      (value, index) => previous === null || this.#omittable[index] !== true || previous[index]?.equals(value) !== true,
    );
    if (previous !== null) this.#vector(sent);
    this.#writer.u8(MESSAGE.rowData);
    values.forEach((value, index) => {
      if (sent[index] === true) this.#writer.raw(value);
    });
  }

  #vector(sent: readonly boolean[]): void {
    const bits = Buffer.alloc(Math.ceil(sent.length / 8));
    sent.forEach((isSent, index) => {
      if (isSent) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
    });
    this.#writer.u8(MESSAGE.bitVector).ub(sent.filter(Boolean).length).raw(bits);
  }
}

type Encoded = WeakMap<readonly (readonly Value[])[], Uint8Array>;

const ENCODED = new WeakMap<readonly Column[], Encoded>();

function encodedOf(columns: readonly Column[]): Encoded {
  let known = ENCODED.get(columns);
  if (known === undefined) {
    known = new WeakMap();
    ENCODED.set(columns, known);
  }
  return known;
}

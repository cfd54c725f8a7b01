/** Columns of variable width: utf8 and binary, with 32-bit offsets into one growing buffer. */
import { makeData, Binary, Utf8, type Data } from 'apache-arrow';
import type { ColumnBuilder, Nulls } from './builder.ts';
import { refuse } from './refusal.ts';

const FIRST_BYTES_PER_ROW = 16;
const encoder = new TextEncoder();

class GrowingBytes {
  bytes: Uint8Array;
  length = 0;
  readonly offsets: Int32Array;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity * FIRST_BYTES_PER_ROW);
    this.offsets = new Int32Array(capacity + 1);
  }

  /** Makes room for `more` bytes; doubling keeps the copying linear. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  end(row: number): void {
    this.offsets[row + 1] = this.length;
  }
}

export class Utf8Builder implements ColumnBuilder {
  private readonly buffer: GrowingBytes;

  constructor(capacity: number) {
    this.buffer = new GrowingBytes(capacity);
  }

  get variableBytes(): number {
    return this.buffer.length;
  }

  set(row: number, value: unknown): void {
    if (typeof value !== 'string') refuse(value, 'is not a text');
    const { buffer } = this;
    // One UTF-16 unit becomes at most three bytes.
    buffer.reserve(value.length * 3);
    const { bytes } = buffer;
    let at = buffer.length;
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        at = this.encodeRest(value, i, at);
        break;
      }
      bytes[at] = code;
      at += 1;
    }
    buffer.length = at;
    buffer.end(row);
  }

  private encodeRest(value: string, from: number, at: number): number {
    // encodeInto would write U+FFFD in silence for half a surrogate pair.
    if (!value.isWellFormed()) refuse(value, 'is not well-formed Unicode');
    const { written } = encoder.encodeInto(from === 0 ? value : value.slice(from), this.buffer.bytes.subarray(at));
    return at + written;
  }

  setNull(row: number): void {
    this.buffer.end(row);
  }

  finish(rows: number, nulls: Nulls): Data {
    const { bytes, length, offsets } = this.buffer;
    return makeData({
      type: new Utf8(),
      length: rows,
      valueOffsets: offsets.subarray(0, rows + 1),
      data: bytes.subarray(0, length),
      ...nulls,
    });
  }
}

export class BinaryBuilder implements ColumnBuilder {
  private readonly buffer: GrowingBytes;

  constructor(capacity: number) {
    this.buffer = new GrowingBytes(capacity);
  }

  get variableBytes(): number {
    return this.buffer.length;
  }

  set(row: number, value: unknown): void {
    if (!(value instanceof Uint8Array)) refuse(value, 'is not binary');
    this.buffer.reserve(value.length);
    this.buffer.bytes.set(value, this.buffer.length);
    this.buffer.length += value.length;
    this.buffer.end(row);
  }

  setNull(row: number): void {
    this.buffer.end(row);
  }

  finish(rows: number, nulls: Nulls): Data {
    const { bytes, length, offsets } = this.buffer;
    return makeData({
      type: new Binary(),
      length: rows,
      valueOffsets: offsets.subarray(0, rows + 1),
      data: bytes.subarray(0, length),
      ...nulls,
    });
  }
}

/** Columns of variable width: utf8 and binary, with 32-bit offsets into one growing buffer. */
import { isUtf8 } from 'node:buffer';
import { makeData, Binary, Utf8, type Data } from 'apache-arrow';
import type { ColumnBuilder, Nulls } from './builder.ts';
import { refuse } from './refusal.ts';

const FIRST_BYTES_PER_ROW = 16;
const encoder = new TextEncoder();

/** More bytes are copied by native code: calling it costs as much as copying these one by one. */
const SHORT_BYTES = 64;

/** Room is kept for the next batch where it is at most so many times what the last one took. */
const KEPT_TIMES = 4;

class GrowingBytes {
  bytes: Uint8Array;
  length = 0;
  readonly offsets: Int32Array;
  private readonly first: number;

  constructor(capacity: number) {
    this.first = capacity * FIRST_BYTES_PER_ROW;
    this.bytes = new Uint8Array(this.first);
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

  /** Copies bytes behind the last value; `end` makes them part of one. @returns whether all are ASCII; unknown of many */
  copy(from: Uint8Array, start: number, end: number): boolean {
    this.reserve(end - start);
    const { bytes, length } = this;
    if (end - start > SHORT_BYTES) {
      bytes.set(from.subarray(start, end), length);
      return false;
    }
    let seen = 0;
    for (let i = start, at = length; i < end; i += 1, at += 1) {
      const byte = from[i] as number;
      bytes[at] = byte;
      seen |= byte;
    }
    return seen < 0x80;
  }

  /** The room stays, unless most of it was of no use: a few batches of large values say little of those that follow. */
  clear(): void {
    const { bytes, length } = this;
    if (bytes.length > this.first && bytes.length > KEPT_TIMES * length) this.bytes = new Uint8Array(this.first);
    this.length = 0;
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

  /** A text as its bytes. @returns false, having put nothing, where they are no UTF-8 */
  put(row: number, from: Uint8Array, start: number, end: number): boolean {
    const { buffer } = this;
    if (!buffer.copy(from, start, end) && !isUtf8(from.subarray(start, end))) return false;
    buffer.length += end - start;
    buffer.end(row);
    return true;
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

  clear(): void {
    this.buffer.clear();
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
    this.put(row, value, 0, value.length);
  }

  put(row: number, from: Uint8Array, start: number, end: number): void {
    this.buffer.copy(from, start, end);
    this.buffer.length += end - start;
    this.buffer.end(row);
  }

  setNull(row: number): void {
    this.buffer.end(row);
  }

  clear(): void {
    this.buffer.clear();
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

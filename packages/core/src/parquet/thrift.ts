/**
 * Reads Thrift's compact protocol, as far as a Parquet footer and the headers of pages need it (thrift-compact-protocol.md in apache/thrift).
 * Values come out untyped: a struct is a map from field id to value. Input is hostile until proven otherwise: every
 * length is checked against the bytes that are there, and nesting is limited.
 */
import { ParqueueError } from '../model/errors.ts';

export type ThriftValue = boolean | number | Uint8Array | readonly ThriftValue[] | ThriftStruct;
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/**
 * What a footer may become in memory, in numbers of some 50 bytes each: an empty struct is one byte in the file and some
 * 200 of the heap, so that a few megabytes of zeros fill that of a thread. A column chunk is near 45 of
 * these: this is room for 90,000 of them, 1,000 columns in 90 row groups.
 */
const WEIGHT_MAX = 4_000_000;
const STRUCT_WEIGHT = 4;
const BINARY_WEIGHT = 3;

/** Parquet's own structures nest 7 deep; more than this is a malformed or malicious footer. */
const DEPTH_MAX = 32;

const STOP = 0;
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const MAP = 11;
const STRUCT = 12;

/** @throws RangeError where the bytes are not a struct in the compact protocol; ParqueueError PQ_LIMIT_EXCEEDED */
export function readThriftStruct(bytes: Uint8Array): ThriftStruct {
  return new CompactReader(bytes).struct(0);
}

/** The same of a struct that other bytes may follow; `length`: where it ends. */
export function readThriftBeginning(bytes: Uint8Array): { readonly struct: ThriftStruct; readonly length: number } {
  const reader = new CompactReader(bytes);
  return { struct: reader.struct(0), length: reader.at };
}

class CompactReader {
  at = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private weight = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  struct(depth: number): ThriftStruct {
    if (depth > DEPTH_MAX) throw new RangeError('the footer nests too deep');
    this.weigh(STRUCT_WEIGHT);
    const fields = new Map<number, ThriftValue>();
    let id = 0;
    for (;;) {
      const head = this.byte();
      const type = head & 0x0f;
      if (type === STOP) return fields;
      // The upper half is the distance to the field before; 0 means that a full field id follows.
      const delta = head >> 4;
      id = delta === 0 ? this.zigzag() : id + delta;
      fields.set(id, type === TRUE ? true : type === FALSE ? false : this.value(type, depth));
    }
  }

  private value(type: number, depth: number): ThriftValue {
    this.weigh(type === BINARY ? BINARY_WEIGHT : 1);
    switch (type) {
      // Inside a list a boolean takes a byte of its own.
      case TRUE:
      case FALSE:
        return this.byte() === TRUE;
      case BYTE:
        return (this.byte() << 24) >> 24;
      case I16:
      case I32:
      case I64:
        return this.zigzag();
      case DOUBLE:
        return this.double();
      case BINARY:
        return this.binary();
      case LIST:
      case SET:
        return this.list(depth);
      case MAP:
        return this.map(depth);
      case STRUCT:
        return this.struct(depth + 1);
      default:
        throw new RangeError(`the footer holds the unknown type ${type}`);
    }
  }

  private list(depth: number): readonly ThriftValue[] {
    if (depth > DEPTH_MAX) throw new RangeError('the footer nests too deep');
    const head = this.byte();
    const size = head >> 4 === 15 ? this.varint() : head >> 4;
    if (size > this.bytes.length - this.at) throw new RangeError('a list is longer than the footer');
    const items: ThriftValue[] = [];
    for (let i = 0; i < size; i += 1) items.push(this.value(head & 0x0f, depth + 1));
    return items;
  }

  /** Keys and values alternate in the result; Parquet's footer has no maps, so nobody reads them. */
  private map(depth: number): readonly ThriftValue[] {
    if (depth > DEPTH_MAX) throw new RangeError('the footer nests too deep');
    const size = this.varint();
    if (size === 0) return [];
    if (size > this.bytes.length - this.at) throw new RangeError('a map is longer than the footer');
    const types = this.byte();
    const items: ThriftValue[] = [];
    for (let i = 0; i < size; i += 1)
      items.push(this.value(types >> 4, depth + 1), this.value(types & 0x0f, depth + 1));
    return items;
  }

  private weigh(weight: number): void {
    this.weight += weight;
    if (this.weight <= WEIGHT_MAX) return;
    throw new ParqueueError(
      'PQ_LIMIT_EXCEEDED',
      'the footer of the Parquet file wants more memory than a thread has for it: '
        + 'write fewer, larger row groups, or fewer columns',
      { details: { limit: 'memory' } },
    );
  }

  private double(): number {
    if (this.at + 8 > this.bytes.length) throw new RangeError('the footer ends early');
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  private binary(): Uint8Array {
    const size = this.varint();
    if (size > this.bytes.length - this.at) throw new RangeError('a text is longer than the footer');
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  /** Signed; exact up to 2⁵³, which no count or offset in a file exceeds. */
  private zigzag(): number {
    const raw = this.varint();
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  private varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new RangeError('a number in the footer has no end');
  }

  private byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new RangeError('the footer ends early');
    this.at += 1;
    return byte;
  }
}

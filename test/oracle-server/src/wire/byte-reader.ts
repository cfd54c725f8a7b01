/**
 * Reads the primitive encodings of TTC from bytes that may end anywhere. Reading past the end throws NotEnough, which
 * carries how many bytes there must be before it is worth trying again; nothing is ever read short. What is returned is
 * a copy and outlives the bytes underneath.
 */
import { ProtocolError } from './protocol-error.ts';

/** Control flow, not a failure: the message goes on in a packet that has not arrived. */
export class NotEnough extends Error {
  override readonly name = 'NotEnough';
  readonly needed: number;

  constructor(needed: number) {
    super('more bytes are needed');
    this.needed = needed;
  }
}

/** Above this a length byte does not count bytes: 253 escapes, 254 begins the long form, 255 is null. */
const SHORT_LENGTH_MAX = 252;
const LONG_FORM = 254;
const NULL_LENGTH = 255;

/** Longest integer there is on this wire; a longer one is a misread and not a number. */
const INTEGER_BYTES_MAX = 8;

export class ByteReader {
  readonly #bytes: Buffer;
  readonly #lengthTwice: boolean;
  #position = 0;

  constructor(bytes: Buffer, lengthTwice = true) {
    this.#bytes = bytes;
    this.#lengthTwice = lengthTwice;
  }

  get position(): number {
    return this.#position;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  u16be(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  u16le(): number {
    return this.#bytes.readUInt16LE(this.#advance(2));
  }

  raw(length: number): Buffer {
    const from = this.#advance(length);
    return Buffer.from(this.#bytes.subarray(from, from + length));
  }

  skip(length: number): void {
    this.#advance(length);
  }

  /** UB2, UB4 or UB8: the width is the most that the field may hold. */
  ub(width: 2 | 4 | 8 = 4): number {
    const value = Number(this.#integer(width, false));
    if (!Number.isSafeInteger(value)) throw new ProtocolError('an integer above 2^53');
    return value;
  }

  sb(width: 2 | 4 | 8 = 4): number {
    return Number(this.#integer(width, true));
  }

  ub8(): bigint {
    return this.#integer(8, false);
  }

  /** The *bytes* encoding; null for both of its null forms. */
  bytes(): Buffer | null {
    const length = this.u8();
    if (length === 0 || length === NULL_LENGTH) return null;
    if (length <= SHORT_LENGTH_MAX) return this.raw(length);
    if (length !== LONG_FORM) throw new ProtocolError(`a value of length byte ${length}`);
    const chunks: Buffer[] = [];
    for (let size = this.ub(); size > 0; size = this.ub()) chunks.push(this.raw(size));
    return Buffer.concat(chunks);
  }

  /** A text whose length was told before. */
  told(length: number): string {
    if (length === 0) return '';
    return (this.#lengthTwice ? (this.bytes() ?? Buffer.alloc(0)) : this.raw(length)).toString('utf8');
  }

  /** A small number that a client writes as it writes texts: a byte where lengths come twice, else an integer. */
  scale(): number {
    return this.#lengthTwice ? this.u8() : this.sb(2);
  }

  /** A UB4 length and, only if that is above 0, the text as *bytes*. */
  str4(): string {
    return this.ub() > 0 ? (this.bytes() ?? Buffer.alloc(0)).toString('utf8') : '';
  }

  #integer(width: number, signed: boolean): bigint {
    const head = this.u8();
    const length = head & 0x7f;
    const negative = (head & 0x80) !== 0;
    if (negative && !signed) throw new ProtocolError('a negative number in an unsigned field');
    if (length > Math.min(width, INTEGER_BYTES_MAX)) throw new ProtocolError(`an integer of ${length} bytes`);
    if (length === 0) return 0n;
    const from = this.#advance(length);
    const value =
      length <= 6
        ? BigInt(this.#bytes.readUIntBE(from, length))
        : BigInt(`0x${this.#bytes.toString('hex', from, from + length)}`);
    return negative ? -value : value;
  }

  #advance(length: number): number {
    const from = this.#position;
    if (from + length > this.#bytes.length) throw new NotEnough(from + length);
    this.#position = from + length;
    return from;
  }
}

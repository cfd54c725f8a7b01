/** Writes the primitive encodings of TTC; the mirror of ByteReader. Grows as needed; `take` empties it. */
const SHORT_LENGTH_MAX = 252;
const LONG_FORM = 254;

/** Chunk of the long form; any size is read by clients, this one is what they write themselves. */
const CHUNK_BYTES = 65_536;

export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 512) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#buffer[this.#length++] = value & 0xff;
    return this;
  }

  u16be(value: number): this {
    this.#reserve(2);
    this.#length = this.#buffer.writeUInt16BE(value, this.#length);
    return this;
  }

  u16le(value: number): this {
    this.#reserve(2);
    this.#length = this.#buffer.writeUInt16LE(value, this.#length);
    return this;
  }

  u32be(value: number): this {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32BE(value, this.#length);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  zeros(count: number): this {
    this.#reserve(count);
    this.#buffer.fill(0, this.#length, this.#length + count);
    this.#length += count;
    return this;
  }

  /** UB2, UB4, UB8 alike; the caller knows how wide the reader's field is. */
  ub(value: number | bigint): this {
    if (value === 0) return this.u8(0);
    return this.#integer(BigInt(value), 0);
  }

  sb(value: number | bigint): this {
    const wide = BigInt(value);
    return wide < 0n ? this.#integer(-wide, 0x80) : this.#integer(wide, 0);
  }

  bytes(value: Uint8Array | null): this {
    if (value === null || value.length === 0) return this.u8(0);
    if (value.length <= SHORT_LENGTH_MAX) return this.u8(value.length).raw(value);
    this.u8(LONG_FORM);
    for (let from = 0; from < value.length; from += CHUNK_BYTES) {
      const chunk = value.subarray(from, from + CHUNK_BYTES);
      this.ub(chunk.length).raw(chunk);
    }
    return this.ub(0);
  }

  /** Text as *bytes* in UTF-8, without a copy of it where its length allows. */
  text(value: string): this {
    // At most three bytes for each UTF-16 unit.
    if (value.length * 3 > SHORT_LENGTH_MAX) return this.bytes(Buffer.from(value, 'utf8'));
    this.#reserve(1 + value.length * 3);
    const length = this.#buffer.write(value, this.#length + 1, 'utf8');
    this.#buffer[this.#length] = length;
    this.#length += 1 + length;
    return this;
  }

  str4(text: string): this {
    const bytes = Buffer.from(text, 'utf8');
    this.ub(bytes.length);
    return bytes.length > 0 ? this.bytes(bytes) : this;
  }

  /** What was written since the last take. The buffer goes with it. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafe(Math.max(512, Math.min(this.#buffer.length, 128 * 1024)));
    this.#length = 0;
    return bytes;
  }

  #integer(value: bigint, sign: number): this {
    if (value === 0n) return this.u8(0);
    if (value <= 0xffn) return this.u8(1 | sign).u8(Number(value));
    if (value <= 0xffffn) return this.u8(2 | sign).u16be(Number(value));
    if (value <= 0xffff_ffffn) return this.u8(4 | sign).u32be(Number(value));
    this.u8(8 | sign).#reserve(8);
    this.#length = this.#buffer.writeBigUInt64BE(value, this.#length);
    return this;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + more));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

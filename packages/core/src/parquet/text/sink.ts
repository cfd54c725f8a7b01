/**
 * Bytes being written, to be taken away in chunks. Text never becomes a JavaScript string on its way where it can be
 * bytes throughout. A writer calls `ensure` before it writes to `bytes`, and reads `bytes` after that: growing replaces it.
 */
export type Chunk = Uint8Array<ArrayBuffer>;

/** A chunk is taken when there is this much; one batch of cells more may be in it. */
export const CHUNK_BYTES = 256 * 1024;
/** No chunk is larger: a wide cell comes in several. */
export const CHUNK_BYTES_MAX = 1024 * 1024;

/** Beyond this a copy by the runtime is faster than a loop. */
const LOOP_BYTES_MAX = 48;

const encoder = new TextEncoder();

export class ByteSink {
  bytes: Chunk;
  at = 0;

  constructor(bytes = CHUNK_BYTES + CHUNK_BYTES / 4) {
    this.bytes = new Uint8Array(bytes);
  }

  ensure(count: number): void {
    if (this.at + count > this.bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.at + count));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
  }

  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.at] = value;
    this.at += 1;
  }

  /** Characters of one byte only. */
  ascii(text: string): void {
    const { length } = text;
    this.ensure(length);
    const { bytes, at } = this;
    if (length <= LOOP_BYTES_MAX) for (let i = 0; i < length; i += 1) bytes[at + i] = text.charCodeAt(i);
    else Buffer.from(bytes.buffer).write(text, at, length, 'latin1');
    this.at = at + length;
  }

  text(text: string): void {
    this.copy(encoder.encode(text));
  }

  copy(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start;
    this.ensure(length);
    const { bytes, at } = this;
    if (length <= LOOP_BYTES_MAX) for (let i = 0; i < length; i += 1) bytes[at + i] = source[start + i] ?? 0;
    else bytes.set(source.subarray(start, end), at);
    this.at = at + length;
  }

  get isFull(): boolean {
    return this.at >= CHUNK_BYTES;
  }

  /** Everything written so far, in chunks that own their buffers. */
  *take(): Generator<Chunk, void, undefined> {
    const { bytes, at } = this;
    this.at = 0;
    // One wide cell must not be kept in memory for the rest of the rows.
    if (bytes.length > 4 * CHUNK_BYTES_MAX) this.bytes = new Uint8Array(CHUNK_BYTES + CHUNK_BYTES / 4);
    for (let start = 0; start < at; start += CHUNK_BYTES_MAX) {
      yield bytes.slice(start, Math.min(at, start + CHUNK_BYTES_MAX));
    }
  }
}

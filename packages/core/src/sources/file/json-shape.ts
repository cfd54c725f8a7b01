/**
 * What a JSON file must be before the decoder sees it. DuckDB descends into nested values by recursion on its native
 * stack: 100,000 brackets end the whole process, not the load. It also takes 1e999 for infinity, a value nobody wrote.
 * So the bytes are looked through once for depth and for numbers. Whether they are JSON at all is the decoder's to say.
 */
import { open } from 'node:fs/promises';
import { ParqueueError } from '../../model/errors.ts';
import { throwIfAborted } from './disk-error.ts';
import { DEPTH_MAX } from './table.ts';

/** A number of more characters is no number that anybody computes with; a double keeps 17 digits of it. */
const NUMBER_BYTES_MAX = 1024;
const CHUNK_BYTES = 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const OPENING = new Set([0x5b, 0x7b]);

/**
 * `isWhole`: what it opens it closes. Whether it may be something else than JSON is not known by then.
 * @throws ParqueueError PQ_UNSUPPORTED_TYPE, PQ_VALUE_OUT_OF_RANGE
 */
export async function assertJsonShape(path: string, signal: AbortSignal): Promise<{ readonly isWhole: boolean }> {
  await using handle = await open(path, 'r');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const scan = new JsonScan();
  for (let at = 0; ;) {
    throwIfAborted(signal);
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return { isWhole: scan.end() };
    scan.take(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
}

export class JsonScan {
  #inText = false;
  /** The byte before was a backslash that stood for itself. */
  #isEscaped = false;
  #depth = 0;
  #line = 1;
  readonly #number = Buffer.alloc(NUMBER_BYTES_MAX);
  #numberBytes = 0;

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#inText) this.#text(byte);
      else this.#outside(byte);
    }
  }

  /** @returns whether all is closed that was opened. */
  end(): boolean {
    this.#endNumber();
    return this.#depth === 0 && !this.#inText;
  }

  #text(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#inText = false;
    if (byte === NEWLINE) this.#newline();
  }

  #outside(byte: number): void {
    if (isOfNumber(byte)) {
      if (this.#numberBytes < NUMBER_BYTES_MAX) this.#number[this.#numberBytes] = byte;
      this.#numberBytes += 1;
      return;
    }
    if (this.#numberBytes > 0) this.#endNumber();
    if (byte === QUOTE) this.#inText = true;
    else if (byte === NEWLINE) this.#newline();
    else if (OPENING.has(byte)) this.#open();
    // Brackets that close nothing must not make room for others.
    else if ((byte === 0x5d || byte === 0x7d) && this.#depth > 0) this.#depth -= 1;
  }

  /** No text has a line break in it: what was open is broken, and a decoder that reads line by line begins afresh here. */
  #newline(): void {
    this.#inText = false;
    this.#isEscaped = false;
    this.#line += 1;
  }

  #open(): void {
    this.#depth += 1;
    if (this.#depth <= DEPTH_MAX) return;
    throw new ParqueueError(
      'PQ_UNSUPPORTED_TYPE',
      `line ${this.#line} of the JSON nests deeper than ${DEPTH_MAX} levels; flatten it where the file is written`,
      { details: { line: this.#line, depthMax: DEPTH_MAX } },
    );
  }

  #endNumber(): void {
    const length = this.#numberBytes;
    this.#numberBytes = 0;
    if (length < 300 && !this.#hasExponent(length)) return;
    const text = this.#number.toString('latin1', 0, Math.min(length, NUMBER_BYTES_MAX));
    // `true` and other words leave an e behind; Number makes NaN of it, which is no matter of ours.
    const value = Number(text);
    if (length <= NUMBER_BYTES_MAX && Math.abs(value) !== Number.POSITIVE_INFINITY) return;
    throw new ParqueueError(
      'PQ_VALUE_OUT_OF_RANGE',
      `line ${this.#line} of the JSON: the number ${text.slice(0, 40)}${length > 40 ? '…' : ''} is beyond what a double holds; `
        + 'write it as a text',
      { details: { line: this.#line } },
    );
  }

  #hasExponent(length: number): boolean {
    for (let i = 0; i < length; i += 1) {
      const byte = this.#number[i];
      if (byte === 0x65 || byte === 0x45) return true;
    }
    return false;
  }
}

/** Digits, sign, point and exponent (RFC 8259, section 6). */
function isOfNumber(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || byte === 0x2d || byte === 0x2b || byte === 0x65 || byte === 0x45
  );
}

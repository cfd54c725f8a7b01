/**
 * The client's half of the TTC stream. Messages carry no length, so only decoding tells where one ends: a decoder runs
 * on what has arrived and, when that is not enough, again when there is more. Steps are committed one by one (a
 * piggyback, a row of binds), so that a long request is not decoded from its beginning each time.
 */
import { ByteQueue } from './byte-queue.ts';
import { ByteReader, NotEnough } from './byte-reader.ts';
import { ProtocolError } from './protocol-error.ts';

/** More than any request of a test; what a client sends beyond it, unread, is an attack or a mistake. */
const BUFFERED_BYTES_MAX = 256 * 1024 * 1024;

export class Input {
  /** How the client writes texts whose length it told before; known after the data types. */
  lengthTwice = true;
  readonly #queue = new ByteQueue();
  #stopped: Error | null = null;
  #arrived: (() => void) | null = null;
  /** Positions in the whole stream, to know whether a request whose layout is unknown has arrived to its end. */
  #consumed = 0;
  #requestBegin = 0;
  #requestEnd = 0;
  #flagged = false;

  append(bytes: Uint8Array, endOfRequest: boolean): void {
    if (this.#stopped !== null) return;
    if (this.#queue.length + bytes.length > BUFFERED_BYTES_MAX) {
      this.stop(new ProtocolError('a request without end'));
      return;
    }
    this.#queue.append(bytes);
    if (endOfRequest) {
      this.#flagged = true;
      this.#requestEnd = this.#consumed + this.#queue.length;
    }
    this.#wake();
  }

  /** @throws what the decoder throws, and whatever `stop` was told. */
  async read<T>(decode: (reader: ByteReader) => T): Promise<T> {
    for (;;) {
      if (this.#stopped !== null) throw this.#stopped;
      const reader = new ByteReader(this.#queue.view(), this.lengthTwice);
      let needed: number;
      try {
        const message = decode(reader);
        this.#consume(reader.position);
        return message;
      } catch (error) {
        if (!(error instanceof NotEnough)) throw error;
        needed = error.needed;
      }
      await this.#atLeast(needed);
    }
  }

  /** What is read next begins a request, or goes on with one. */
  begin(): void {
    this.#requestBegin = this.#consumed;
  }

  /** Leaves out the rest of a request that cannot be decoded. Clients that mark no ends send one at a time. */
  async skipRequest(): Promise<void> {
    while (this.#flagged && this.#requestEnd <= this.#requestBegin) await this.#atLeast(this.#queue.length + 1);
    this.#consume(this.#flagged ? this.#requestEnd - this.#consumed : this.#queue.length);
  }

  /** Everything buffered is dropped, a waiting read fails with `reason`, and what arrives is ignored until `resume`. */
  stop(reason: Error): void {
    this.#stopped = reason;
    this.#queue.clear();
    this.#consumed = 0;
    this.#requestBegin = 0;
    this.#requestEnd = 0;
    this.#wake();
  }

  resume(): void {
    this.#stopped = null;
  }

  async #atLeast(needed: number): Promise<void> {
    while (this.#stopped === null && this.#queue.length < needed) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    if (this.#stopped !== null) throw this.#stopped;
  }

  #consume(count: number): void {
    this.#queue.consume(count);
    this.#consumed += count;
  }

  #wake(): void {
    this.#arrived?.();
    this.#arrived = null;
  }
}

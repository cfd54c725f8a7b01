/**
 * The server's messages as they come from the socket. pg's own parser makes an object of each and a string of each value;
 * of the rows of a load that is half of all work. So messages are cut apart here: those with rows go to whoever reads
 * rows, all others to pg. A row that is larger than a string can be is refused before it is received; pg's parser would
 * end the process (docs/adr/0024).
 */
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { Connection, type ConnectionConfig } from 'pg';
import { ParqueueError } from '../../model/errors.ts';

/** What is used of pg's Connection, more than its types tell. Its version is pinned; tests notice a change. */
export interface WireConnection extends EventEmitter {
  readonly stream: Duplex & { readonly remoteAddress?: string; readonly remotePort?: number };
  attachListeners(stream: EventEmitter): void;
  parse(query: { readonly text: string }): void;
  describe(what: { readonly type: 'S' | 'P'; readonly name: string }): void;
  execute(portal: { readonly rows: number }): void;
  sync(): void;
}

/** Whoever reads rows. */
export interface RowReceiver {
  /** Rows that follow lie in other bytes than those before. */
  arrived(): void;
  /** The body of one DataRow: a count of values (16 bits), then for each its length (32 bits, −1 for NULL) and bytes. */
  row(bytes: Buffer, start: number, end: number): void;
  failed(error: unknown): void;
}

const DATA_ROW = 0x44;

/** ErrorResponse and NoticeResponse. */
const TELLS_FIELDS: ReadonlySet<number> = new Set([0x45, 0x4e]);

/** A letter, and a length that counts itself. */
const HEADER_BYTES = 5;

/** Strings end at 512 MiB (V8), and while a row is decoded it is in memory three times. */
const ROW_BYTES_MAX = 256 * 1024 * 1024;

const PgConnection = Connection as unknown as new (config: ConnectionConfig) => WireConnection;

export class FramedConnection extends PgConnection {
  /** Gets the rows while it is set. */
  receiver: RowReceiver | null = null;
  /** The beginning of a message whose end has not come. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Of the pending message, as far as its header tells. */
  #messageBytes = HEADER_BYTES;

  /** Called by pg when the socket, or TLS on it, is there. */
  override attachListeners(stream: EventEmitter): void {
    const others = new EventEmitter();
    super.attachListeners(others);
    stream.on('data', (bytes: Buffer) => {
      try {
        this.#received(bytes, others);
      } catch (error) {
        this.#broken(error);
      }
    });
  }

  #received(bytes: Buffer, others: EventEmitter): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    // Large messages come in thousands of pieces: they are put together once.
    if (this.#pendingBytes < this.#messageBytes) return;
    const all = this.#pending.length === 1 ? bytes : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#keep(all, this.#handOut(all, others));
  }

  /** Answers where the first message begins that is not whole. */
  #handOut(bytes: Buffer, others: EventEmitter): number {
    this.receiver?.arrived();
    let at = 0;
    let othersFrom = 0;
    while (at + HEADER_BYTES <= bytes.length) {
      const end = at + 1 + lengthAt(bytes, at);
      if (end > bytes.length) break;
      if (TELLS_FIELDS.has(bytes[at] ?? 0)) requireEnd(bytes, at + HEADER_BYTES, end);
      if (bytes[at] === DATA_ROW && this.receiver !== null) {
        // Before a row comes what the server said before it.
        if (othersFrom < at) others.emit('data', bytes.subarray(othersFrom, at));
        this.receiver?.row(bytes, at + HEADER_BYTES, end);
        othersFrom = end;
      }
      at = end;
    }
    if (othersFrom < at) others.emit('data', bytes.subarray(othersFrom, at));
    return at;
  }

  #keep(bytes: Buffer, from: number): void {
    const rest = bytes.length - from;
    this.#pending = rest === 0 ? [] : [bytes.subarray(from)];
    this.#pendingBytes = rest;
    this.#messageBytes = rest < HEADER_BYTES ? HEADER_BYTES : 1 + lengthAt(bytes, from);
    if (this.#messageBytes > ROW_BYTES_MAX) throw tooLarge(this.#messageBytes);
  }

  #broken(error: unknown): void {
    this.receiver?.failed(error);
    this.receiver = null;
    this.#pending = [];
    this.stream.destroy(error instanceof Error ? error : new Error('the messages of the server could not be read'));
  }
}

/** Of the message at `at`. One that did not even count itself would end before it began. */
function lengthAt(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32BE(at + 1);
  if (length < HEADER_BYTES - 1) throw new Error('Received unexpected length of a message from backend.');
  return length;
}

/** Fields, each a letter and a text up to a zero, up to a zero in a letter's place. Without that one pg's parser never ends. */
function requireEnd(bytes: Buffer, start: number, end: number): void {
  let at = start;
  while (at < end && bytes[at] !== 0) {
    const zero = bytes.indexOf(0, at + 1);
    at = zero === -1 ? end : zero + 1;
  }
  if (at >= end) throw new Error('Received unexpected end of an error or notice from backend.');
}

function tooLarge(bytes: number): ParqueueError {
  return new ParqueueError(
    'PQ_LIMIT_EXCEEDED',
    `a row of ${bytes} bytes is too large to be loaded: at most ${ROW_BYTES_MAX}`,
    { details: { limit: 'rowBytesMax', max: ROW_BYTES_MAX } },
  );
}

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
import type { Slab } from '../sql/wire/slabs.ts';
import { Inflow } from './inflow.ts';

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
  /**
   * The body of one DataRow: a count of values (16 bits), then for each its length (32 bits, −1 for NULL) and bytes. Who looks at them
   * later holds the slab.
   */
  row(slab: Slab, start: number, end: number): void;
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
  readonly #inflow: Inflow;
  #receiver: RowReceiver | null = null;

  constructor(config: ConnectionConfig) {
    const inflow = new Inflow();
    // TLS has buffers of its own, and pg hears the server's answer about TLS as a listener.
    const plain = config.ssl === undefined || config.ssl === false;
    super(plain && config.stream === undefined ? { ...config, stream: () => inflow.socket() } : config);
    this.#inflow = inflow;
  }

  /** Gets the rows while it is set. */
  get receiver(): RowReceiver | null {
    return this.#receiver;
  }

  set receiver(receiver: RowReceiver | null) {
    this.#receiver = receiver;
    // What the last one did not let go of, or lets go of later, is of no use to the next.
    this.#inflow.startAnew();
  }

  /** Called by pg when the socket, or TLS on it, is there. */
  override attachListeners(stream: EventEmitter): void {
    const others = new EventEmitter();
    super.attachListeners(others);
    this.#inflow.arrived = () => {
      try {
        this.#handOut(others);
      } catch (error) {
        this.#broken(error);
      }
    };
    stream.on('data', (bytes: Buffer) => this.#inflow.add(bytes));
  }

  /** All messages that are whole. */
  #handOut(others: EventEmitter): void {
    const { slab, from, to } = this.#inflow;
    const { bytes, view } = slab;
    let at = from;
    let othersFrom = from;
    let wanted = HEADER_BYTES;
    while (at + HEADER_BYTES <= to) {
      const length = 1 + lengthAt(view, at);
      const end = at + length;
      if (end > to) {
        wanted = length;
        break;
      }
      if (TELLS_FIELDS.has(bytes[at] ?? 0)) requireEnd(bytes, at + HEADER_BYTES, end);
      if (bytes[at] === DATA_ROW && this.#receiver !== null) {
        // Before a row comes what the server said before it.
        if (othersFrom < at) others.emit('data', bytes.subarray(othersFrom, at));
        this.#receiver?.row(slab, at + HEADER_BYTES, end);
        othersFrom = end;
      }
      at = end;
    }
    if (othersFrom < at) others.emit('data', bytes.subarray(othersFrom, at));
    if (wanted > ROW_BYTES_MAX) throw tooLarge(wanted);
    this.#inflow.consumed(at, wanted);
  }

  #broken(error: unknown): void {
    this.receiver?.failed(error);
    this.receiver = null;
    this.#inflow.arrived = () => undefined;
    this.#inflow.consumed(this.#inflow.to, 0);
    this.stream.destroy(error instanceof Error ? error : new Error('the messages of the server could not be read'));
  }
}

/** Of the message at `at`. One that did not even count itself would end before it began. */
function lengthAt(view: DataView, at: number): number {
  const length = view.getUint32(at + 1);
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

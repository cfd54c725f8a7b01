/**
 * The rows of one statement, a chunk at a time and at most one chunk ahead. The statement is executed whole: with a row
 * limit per Execute, the server would plan it without parallel workers, and each chunk would cost a round trip. What is
 * not wanted yet stays in the server: the socket is not read while a chunk waits, and TCP makes the server wait.
 */
import { isAscii } from 'node:buffer';
import { ParqueueError } from '../../model/errors.ts';
import { columnsChanged, FETCH_BYTES, FETCH_ROWS } from '../sql/rows.ts';
import type { FramedConnection, RowReceiver } from './frames.ts';

/** Of a chunk as it travels: one byte may become two in memory. */
const CHUNK_BYTES = FETCH_BYTES / 2;

/** Values that are longer are looked at by native code: calling it costs more than looking at a few bytes. */
const SHORT_BYTES = 64;

export interface RowsWish {
  readonly text: string;
  readonly values: readonly (string | null)[];
  /** Values per row. */
  readonly columns: number;
}

interface Waiting {
  readonly resolve: (rows: unknown[][]) => void;
  readonly reject: (error: unknown) => void;
}

/** Handed to pg's Client as a query of its own kind, as pg-cursor is: it calls submit and the handlers. */
export class RowReader implements RowReceiver {
  readonly #wish: RowsWish;
  readonly #chunks: unknown[][][] = [];
  #connection: FramedConnection | null = null;
  #waiting: Waiting | null = null;
  #failure: { readonly error: unknown } | null = null;
  #rows: unknown[][] = [];
  #rowsBytes = 0;
  #rowsTotal = 0;
  #command: string | null = null;
  #unwanted = false;
  #ended = false;
  /** What arrived last, read as Latin-1: right for all values of ASCII only, and values are cut from it. */
  #text = '';

  constructor(wish: RowsWish) {
    this.#wish = wish;
  }

  /** Nothing of it is on the wire any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The next rows; none when all were read, and never before. Not to be called again before it has settled. */
  next(): Promise<unknown[][]> {
    if (this.#failure !== null) return Promise.reject(this.#failure.error);
    const chunk = this.#chunks.shift();
    if (this.#chunks.length === 0) this.#connection?.stream.resume();
    if (chunk !== undefined) return Promise.resolve(chunk);
    if (this.#ended) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Rows that still come are thrown away, so that the server gets to its end of the matter; `next` fails with that. */
  discard(): void {
    this.#unwanted = true;
    this.#forget();
  }

  submit(connection: FramedConnection): void {
    this.#connection = connection;
    connection.receiver = this;
    const { text, values } = this.#wish;
    connection.stream.cork();
    connection.parse({ text });
    connection.bind({ values });
    connection.describe({ type: 'P', name: '' });
    connection.execute({ rows: 0 });
    connection.sync();
    connection.stream.uncork();
  }

  arrived(bytes: Buffer): void {
    this.#text = this.#unwanted ? '' : bytes.toString('latin1');
  }

  row(bytes: Buffer, start: number, end: number): void {
    if (this.#unwanted) return;
    this.#rows.push(valuesOf({ bytes, start, end, latin1: this.#text }, this.#wish.columns));
    this.#rowsBytes += end - start;
    if (this.#rows.length >= FETCH_ROWS || this.#rowsBytes >= CHUNK_BYTES) this.#chunkIsFull();
  }

  failed(error: unknown): void {
    this.#failure ??= { error };
    this.#unwanted = true;
    this.#forget();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(this.#failure.error);
  }

  handleRowDescription({ fields }: { readonly fields: readonly unknown[] }): void {
    if (fields.length !== this.#wish.columns) this.failed(columnsChanged('RowDescription'));
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#command = text;
  }

  handleReadyForQuery(): void {
    if (this.#command === null) this.failed(new Error('Received unexpected end of a statement from backend.'));
    const told = /^SELECT ([0-9]+)$/.exec(this.#command ?? '')?.[1];
    if (this.#unwanted) this.failed(new ParqueueError('PQ_CANCELLED', 'the rows were not wanted any more'));
    else if (told !== undefined && told !== String(this.#rowsTotal + this.#rows.length)) {
      this.failed(new Error('Received unexpected number of rows from backend.'));
    }
    if (this.#rows.length > 0) this.#chunkIsFull();
    this.#end();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve([]);
  }

  /** An error of the server, or a lost connection; pg tells it once. */
  handleError(error: unknown): void {
    this.failed(error);
    this.#end();
  }

  handleDataRow(): void {
    this.failed(new Error('Received unexpected row from backend.'));
  }

  handleEmptyQuery(): void {
    this.failed(new ParqueueError('PQ_INVALID_REQUEST', 'the statement is empty'));
  }

  handlePortalSuspended(): void {
    this.failed(new Error('Received unexpected portalSuspended message from backend.'));
  }

  #chunkIsFull(): void {
    const rows = this.#rows;
    this.#rows = [];
    this.#rowsBytes = 0;
    this.#rowsTotal += rows.length;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) return waiting.resolve(rows);
    this.#chunks.push(rows);
    this.#connection?.stream.pause();
  }

  #forget(): void {
    this.#chunks.length = 0;
    this.#rows = [];
    this.#text = '';
    this.#connection?.stream.resume();
  }

  #end(): void {
    this.#ended = true;
    this.#text = '';
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    if (connection.receiver === this) connection.receiver = null;
    connection.stream.resume();
  }
}

interface RowBytes {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** `bytes` as text, one character for each. */
  readonly latin1: string;
}

/** What does not fit into its message is refused: behind it stand the next row's bytes. */
function valuesOf({ bytes, start, end, latin1 }: RowBytes, columns: number): unknown[] {
  if (end - start < 2 || bytes.readUInt16BE(start) !== columns) throw malformedRow();
  let at = start + 2;
  const values: (string | null)[] = [];
  for (let i = 0; i < columns; i += 1) {
    const from = at + 4;
    if (from > end) throw malformedRow();
    const length = bytes.readInt32BE(at);
    at = length === NULL_LENGTH ? from : from + length;
    if (at < from || at > end) throw malformedRow();
    if (length === NULL_LENGTH) values.push(null);
    else values.push(isAsciiBetween(bytes, from, at) ? latin1.substring(from, at) : bytes.toString('utf8', from, at));
  }
  if (at !== end) throw malformedRow();
  return values;
}

const NULL_LENGTH = -1;

function malformedRow(): Error {
  return new Error('Received unexpected bytes of a row from backend.');
}

function isAsciiBetween(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > SHORT_BYTES) return isAscii(bytes.subarray(start, end));
  for (let at = start; at < end; at += 1) {
    if ((bytes[at] as number) > 0x7f) return false;
  }
  return true;
}

/**
 * The rows of one statement, a chunk at a time and at most one chunk ahead. The statement is executed whole: with a row
 * limit per Execute, the server would plan it without parallel workers, and each chunk would cost a round trip. What is
 * not wanted yet stays in the server: the socket is not read while a chunk waits, and TCP makes the server wait.
 */
import { ParqueueError } from '../../model/errors.ts';
import { columnsChanged, FETCH_BYTES, FETCH_ROWS } from '../sql/rows.ts';
import { WireRows, type WireChunk } from '../sql/wire/fields.ts';
import type { Slab } from '../sql/wire/slabs.ts';
import { bindMessage, type Formats } from './bind-message.ts';
import type { FramedConnection, RowReceiver } from './frames.ts';
import type { DescribedField } from './statement-reader.ts';

/** Of a chunk as it travels: one byte may become two in memory. */
const CHUNK_BYTES = FETCH_BYTES / 2;

/** A table of rows grows as it has to. */
const ROWS_FIRST = 64;

const PROTOCOL_VIOLATION = '08P01';

export interface RowsWish {
  readonly text: string;
  readonly values: readonly (string | null)[];
  /** Of the values in a row. */
  readonly formats: Formats;
}

/** Tables kept for rows to come; a chunk of usual rows needs one or two. */
const SPARE_TABLES = 8;

const NO_ROWS: WireChunk = { pieces: [] };

interface Waiting {
  readonly resolve: (rows: WireChunk) => void;
  readonly reject: (error: unknown) => void;
}

/** Handed to pg's Client as a query of its own kind, as pg-cursor is: it calls submit and the handlers. */
export class RowReader implements RowReceiver {
  readonly #wish: RowsWish;
  readonly #chunks: WireChunk[] = [];
  #connection: FramedConnection | null = null;
  #waiting: Waiting | null = null;
  #failure: { readonly error: unknown } | null = null;
  #pieces: WireRows[] = [];
  /** Those that the pieces lie in. */
  #slabs: Slab[] = [];
  /** Of the slab that arrives. */
  #piece: WireRows | null = null;
  readonly #spare: WireRows[] = [];
  #rows = 0;
  #rowsBytes = 0;
  #rowsTotal = 0;
  #command: string | null = null;
  #unwanted = false;
  #ended = false;

  constructor(wish: RowsWish) {
    this.#wish = wish;
  }

  /** Nothing of it is on the wire any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Somebody waits for rows that have not come. */
  get isWaited(): boolean {
    return this.#waiting !== null;
  }

  /** The next rows; none when all were read, and never before. Not to be called again before it has settled. */
  next(): Promise<WireChunk> {
    if (this.#failure !== null) return Promise.reject(this.#failure.error);
    const chunk = this.#chunks.shift();
    if (this.#chunks.length === 0) this.#connection?.stream.resume();
    if (chunk !== undefined) return Promise.resolve(chunk);
    if (this.#ended) return Promise.resolve(NO_ROWS);
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
    const { text, values, formats } = this.#wish;
    connection.stream.cork();
    connection.parse({ text });
    connection.stream.write(bindMessage(values, formats));
    connection.describe({ type: 'P', name: '' });
    connection.execute({ rows: 0 });
    connection.sync();
    connection.stream.uncork();
  }

  row(slab: Slab, start: number, end: number): void {
    if (this.#unwanted) return;
    const piece = this.#piece?.bytes === slab.bytes ? this.#piece : this.#begin(slab);
    addRow(piece, start, end);
    this.#rows += 1;
    this.#rowsBytes += end - start;
    if (this.#rows >= FETCH_ROWS || this.#rowsBytes >= CHUNK_BYTES) this.#chunkIsFull();
  }

  failed(error: unknown): void {
    this.#failure ??= { error };
    this.#unwanted = true;
    this.#forget();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(this.#failure.error);
  }

  /** Bytes of one type would be values of another: a function that a statement calls is not locked. */
  handleRowDescription({ fields }: { readonly fields: readonly Pick<DescribedField, 'dataTypeID'>[] }): void {
    const { formats } = this.#wish;
    const expected = formats.every((type, at) => type === null || type === fields[at]?.dataTypeID);
    if (fields.length !== formats.length || !expected) this.failed(columnsChanged('RowDescription'));
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#command = text;
  }

  handleReadyForQuery(): void {
    if (this.#command === null) this.failed(new Error('Received unexpected end of a statement from backend.'));
    const told = /^SELECT ([0-9]+)$/.exec(this.#command ?? '')?.[1];
    if (this.#unwanted) this.failed(new ParqueueError('PQ_CANCELLED', 'the rows were not wanted any more'));
    else if (told !== undefined && told !== String(this.#rowsTotal + this.#rows)) {
      this.failed(new Error('Received unexpected number of rows from backend.'));
    }
    if (this.#rows > 0) this.#chunkIsFull();
    this.#end();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(NO_ROWS);
  }

  /** An error of the server, or a lost connection; pg tells it once. */
  handleError(error: unknown): void {
    // More or fewer formats than columns: the server refuses them before it describes what there is.
    const { code } = error as { readonly code?: unknown };
    this.failed(code === PROTOCOL_VIOLATION ? columnsChanged(PROTOCOL_VIOLATION) : error);
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

  #begin(slab: Slab): WireRows {
    const { bytes, view } = slab;
    const piece = this.#spare.pop() ?? new WireRows(bytes, this.#wish.formats.length, ROWS_FIRST, textAt);
    piece.again(bytes, view);
    slab.hold();
    this.#slabs.push(slab);
    this.#pieces.push(piece);
    this.#piece = piece;
    return piece;
  }

  /** The rows so far. Once they are in columns, what held them is for others. */
  #chunk(): WireChunk {
    const [pieces, slabs] = [this.#pieces, this.#slabs];
    const release = (): void => {
      for (const slab of slabs) slab.letGo();
      for (const piece of pieces) if (this.#spare.length < SPARE_TABLES) this.#spare.push(piece.letGo());
    };
    return { pieces, release };
  }

  #chunkIsFull(): void {
    const chunk = this.#chunk();
    this.#rowsTotal += this.#rows;
    this.#clear();
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) return waiting.resolve(chunk);
    this.#chunks.push(chunk);
    this.#connection?.stream.pause();
  }

  #clear(): void {
    this.#pieces = [];
    this.#slabs = [];
    this.#piece = null;
    this.#rows = 0;
    this.#rowsBytes = 0;
  }

  #forget(): void {
    this.#chunks.length = 0;
    this.#clear();
    this.#connection?.stream.resume();
  }

  #end(): void {
    this.#ended = true;
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    if (connection.receiver === this) connection.receiver = null;
    connection.stream.resume();
  }
}

/** The body of a DataRow. What does not fit into its message is refused: behind it stand the next row's bytes. */
function addRow(rows: WireRows, start: number, end: number): void {
  const { view, columns } = rows;
  if (end - start < 2 || view.getUint16(start) !== columns) throw malformedRow();
  const first = rows.begin();
  const { starts, ends } = rows;
  let at = start + 2;
  for (let i = first; i < first + columns; i += 1) {
    const from = at + 4;
    if (from > end) throw malformedRow();
    const length = view.getInt32(at);
    at = length === NULL_LENGTH ? from : from + length;
    if (at < from || at > end) throw malformedRow();
    starts[i] = from;
    ends[i] = length === NULL_LENGTH ? NULL_LENGTH : at;
  }
  if (at !== end) throw malformedRow();
  rows.rows += 1;
  rows.wireBytes += end - start;
}

function textAt({ bytes, starts, ends }: WireRows, at: number): string {
  return bytes.toString('utf8', starts[at], ends[at]);
}

const NULL_LENGTH = -1;

function malformedRow(): Error {
  return new Error('Received unexpected bytes of a row from backend.');
}

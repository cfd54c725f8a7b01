/**
 * Values where they lie in the bytes that arrived: the way of most rows from the wire into the columns of a batch, without an array
 * for each row or a string for each value in between. A column is read at a time, by the reader that its mapping names
 * (wire/readers.ts); a value that a reader does not know goes the usual way, as the mapping's reading, and is judged there.
 */
import type { ColumnType } from '../../../parquet/column-type.ts';
import type { ColumnSink } from '../../../parquet/row-appender.ts';

const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

/** Rows of one piece of what arrived; it is held by them. */
export class WireRows {
  bytes: Buffer;
  view: DataView;
  readonly columns: number;
  /** Of the value at row × columns + column. */
  starts: Int32Array;
  /** NULL where negative. */
  ends: Int32Array;
  rows = 0;
  /** Of all values, those that were sent once for several rows as well; at least, and about what the rows took on the wire. */
  wireBytes = 0;
  readonly #decode: (rows: WireRows, at: number) => unknown;

  /** @param decode makes of the value at `at`, which is not NULL, what its mapping starts from */
  constructor(bytes: Buffer, columns: number, rowsExpected: number, decode: (rows: WireRows, at: number) => unknown) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.columns = columns;
    this.starts = new Int32Array(Math.max(1, rowsExpected) * columns);
    this.ends = new Int32Array(this.starts.length);
    this.#decode = decode;
  }

  /** Rows of another piece, of which there are none yet, in the same tables. */
  again(bytes: Buffer, view: DataView): void {
    this.bytes = bytes;
    this.view = view;
    this.rows = 0;
    this.wireBytes = 0;
  }

  /** Its rows are in columns: the tables are kept for other rows, and the bytes are not held any more. */
  letGo(): this {
    this.again(NO_BYTES, NO_VIEW);
    return this;
  }

  /** Where the values of the next row are to be put: from there on as many as there are columns. */
  begin(): number {
    const at = this.rows * this.columns;
    if (at + this.columns > this.starts.length) {
      this.starts = grown(this.starts, this.columns);
      this.ends = grown(this.ends, this.columns);
    }
    return at;
  }

  value(at: number): unknown {
    return (this.ends[at] as number) < 0 ? null : this.#decode(this, at);
  }

  /** For those who want values. */
  arrays(): unknown[][] {
    return Array.from({ length: this.rows }, (_row, row) =>
      Array.from({ length: this.columns }, (_column, column) => this.value(row * this.columns + column)),
    );
  }
}

function grown(places: Int32Array, columns: number): Int32Array {
  const more = new Int32Array(places.length * 2 + columns);
  more.set(places);
  return more;
}

/** Rows that come together, in the pieces in which they arrived. */
export interface WireChunk {
  readonly pieces: readonly WireRows[];
  /** They are in columns now, and what held them may hold others. */
  readonly release?: () => void;
}

/** Values, or where they lie. */
export type Chunk = unknown[][] | WireChunk;

/** What a reader is to do. */
export interface ColumnReading {
  readonly rows: WireRows;
  readonly column: number;
  readonly from: number;
  readonly to: number;
  readonly sink: ColumnSink;
  /** Puts the value at `at` into the batch's row, the usual way. @throws Refusal */
  readonly usual: (at: number, row: number) => void;
}

/** Puts values `from` to `to` of a column into the sink, from its first row on. @throws Refusal at `sink.row` */
export type ColumnReader = (reading: ColumnReading) => void;

/** How values of a column are read from the wire. */
export interface Wire {
  /** Where they have to come in Postgres' binary format: the number (oid) of the one type that these bytes are of. */
  readonly binaryOf?: number;
  /** null: none for this type, so that all values go the usual way. */
  readonly into: (type: ColumnType) => ColumnReader | null;
}

/** Every value of the column that is not NULL, in order; NULLs are put here. */
export function eachValue(
  { rows, column, from, to, sink }: ColumnReading,
  put: (row: number, start: number, end: number, at: number) => void,
): void {
  const { starts, ends, columns } = rows;
  let at = from * columns + column;
  for (let row = sink.first; row < sink.first + to - from; row += 1) {
    const end = ends[at] as number;
    if (end < 0) sink.setNull(row);
    else put(row, starts[at] as number, end, at);
    at += columns;
  }
}

/** As eachValue, of values that all have `width` bytes. */
export function eachOfWidth(reading: ColumnReading, width: number, put: (row: number, start: number) => void): void {
  eachValue(reading, (row, start, end) => {
    if (end - start !== width) throw new Error(`Received unexpected length of a value of ${width} bytes.`);
    put(row, start);
  });
}

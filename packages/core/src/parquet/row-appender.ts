/**
 * Rows → Arrow record batches, by typed arrays per column: 10 to 20 times as fast as Arrow's own builders. Types are
 * always given and never guessed; a value its column cannot hold exactly is an error, not a nearby value.
 */
import { makeData, RecordBatch, Struct, type Data, type Decimal, type Schema } from 'apache-arrow';
import { ParqueueError } from '../model/errors.ts';
import { arrowSchema, arrowType, typeName, type Column } from './column-type.ts';
import type { ColumnBuilder } from './columns/builder.ts';
import { BinaryBuilder, Utf8Builder } from './columns/bytes.ts';
import { Decimal128Builder } from './columns/decimal128.ts';
import { BoolBuilder, Date32Builder, Float32Builder, Float64Builder, Int32Builder } from './columns/fixed.ts';
import { Int64Builder, TimestampBuilder } from './columns/int64.ts';
import { Refusal } from './columns/refusal.ts';

export const BATCH_ROWS = 65_536;

/**
 * Values in a batch at most: room for all of them is taken beforehand, 8 to 16 bytes each. 64 columns of BATCH_ROWS;
 * with a thousand columns a batch has 4,194 rows.
 */
const BATCH_VALUES = 64 * BATCH_ROWS;

/** A batch ends early when its texts and binaries reach this; offsets are 32-bit, and two batches are in flight. */
const BATCH_VARIABLE_BYTES = 32 * 1024 * 1024;

/** One column of the batch that is being built. */
export interface ColumnSink {
  readonly builder: ColumnBuilder;
  /** The row after the last whole one: where the first of the rows that are appended now goes. */
  readonly first: number;
  /** The row whose value is being put, where that may be refused; for the error. */
  row: number;
  /** @throws ParqueueError where the column is declared NOT NULL */
  setNull(row: number): void;
}

/** Rows that put their values into the columns by themselves, a column at a time. */
export interface ColumnChunk {
  readonly rows: number;
  /** At least what they add to columns of variable width. */
  readonly bytes: number;
  /** Puts its rows `from` to `to` (excluded) into column `at`, from row `sink.first` on. @throws Refusal at `sink.row` */
  fill(at: number, sink: ColumnSink, from: number, to: number): void;
}

export type RowChunk = readonly ArrayLike<unknown>[] | ColumnChunk;

class Track implements ColumnSink {
  readonly column: Column;
  builder: ColumnBuilder;
  /** Validity bits, made when the first null comes. */
  valid: Uint8Array | null = null;
  nullCount = 0;
  first = 0;
  row = 0;
  /** In batches that were taken. */
  before = 0;
  private readonly batchRows: number;

  constructor(column: Column, batchRows: number) {
    this.column = column;
    this.batchRows = batchRows;
    this.builder = builderFor(column, batchRows);
  }

  setNull(row: number): void {
    if (!this.column.nullable) throw this.notNull(this.before + row + 1);
    this.valid ??= new Uint8Array((this.batchRows + 7) >> 3).fill(0xff);
    this.valid[row >> 3] = (this.valid[row >> 3] ?? 0) & ~(1 << (row & 7));
    this.nullCount += 1;
    this.builder.setNull(row);
  }

  /** The column's data of `rows` rows. */
  take(rows: number): Data {
    const { nullCount, valid, builder } = this;
    this.valid = null;
    this.nullCount = 0;
    this.before += rows;
    return builder.finish(rows, { nullCount, nullBitmap: valid?.subarray(0, (rows + 7) >> 3) ?? null });
  }

  /** `again`: in the memory of the batch before. */
  begin(again: boolean): void {
    if (again) this.builder.clear();
    else this.builder = builderFor(this.column, this.batchRows);
  }

  /** With column and row, where it is what a builder says of a value. */
  located(error: unknown, rowInBatch: number): unknown {
    if (!(error instanceof Refusal)) return error;
    const { name, type } = this.column;
    const row = this.before + rowInBatch + 1;
    return new ParqueueError(
      'PQ_VALUE_OUT_OF_RANGE',
      `row ${row}, column ${name} (${typeName(type)}): ${error.message}`,
      {
        details: { column: name, type: typeName(type), row },
      },
    );
  }

  private notNull(row: number): ParqueueError {
    return new ParqueueError(
      'PQ_VALUE_OUT_OF_RANGE',
      `row ${row}: column ${this.column.name} is declared NOT NULL and holds a NULL`,
      {
        details: { column: this.column.name, row },
      },
    );
  }
}

export interface AppenderOptions {
  /** Of a batch at most. */
  readonly batchRows?: number;
  /**
   * Each batch is made in the memory of the one before, which was given up when a row is appended: else a load makes and drops
   * some 20 MB for each batch, and V8 collects garbage for that, all of the thread's heap each time.
   */
  readonly reuse?: boolean;
}

export class RowAppender {
  readonly schema: Schema;
  private readonly batchRows: number;
  private readonly reuse: boolean;
  private readonly tracks: readonly Track[];
  private count = 0;
  /** The builders' memory is that of a batch that was taken. */
  private isTaken = false;

  constructor(
    columns: readonly Column[],
    { batchRows = batchRowsFor(columns.length), reuse = false }: AppenderOptions = {},
  ) {
    this.schema = arrowSchema(columns);
    this.batchRows = batchRows;
    this.reuse = reuse;
    this.tracks = columns.map((column) => new Track(column, batchRows));
  }

  /** Rows in the batch being built. */
  get rows(): number {
    return this.count;
  }

  /** The batch must be taken before another row is appended. */
  get full(): boolean {
    return this.count >= this.batchRows || (this.count > 0 && this.variableBytes() >= BATCH_VARIABLE_BYTES);
  }

  /**
   * Appends one row; null and undefined are NULL.
   * @throws ParqueueError PQ_VALUE_OUT_OF_RANGE naming column, row and the beginning of the value
   */
  append(row: ArrayLike<unknown>): void {
    this.begin();
    const { tracks, count } = this;
    for (let i = 0; i < tracks.length; i += 1) {
      const track = tracks[i] as Track;
      const value = row[i];
      if (value === null || value === undefined) track.setNull(count);
      else {
        try {
          track.builder.set(count, value);
        } catch (error) {
          throw track.located(error, count);
        }
      }
    }
    this.count += 1;
  }

  /**
   * Appends rows of the chunk from its row `from` on: as many as there is room for, and no more than one where the batch may be
   * full of bytes after it. A column is appended at a time; batches are those that `append` would make.
   * @returns the chunk's row after the last that was appended
   * @throws ParqueueError as `append`
   */
  appendColumns(chunk: ColumnChunk, from: number): number {
    this.begin();
    const isTight = this.variableBytes() + chunk.bytes >= BATCH_VARIABLE_BYTES;
    const to = Math.min(chunk.rows, from + (isTight ? 1 : this.batchRows - this.count));
    const { tracks, count } = this;
    for (let at = 0; at < tracks.length; at += 1) {
      const track = tracks[at] as Track;
      track.first = count;
      try {
        chunk.fill(at, track, from, to);
      } catch (error) {
        throw track.located(error, track.row);
      }
    }
    this.count += to - from;
    return to;
  }

  /** The batch built so far, or null where it has no rows; the appender starts the next one. */
  take(): RecordBatch | null {
    const rows = this.count;
    if (rows === 0) return null;
    const children = this.tracks.map((track) => track.take(rows));
    this.count = 0;
    this.isTaken = true;
    return new RecordBatch(
      this.schema,
      makeData({ type: new Struct(this.schema.fields), length: rows, nullCount: 0, children }),
    );
  }

  private begin(): void {
    if (!this.isTaken) return;
    this.isTaken = false;
    for (const track of this.tracks) track.begin(this.reuse);
  }

  private variableBytes(): number {
    let bytes = 0;
    for (const { builder } of this.tracks) bytes += builder.variableBytes;
    return bytes;
  }
}

/** Rows in chunks → batches. With `reuse` a batch is there until the next one is asked for. */
export async function* batchesOf(
  columns: readonly Column[],
  chunks: AsyncIterable<RowChunk> | Iterable<RowChunk>,
  options: AppenderOptions = {},
): AsyncGenerator<RecordBatch, void, undefined> {
  const appender = new RowAppender(columns, options);
  for await (const chunk of chunks) {
    const rows = isColumnChunk(chunk) ? chunk.rows : chunk.length;
    for (let row = 0; row < rows;) {
      if (isColumnChunk(chunk)) {
        row = appender.appendColumns(chunk, row);
      } else {
        appender.append(chunk[row] as ArrayLike<unknown>);
        row += 1;
      }
      const batch = appender.full ? appender.take() : null;
      if (batch !== null) yield batch;
    }
  }
  const last = appender.take();
  if (last !== null) yield last;
}

function isColumnChunk(chunk: RowChunk): chunk is ColumnChunk {
  return !Array.isArray(chunk);
}

function batchRowsFor(columns: number): number {
  return Math.max(1, Math.min(BATCH_ROWS, Math.floor(BATCH_VALUES / Math.max(1, columns))));
}

function builderFor({ type }: Column, capacity: number): ColumnBuilder {
  switch (type.kind) {
    case 'bool':
      return new BoolBuilder(capacity);
    case 'int32':
      return new Int32Builder(capacity);
    case 'int64':
      return new Int64Builder(arrowType(type), capacity);
    case 'float32':
      return new Float32Builder(capacity);
    case 'float64':
      return new Float64Builder(capacity);
    case 'decimal128':
      return new Decimal128Builder(arrowType(type) as Decimal, capacity);
    case 'utf8':
      return new Utf8Builder(capacity);
    case 'binary':
      return new BinaryBuilder(capacity);
    case 'date32':
      return new Date32Builder(capacity);
    case 'timestamp':
      return new TimestampBuilder(arrowType(type), type, capacity);
  }
}

/** A ColumnBuilder collects one column's values of one batch in the memory layout of Arrow. */
import type { Data } from 'apache-arrow';

export interface ColumnBuilder {
  /** Puts a value that is not null at `row`. Rows come in order. @throws Refusal */
  set(row: number, value: unknown): void;
  /** Puts a null at `row`; the validity bits are kept outside. */
  setNull(row: number): void;
  /** Bytes collected so far, for columns of variable width; 0 for the others. */
  readonly variableBytes: number;
  /** The column's data of `rows` rows, which lies in the builder's memory. */
  finish(rows: number, nulls: Nulls): Data;
  /** Begins another batch, in the memory of the last one: nobody may look at that any more. */
  clear(): void;
}

export interface Nulls {
  readonly nullCount: number;
  /** One bit per row, set where there is a value (Arrow columnar format, "Validity bitmaps"); null where all are. */
  readonly nullBitmap: Uint8Array | null;
}

/** What is told of a column, and what gathers it: one for each way its values are kept. */
import type { ColumnRange } from '../footer.ts';
import type { Vector } from '../ipc/vector.ts';

/** Where numbers are texts, they are as the entry's CSV writes them: every digit, times as ISO 8601. */
export interface ColumnStatistics {
  readonly name: string;
  /** In Arrow's words. */
  readonly type: string;
  /** Lists, maps and structs: of them only how many items there are is told. */
  readonly nested: boolean;
  /** What the column takes in the file. */
  readonly bytes: number;
  /** Of the rows looked at. */
  readonly nulls: number;
  readonly values: number;
  /** NaN and the infinities, which are in none of the numbers below. */
  readonly notFinite: number;
  /** What `min` and `max` are of: all rows, as the footer tells, or those looked at. */
  readonly range: 'all' | 'looked-at' | null;
  readonly min: string | null;
  readonly max: string | null;
  readonly mean: string | null;
  /** How many different values; null: more than are counted. */
  readonly distinct: number | null;
  readonly top: readonly TopValue[] | null;
  /** Whether each count of `top` is right; otherwise it is at least that. */
  readonly topExact: boolean;
  readonly lengths: Lengths | null;
  readonly histogram: Histogram | null;
}

export interface TopValue {
  /** Bytes as base64. */
  readonly value: string;
  readonly count: number;
  /** Only the beginning of a long value. */
  readonly cut: boolean;
}

/** Of texts and binary values in bytes, of lists and maps in items. */
export interface Lengths {
  readonly unit: 'bytes' | 'items';
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

/** Bar i is of the values from edge i up to, and without, edge i + 1; the last bar has its upper edge, too. */
export interface Histogram {
  /** One more than there are bars. */
  readonly edges: readonly string[];
  readonly counts: readonly number[];
}

export type Gathered = Omit<ColumnStatistics, 'name' | 'type' | 'nested' | 'bytes' | 'nulls' | 'values'>;

export interface Gatherer {
  /** @param rows those that have a value, ascending */
  add(vector: Vector, rows: Uint32Array): void;
  /** @param ranges of every row group that has values; null where the footer does not tell all of them */
  gathered(ranges: readonly ColumnRange[] | null): Gathered;
}

export const NOTHING_GATHERED: Gathered = {
  notFinite: 0,
  range: null,
  min: null,
  max: null,
  mean: null,
  distinct: null,
  top: null,
  topExact: true,
  lengths: null,
  histogram: null,
};

/** Bars of a histogram: as many as a small plot shows. */
export const BARS_MAX = 24;
/** Different numbers counted in a column. */
export const DISTINCT_MAX = 1_000;

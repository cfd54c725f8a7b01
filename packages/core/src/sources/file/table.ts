/** What a format makes of a file: a relation DuckDB can read, and the columns wanted of it as expressions. */
import { ParqueueError } from '../../model/errors.ts';
import type { RefusedValue } from './declared-type.ts';

/**
 * Columns of one file. Each is an expression or several to DuckDB, which takes time and memory for them that it neither
 * limits nor lets us interrupt; files wider than this are lists of something else.
 */
export const COLUMNS_MAX = 10_000;

/**
 * Lists and structs within each other. DuckDB takes twice as long to read a Parquet column with each list around it: 20 are
 * some tenths of a second, and nothing interrupts it.
 */
export const DEPTH_MAX = 20;

/** @throws ParqueueError PQ_LIMIT_EXCEEDED */
export function assertColumns(columns: number): void {
  if (columns <= COLUMNS_MAX) return;
  throw new ParqueueError('PQ_LIMIT_EXCEEDED', `the file has more than the limit of ${COLUMNS_MAX} columns`, {
    details: { limit: 'columns', columnsMax: COLUMNS_MAX },
  });
}

export interface TableColumn {
  readonly name: string;
  readonly expression: string;
  /** The type in the file's own words, for the manifest. */
  readonly sourceType: string;
  readonly note?: string;
}

export interface Table {
  readonly relation: string;
  readonly columns: readonly TableColumn[];
  /** Rows, where the format had to count them anyway. */
  readonly rows: number | null;
  /** The error to report for a value that cannot be had in its declared type. */
  readonly blame: (refused: RefusedValue) => Promise<ParqueueError>;
  /** Another table to load instead, where the refused column's type was a guess; null where it was declared. */
  readonly widened?: (refused: RefusedValue) => Promise<Table | null>;
}

/** What the beginning of a file says of all of it, before anybody looked. */
export interface Guess {
  readonly table: Table;
  /** Looks at all bytes. @returns how many records there are; null where one of them is not as guessed. */
  readonly records: (signal: AbortSignal) => Promise<number | null>;
}

/** The columns to write, in the wanted order. @throws ParqueueError PQ_INVALID_REQUEST naming those there are, PQ_LIMIT_EXCEEDED */
export function wantedColumns(
  available: readonly string[],
  wanted: readonly string[] | null,
  typed: readonly string[],
): readonly string[] {
  assertColumns(available.length);
  const unknown = [...(wanted ?? []), ...typed].filter((name) => !available.includes(name));
  if (unknown.length > 0) {
    const listed =
      available.length > 50 ? `${available.slice(0, 50).join(', ')}, … (${available.length})` : available.join(', ');
    throw new ParqueueError('PQ_INVALID_REQUEST', `the file has no column ${unknown.join(', ')}; it has ${listed}`, {
      details: { unknown, available: available.slice(0, 1000) },
    });
  }
  if (wanted === null) return available;
  if (wanted.length === 0) throw new ParqueueError('PQ_INVALID_REQUEST', 'the list of wanted columns is empty');
  if (new Set(wanted).size !== wanted.length)
    throw new ParqueueError('PQ_INVALID_REQUEST', 'a wanted column is named twice');
  return wanted;
}

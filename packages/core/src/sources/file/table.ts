/** What a format makes of a file: a relation DuckDB can read, and the columns wanted of it as expressions. */
import { ParqueueError } from '../../model/errors.ts';
import type { RefusedValue } from './declared-type.ts';

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

/** The columns to write, in the wanted order. @throws ParqueueError PQ_INVALID_REQUEST naming those there are */
export function wantedColumns(
  available: readonly string[],
  wanted: readonly string[] | null,
  typed: readonly string[],
): readonly string[] {
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

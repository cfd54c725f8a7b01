/**
 * From what the driver hands over to what a column builder takes: whole columns of a batch at a time, in place. Most
 * columns need nothing, since the builders take the databases' texts; here is what is left. A value that its column cannot hold is a
 * Refusal; who calls adds column and row.
 */
import { refuse } from '../../parquet/columns/refusal.ts';
import { exactlyRounded, holdsExactly, NAMED_DOUBLES } from './numbers.ts';
import { isoTime } from './temporal.ts';
import type { Convert } from './types.ts';

export type Conversion =
  | { readonly kind: 'none' }
  /** Decimal text to float64; values that it does not hold exactly are counted. */
  | { readonly kind: 'rounding' }
  | { readonly kind: 'iso-year' }
  | { readonly kind: 'each'; readonly convert: Convert };

export const AS_IT_IS: Conversion = { kind: 'none' };

/** Where a conversion is, for the error of a value that it refuses. */
export interface Progress {
  /** In the batch. */
  row: number;
  /** Values rounded. */
  rounded: number;
}

type Rows = readonly unknown[][];

/** @throws Refusal, with `progress.row` at the value */
export function convertColumn(rows: Rows, at: number, conversion: Conversion, progress: Progress): void {
  switch (conversion.kind) {
    case 'none':
      return;
    case 'rounding':
      convertNumbers(rows, at, progress);
      return;
    case 'iso-year':
      convertYears(rows, at, progress);
      return;
    case 'each':
      convertEach(rows, at, conversion.convert, progress);
  }
}

function convertNumbers(rows: Rows, at: number, progress: Progress): void {
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i] as unknown[];
    const text = row[at];
    if (text === null || text === undefined) continue;
    progress.row = i;
    if (typeof text !== 'string') refuse(text, 'is not a decimal text');
    let value = exactlyRounded(text);
    if (Number.isNaN(value)) {
      value = Number(text);
      if (!Number.isFinite(value)) requireNamed(text);
      else if (!holdsExactly(text, value)) progress.rounded += 1;
    }
    row[at] = value;
  }
}

function requireNamed(text: string): void {
  if (!NAMED_DOUBLES.has(text)) refuse(text, 'is not a float64');
}

const MINUS = 0x2d;

function convertYears(rows: Rows, at: number, progress: Progress): void {
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i] as unknown[];
    const text = row[at];
    if (text === null || text === undefined) continue;
    progress.row = i;
    if (typeof text !== 'string') refuse(text, 'is not the text of a time');
    if (text.charCodeAt(0) === MINUS) row[at] = isoTime(text);
  }
}

function convertEach(rows: Rows, at: number, convert: Convert, progress: Progress): void {
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i] as unknown[];
    const value = row[at];
    if (value === null || value === undefined) continue;
    progress.row = i;
    row[at] = convert(value);
  }
}

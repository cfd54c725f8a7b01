/** The size of a numeric, which the server packs into its modifier, and the decimal that holds every number of it. */
import type { ColumnType } from '../../parquet/column-type.ts';
import { builtIn, type PostgresColumn } from './types.ts';

/** What a 128-bit decimal holds. */
export const DECIMAL_DIGITS = 38;

interface Size {
  readonly precision: number;
  readonly scale: number;
}

/** From numeric_typmod_precision and _scale in numeric.c; null: none was declared. */
function sizeOf({ typmod }: PostgresColumn): Size | null {
  if (typmod < 4) return null;
  const packed = typmod - 4;
  // The scale is a number of 11 bits with a sign.
  return { precision: (packed >> 16) & 0xffff, scale: ((packed & 0x7ff) ^ 0x400) - 0x400 };
}

/**
 * For every number of the size: zeros that a negative scale adds are digits too, and so are those that a large one puts
 * behind the point. It has more than DECIMAL_DIGITS where no decimal holds them all; infinitely many without a size.
 */
export function decimalOf(column: PostgresColumn): Extract<ColumnType, { readonly kind: 'decimal128' }> {
  const { precision, scale } = sizeOf(column) ?? { precision: Number.POSITIVE_INFINITY, scale: 0 };
  if (scale < 0) return { kind: 'decimal128', precision: precision - scale, scale: 0 };
  return { kind: 'decimal128', precision: Math.max(precision, scale), scale };
}

/** A column of it, for examples and tests. */
export const numeric = (precision: number, scale: number): PostgresColumn =>
  builtIn('numeric', { typmod: ((precision << 16) | (scale & 0x7ff)) + 4, typeName: `numeric(${precision},${scale})` });

/**
 * Single values into declared types, exactly or not at all. Texts that stand for other types may be padded with blanks,
 * as CHAR columns pad them.
 */
import { refuse } from '../../parquet/columns/refusal.ts';
import { holdsExactly, NAMED_DOUBLES, withLeadingZero } from './numbers.ts';

// One way through any text: a document of digits must not be tried from each of them.
const DECIMAL = /^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?$/;
const INTEGER = /^-?[0-9]+$/;

/** IEEE binary32: 6 digits survive text → float32 → text (FLT_DIG), between its smallest normal number and its largest. */
const REAL_DIGITS_MAX = 6;
const REAL_MIN = 1.175_494_4e-38;
const REAL_MAX = 3.402_823_4e38;

const TRUE = new Set(['true', 't', 'yes', 'y', '1']);
const FALSE = new Set(['false', 'f', 'no', 'n', '0']);

export function trimmed(value: unknown): string {
  if (typeof value !== 'string') refuse(value, 'is not a text');
  return value.trim();
}

/** Of a decimal text, and of a double by its shortest text. */
export function doubleOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const text = trimmed(value);
  if (!DECIMAL.test(text)) refuse(value, 'is not a number');
  const number = Number(text);
  if (!Number.isFinite(number) || !holdsExactly(text, number)) refuse(value, 'has more digits than a float64 holds');
  return number;
}

/** As doubleOf and realOf, of a number of a type that has NaN and infinities. */
export const ofNumber =
  (convert: (value: unknown) => number): ((value: unknown) => number) =>
  (value) =>
    typeof value === 'string' && NAMED_DOUBLES.has(value) ? Number(value) : convert(value);

/** The float32 nearest to it, where that is the number itself, or a number of so few digits that its text comes back. */
export function realOf(value: unknown): number {
  const number = doubleOf(value);
  const real = Math.fround(number);
  if (Object.is(real, number)) return number;
  const size = Math.abs(number);
  const digits = number.toExponential().replace(/e.*$/, '').replace(/[-.]/g, '').length;
  if (typeof value === 'number' || digits > REAL_DIGITS_MAX || size < REAL_MIN || size > REAL_MAX)
    refuse(value, 'has more digits than a float32 holds');
  return real;
}

/** For a decimal builder, which checks the digits. */
export function decimalOf(value: unknown): unknown {
  return typeof value === 'string' ? value.trim() : value;
}

export function booleanOf(value: unknown): boolean {
  const text = typeof value === 'number' ? String(value) : trimmed(value).toLowerCase();
  if (TRUE.has(text)) return true;
  if (!FALSE.has(text)) refuse(value, 'is not a boolean');
  return false;
}

/** A whole number within the bounds, for a builder of any integer type. */
export function integerWithin(minimum: bigint, maximum: bigint, name: string): (value: unknown) => bigint {
  return (value) => {
    const integer = wholeOf(value);
    if (integer === null || integer < minimum || integer > maximum) refuse(value, `is not a ${name}`);
    return integer;
  };
}

function wholeOf(value: unknown): bigint | null {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : null;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  const text = trimmed(value).replace(/^\+/, '');
  return INTEGER.test(text) ? BigInt(text) : null;
}

/** As SQL writes it: `0.5` where the driver says `.5`; doubles by their shortest text, NaN and the infinities by name. */
export function textOfNumber(value: unknown): string {
  if (typeof value === 'string') return withLeadingZero(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

/** As RAWTOHEX writes it. */
export function hexOf(value: unknown): string {
  if (!(value instanceof Uint8Array)) refuse(value, 'is not binary');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex').toUpperCase();
}

export function utf8Of(value: unknown): Uint8Array {
  if (typeof value !== 'string') refuse(value, 'is not a text');
  if (!value.isWellFormed()) refuse(value, 'is not well-formed Unicode');
  return Buffer.from(value, 'utf8');
}

/** A text of an instant must say its offset: without one it is what a wall clock showed. */
export function instantOf(value: unknown): string {
  const text = trimmed(value);
  if (!/(?:Z|[-+][0-9]{2}(?::?[0-9]{2})?)$/.test(text) || !text.includes(':')) refuse(value, 'has no offset');
  return text;
}

/**
 * NUMBERs as Oracle sends them, without a text in between: exponent byte, then digits in base 100, one more than they are;
 * of a negative number all is turned round, and a 102 ends it where there is room. What has more than 15 digits, or no
 * such value, is NaN here: the driver's text of it, which is exact, is there for those.
 */
import { SAFE_DIGITS } from '../../parquet/columns/plain-integer.ts';

/** Fifteen nines: so many digits are a safe integer whatever they are, and a double of their own. */
const LARGEST = 999_999_999_999_999;

/** More digits in base 100 are more than fifteen in base 10. */
const PAIRS_MAX = 8;

const EXPONENT_BIAS = 193;
const SIGN_BIT = 0x80;
const END_OF_NEGATIVE = 102;

/** The powers of ten that are doubles themselves. */
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/** The digits as one integer, with the sign; NaN: too many, or none that there are. */
function mantissaAt(bytes: Uint8Array, start: number, end: number): number {
  const positive = (bytes[start] as number) >= SIGN_BIT;
  const pairs = end - start - 1;
  if (pairs > PAIRS_MAX || (pairs === 0 && !positive)) return Number.NaN;
  let mantissa = 0;
  for (let i = start + 1; i < end; i += 1) {
    const pair = positive ? (bytes[i] as number) - 1 : 101 - (bytes[i] as number);
    if (pair < 0 || pair > 99) return Number.NaN;
    mantissa = mantissa * 100 + pair;
  }
  if (mantissa > LARGEST) return Number.NaN;
  // Not -0.
  return positive ? mantissa : 0 - mantissa;
}

/** Where the digits end: what ends a negative number is none. */
function endOf(bytes: Uint8Array, start: number, end: number): number {
  return (bytes[start] as number) < SIGN_BIT && bytes[end - 1] === END_OF_NEGATIVE ? end - 1 : end;
}

/** Of ten, by which the mantissa is to be multiplied. */
function powerAt(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] as number;
  const exponent = (first >= SIGN_BIT ? first : first ^ 0xff) - EXPONENT_BIAS;
  return 2 * (exponent - (end - start - 1) + 1);
}

/** value × 10^scale, where that is an integer of at most 15 digits. */
export function unscaledAt(bytes: Uint8Array, start: number, end: number, scale: number): number {
  const last = endOf(bytes, start, end);
  const mantissa = mantissaAt(bytes, start, last);
  if (mantissa === 0 || Number.isNaN(mantissa)) return mantissa;
  const power = powerAt(bytes, start, last) + scale;
  if (power === 0) return mantissa;
  if (power < 0) return power === -1 && mantissa % 10 === 0 ? mantissa / 10 : Number.NaN;
  if (power > SAFE_DIGITS) return Number.NaN;
  const value = mantissa * (POWERS[power] as number);
  return value <= LARGEST && value >= -LARGEST ? value : Number.NaN;
}

/** The double that holds it, as fifteen digits always have one: rounded once, since both parts are exact (Clinger 1990). */
export function doubleAt(bytes: Uint8Array, start: number, end: number): number {
  const last = endOf(bytes, start, end);
  const mantissa = mantissaAt(bytes, start, last);
  if (mantissa === 0 || Number.isNaN(mantissa)) return mantissa;
  const power = powerAt(bytes, start, last);
  if (power >= 0) return mantissa * (POWERS[power] ?? Number.NaN);
  return mantissa / (POWERS[-power] ?? Number.NaN);
}

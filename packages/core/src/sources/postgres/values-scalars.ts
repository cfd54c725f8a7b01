/** Single values as Postgres writes them → what the builders of Parquet columns take; each kept, or refused. */
import { refuse } from '../../parquet/columns/refusal.ts';
import { exactlyRounded, NAMED_DOUBLES } from '../sql/numbers.ts';

export function booleanOf(value: unknown): boolean {
  if (value === 't') return true;
  return value === 'f' ? false : refuse(value, 'is not a boolean');
}

/** Of a float8, whose text is the shortest that no other double shares. */
export function doubleOf(value: unknown): number {
  if (typeof value !== 'string') refuse(value, 'is not the text of a number');
  const plain = exactlyRounded(value);
  if (!Number.isNaN(plain)) return plain;
  if (NAMED_DOUBLES.has(value)) return Number(value);
  const number = beginsAsNumber(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : refuse(value, 'is not a float64');
}

/** Number takes blanks and nothing for 0. */
function beginsAsNumber(text: string): boolean {
  const first = text.charCodeAt(0);
  return first === 0x2d || (first >= 0x30 && first <= 0x39);
}

/**
 * Of a float4, whose text is the shortest that no other float32 shares. The double between the two rounds once more:
 * where it lies in the middle of two float32, the text itself says on which side it is (`7.038531e-26`).
 */
export function realOf(value: unknown): number {
  const double = doubleOf(value);
  const real = Math.fround(double);
  if (real === double || Number.isNaN(double)) return real;
  const other = 2 * double - real;
  // Half a step from `real`, and just as far from another float32.
  if (Math.fround(other) !== other) return finite(real, value);
  const side = compared(value as string, double);
  if (side === 0) return finite(real, value);
  return finite(side > 0 === real > other ? real : other, value);
}

function finite(real: number, value: unknown): number {
  return Number.isFinite(real) ? real : refuse(value, 'is beyond a float32');
}

/** Whether the number that the decimal text says is more (1) or less (−1) than the double, in whole numbers. */
function compared(text: string, double: number): number {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = FLOAT.exec(text) ?? [];
  const power = Number(exponent) - fraction.length;
  let binary = double;
  let doublings = 0n;
  for (; !Number.isInteger(binary); binary *= 2) doublings += 1n;
  const decimal = BigInt(`${sign}${whole}${fraction}`) * 10n ** BigInt(Math.max(power, 0));
  const difference = (decimal << doublings) - BigInt(binary) * 10n ** BigInt(Math.max(-power, 0));
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

const FLOAT = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([-+][0-9]+))?$/;

const HEX_PREFIX = '\\x';

/** Up to here digits are read faster here than by a call into native code: keys and hashes. */
const SHORT_BYTES = 32;

/** Of a bytea under bytea_output hex. */
export function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !value.startsWith(HEX_PREFIX)) refuse(value, 'is not the text of a bytea');
  const length = (value.length - HEX_PREFIX.length) / 2;
  const bytes = length <= SHORT_BYTES ? shortBytes(value) : Buffer.from(value.slice(HEX_PREFIX.length), 'hex');
  // Buffer ends in silence where the digits do.
  return bytes?.length === length ? bytes : refuse(value, 'is not the text of a bytea');
}

/** null: not all are digits. */
function shortBytes(text: string): Uint8Array | null {
  const bytes = Buffer.allocUnsafe((text.length - HEX_PREFIX.length) >> 1);
  for (let i = 0, at = HEX_PREFIX.length; i < bytes.length; i += 1, at += 2) {
    const byte = nibbleOf(text.charCodeAt(at)) * 16 + nibbleOf(text.charCodeAt(at + 1));
    if (byte < 0) return null;
    bytes[i] = byte;
  }
  return bytes;
}

/** Of `0` to `9`, `a` to `f`, as Postgres writes them; anything else makes a byte negative. */
function nibbleOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -256;
}

/**
 * Of a "char", one byte. Servers before 15 write one above 127 as it is, which is no text; the driver puts U+FFFD in its
 * place, which is no byte.
 */
export function characterOf(value: unknown): string {
  if (typeof value !== 'string') refuse(value, 'is not a text');
  return value.includes('\uFFFD') ? refuse(value, 'is a byte without a character') : value;
}

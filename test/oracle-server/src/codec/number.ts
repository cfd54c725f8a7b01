/**
 * NUMBER: an exponent byte and base-100 digits, sortable as bytes. Positive: 193 + power of 100 of the first digit, then
 * digits + 1. Negative: the exponent byte inverted, digits as 101 − d, and a closing 102 while fewer than 20 digits.
 */
import { OraError } from '../engine.ts';

const DIGITS_MAX = 40;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** Decimal text as bytes. Below 1e-130 it is 0, beyond 40 digits it is rounded. @throws OraError 1426 from 1e126 on. */
export function encodeNumber(text: string): Buffer {
  return small(text) ?? general(text);
}

/** Whole numbers of up to 15 digits, which most are, by arithmetic instead of text. */
const SMALL_LENGTH_MAX = 15;

function small(text: string): Buffer | null {
  if (text.length > SMALL_LENGTH_MAX) return null;
  const negative = text.charCodeAt(0) === 45;
  let value = 0;
  for (let i = negative ? 1 : 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  if (text.length === (negative ? 1 : 0)) return null;
  if (value === 0) return Buffer.of(0x80);
  let power = -1;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 100)) power += 1;
  let trailing = 0;
  while (value % 100 === 0) {
    value /= 100;
    trailing += 1;
  }
  const pairs = power + 1 - trailing;
  const bytes = Buffer.allocUnsafe(1 + pairs + (negative ? 1 : 0));
  bytes[0] = negative ? (193 + power) ^ 0xff : 193 + power;
  for (let i = pairs; i > 0; i -= 1) {
    const digit = value % 100;
    bytes[i] = negative ? 101 - digit : digit + 1;
    value = Math.floor(value / 100);
  }
  if (negative) bytes[pairs + 1] = 102;
  return bytes;
}

function general(text: string): Buffer {
  const { negative, digits, exponent } = rounded(parsed(text));
  if (digits === '') return Buffer.of(0x80);
  // Pairs of digits around the decimal point: `exponent` is the power of ten behind the last digit.
  const odd = Math.abs(exponent % 2) === 1;
  const even = odd ? `${digits}0` : digits;
  const paired = even.length % 2 === 1 ? `0${even}` : even;
  const power = ((odd ? exponent - 1 : exponent) + paired.length) / 2 - 1;
  if (power > 62) throw new OraError(1426, 'numeric overflow');
  if (power < -65) return Buffer.of(0x80);
  const pairs = paired.length / 2;
  const closing = negative && pairs < 20;
  const bytes = Buffer.alloc(1 + pairs + (closing ? 1 : 0));
  bytes[0] = negative ? (193 + power) ^ 0xff : 193 + power;
  for (let i = 0; i < pairs; i += 1) {
    const digit = Number(paired.slice(i * 2, i * 2 + 2));
    bytes[i + 1] = negative ? 101 - digit : digit + 1;
  }
  if (closing) bytes[bytes.length - 1] = 102;
  return bytes;
}

/** Plain decimal text, never an exponent: `-0.05`, `1000000`. */
export function decodeNumber(bytes: Uint8Array): string {
  const head = bytes[0] ?? 0x80;
  if (bytes.length === 1) return head === 0x80 ? '0' : `-1${'0'.repeat(126)}`;
  const positive = (head & 0x80) !== 0;
  const power = (positive ? head : head ^ 0xff) - 193;
  const end = !positive && bytes.at(-1) === 102 ? bytes.length - 1 : bytes.length;
  let digits = '';
  for (let i = 1; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    digits += String(positive ? byte - 1 : 101 - byte).padStart(2, '0');
  }
  const point = (power + 1) * 2;
  const whole = digits
    .slice(0, Math.max(0, point))
    .padEnd(Math.max(0, point), '0')
    .replace(/^0+(?=\d)/, '');
  const fraction = ('0'.repeat(Math.max(0, -point)) + digits.slice(Math.max(0, point))).replace(/0+$/, '');
  return `${positive ? '' : '-'}${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`;
}

interface Decimal {
  readonly negative: boolean;
  /** Without leading and trailing zeros; empty is zero. */
  readonly digits: string;
  readonly exponent: number;
}

function parsed(text: string): Decimal {
  const match = DECIMAL.exec(text);
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) throw new OraError(1722, 'invalid number');
  const fraction = match[3] ?? '';
  const exponent = Number(match[4] ?? 0) - fraction.length;
  return trimmed({ negative: match[1] === '-', digits: `${match[2]}${fraction}`, exponent });
}

function trimmed({ negative, digits, exponent }: Decimal): Decimal {
  const significant = digits.replace(/^0+/, '').replace(/0+$/, '');
  const trailing = significant === '' ? 0 : (/0*$/.exec(digits)?.[0].length ?? 0);
  return { negative, digits: significant, exponent: exponent + trailing };
}

/** Half away from zero, as Oracle rounds. */
function rounded(decimal: Decimal): Decimal {
  const { negative, digits, exponent } = decimal;
  // An odd first pair leaves room for one digit less, so that 20 base-100 digits are never exceeded.
  const odd = Math.abs((exponent + digits.length) % 2) === 1;
  const kept = odd ? DIGITS_MAX - 1 : DIGITS_MAX;
  if (digits.length <= kept) return decimal;
  const cut = digits.length - kept;
  const up = (digits.charCodeAt(kept) ?? 48) >= 53 ? 1n : 0n;
  return trimmed({ negative, digits: String(BigInt(digits.slice(0, kept)) + up), exponent: exponent + cut });
}

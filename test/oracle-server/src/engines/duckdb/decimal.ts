/**
 * Oracle's NUMBER as decimal text: no exponent, no needless zeros (`-0.5`, `120`), so that equal numbers are equal texts.
 * 40 significant digits, magnitudes from 1E-130 up to, not including, 1E126.
 */
import { OraError } from '../../engine.ts';

interface Decimal {
  /** The value is units × 10^-scale. */
  readonly units: bigint;
  readonly scale: number;
}

const DIGITS_MAX = 40;
const NUMERAL = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/;

/** @throws OraError 01722 for what is no number, 01426 for what is too large */
export function canonicalNumber(text: string): string {
  return print(round(parse(text), DIGITS_MAX));
}

function parse(text: string): Decimal {
  const match = NUMERAL.exec(text);
  const whole = match?.[2] ?? '';
  const part = match?.[3] ?? '';
  if (match === null || whole + part === '') throw new OraError(1722, 'invalid number');
  const exponent = Number(match[4] ?? 0);
  if (Math.abs(exponent) > 400) {
    if (exponent > 0 && /[1-9]/.test(whole + part)) throw new OraError(1426, 'numeric overflow');
    return { units: 0n, scale: 0 };
  }
  const digits = BigInt(whole + part);
  return shift({ units: match[1] === '-' ? -digits : digits, scale: part.length }, exponent);
}

/** Times 10^exponent, the scale never negative. */
function shift({ units, scale }: Decimal, exponent: number): Decimal {
  const moved = scale - exponent;
  return moved >= 0 ? { units, scale: moved } : { units: units * 10n ** BigInt(-moved), scale: 0 };
}

function digitsOf(units: bigint): number {
  return (units < 0n ? -units : units).toString().length;
}

/** To so many significant digits, half away from zero. */
function round(value: Decimal, digits: number): Decimal {
  const excess = digitsOf(value.units) - digits;
  if (excess <= 0) return value;
  const units = divide(value.units, 10n ** BigInt(excess));
  return shift({ units, scale: value.scale }, excess);
}

function divide(units: bigint, by: bigint): bigint {
  const negative = units < 0n !== by < 0n;
  const top = units < 0n ? -units : units;
  const bottom = by < 0n ? -by : by;
  const quotient = (2n * top + bottom) / (2n * bottom);
  return negative ? -quotient : quotient;
}

function print({ units, scale }: Decimal): string {
  if (units === 0n) return '0';
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString();
  if (digits.length - scale > 126) throw new OraError(1426, 'numeric overflow');
  if (digits.length - scale < -129) return '0';
  if (scale === 0) return sign + digits;
  const padded = digits.padStart(scale + 1, '0');
  const part = padded.slice(-scale).replace(/0+$/, '');
  return sign + padded.slice(0, -scale) + (part === '' ? '' : `.${part}`);
}

function aligned(left: Decimal, right: Decimal): readonly [bigint, bigint, number] {
  const scale = Math.max(left.scale, right.scale);
  const up = (value: Decimal): bigint => value.units * 10n ** BigInt(scale - value.scale);
  return [up(left), up(right), scale];
}

/** Rounded once, at the end. */
export function sumOf(texts: readonly string[]): string {
  let sum: Decimal = { units: 0n, scale: 0 };
  for (const text of texts) {
    const [a, b, scale] = aligned(sum, parse(text));
    sum = { units: a + b, scale };
  }
  return print(round(sum, DIGITS_MAX));
}

/** @throws OraError 01476 for a division by zero */
export function calculate(operator: string, leftText: string, rightText: string): string {
  const left = parse(leftText);
  const right = parse(rightText);
  const result = (units: bigint, scale: number): string => print(round({ units, scale }, DIGITS_MAX));
  const [a, b, scale] = aligned(left, right);
  switch (operator) {
    case '+':
      return result(a + b, scale);
    case '-':
      return result(a - b, scale);
    case '*':
      return result(left.units * right.units, left.scale + right.scale);
    case '/': {
      if (right.units === 0n) throw new OraError(1476, 'divisor is equal to zero');
      // So many more places that 40 significant digits are exact before they are rounded.
      const places = Math.max(0, DIGITS_MAX + 2 + digitsOf(b) - digitsOf(a));
      return result(divide(a * 10n ** BigInt(places), b), places);
    }
    case 'mod':
      return b === 0n ? result(a, scale) : result(a % b, scale);
    case 'compare':
      return a < b ? '-1' : a > b ? '1' : '0';
    case 'trunc':
    case 'round':
      return toPlaces(left, Number(rightText), operator);
    case 'floor':
      return result(
        left.units < 0n
          ? -(-left.units + 10n ** BigInt(left.scale) - 1n) / 10n ** BigInt(left.scale)
          : left.units / 10n ** BigInt(left.scale),
        0,
      );
    case 'power':
      return power(left, right);
    default:
      throw new Error(`no such operation: ${operator}`);
  }
}

function toPlaces(value: Decimal, places: number, operator: 'trunc' | 'round'): string {
  const by = value.scale - places;
  if (by <= 0) return print(value);
  const unit = 10n ** BigInt(by);
  return print(
    shift({ units: operator === 'trunc' ? value.units / unit : divide(value.units, unit), scale: value.scale }, by),
  );
}

function power(left: Decimal, right: Decimal): string {
  if (right.scale === 0 && right.units >= 0n && right.units <= 1000n) {
    let product: Decimal = { units: 1n, scale: 0 };
    for (let i = 0n; i < right.units; i += 1n)
      product = round({ units: product.units * left.units, scale: product.scale + left.scale }, DIGITS_MAX);
    return print(product);
  }
  return canonicalNumber(String(Number(print(left)) ** Number(print(right))));
}

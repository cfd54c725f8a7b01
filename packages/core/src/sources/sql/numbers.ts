/**
 * Oracle's NUMBER as the driver writes it (plain decimal text without leading zero: `12`, `.5`, `-.05`, up to 40 digits
 * and 126 zeros) against what IEEE doubles hold. A double holds a number exactly if it is that number, or if its
 * shortest text is: then every reader prints what the database said.
 */

/** Any decimal of so many digits survives text → double → text (IEEE 754, DBL_DIG). */
const DOUBLE_DIGITS = 15;

/** No double's shortest text has more (IEEE 754, 17 digits tell all doubles apart). */
const SHORTEST_DIGITS = 17;

/** Below it, doubles have ever fewer digits, and at last none. */
const SMALLEST_NORMAL = 2 ** -1022;

/** What doubles hold besides numbers, as JavaScript and Postgres write it. */
export const NAMED_DOUBLES: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

/** Whether `value`, which is Number(text), holds what the decimal text says. */
export function holdsExactly(text: string, value: number): boolean {
  if (value < SMALLEST_NORMAL && value > -SMALLEST_NORMAL) {
    const { digits } = decimalParts(text);
    return value === 0 ? digits === '0' || digits === '-0' : isWritten(text, value);
  }
  // One character is a digit, a sign or the point: a short text has no more digits than that.
  if (text.length <= DOUBLE_DIGITS) return true;
  const digits = significantDigits(text);
  if (digits <= DOUBLE_DIGITS) return true;
  return (digits <= SHORTEST_DIGITS && isWritten(text, value)) || isThatNumber(text, value);
}

/** Whether the decimal text is how the double is written, give or take zeros and an exponent. */
function isWritten(text: string, value: number): boolean {
  const shortest = String(value);
  // The driver's own spelling, which most texts have.
  if (shortest === text || (shortest.startsWith('0.') && shortest.slice(1) === text)) return true;
  return normalForm(shortest) === normalForm(text);
}

/** The powers of ten that are doubles themselves. */
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/**
 * The double of a plain decimal of at most 15 digits, which holds it exactly; NaN: ask Number and holdsExactly. An
 * integer below 2^53 by a power of ten that is a double is rounded once, so it is what Number gives (Clinger 1990), in
 * one pass over the text.
 */
export function exactlyRounded(text: string): number {
  const { length } = text;
  // A sign and a point may come on top.
  if (length > DOUBLE_DIGITS + 2 || length === 0) return Number.NaN;
  const negative = text.charCodeAt(0) === 0x2d;
  let value = 0;
  let point = -1;
  for (let i = negative ? 1 : 0; i < length; i += 1) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (digit === -2 && point < 0) point = i;
    else return Number.NaN;
  }
  const digits = length - (negative ? 1 : 0) - (point < 0 ? 0 : 1);
  if (digits === 0 || digits > DOUBLE_DIGITS) return Number.NaN;
  if (point >= 0) value /= POWERS[length - 1 - point] as number;
  return negative ? -value : value;
}

/** Digits from the first to the last that is not zero. */
function significantDigits(text: string): number {
  let first = -1;
  let last = -1;
  let point = -1;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) point = i;
    else if (code > 0x30 && code <= 0x39) {
      if (first < 0) first = i;
      last = i;
    }
  }
  if (first < 0) return 0;
  return last - first + 1 - (point > first && point < last ? 1 : 0);
}

/** Compares the binary number with the decimal one, as integers: `value` × 2ᵏ × 10ˢ with the digits × 2ᵏ. */
function isThatNumber(text: string, value: number): boolean {
  // A fraction in tenths is one in halves only where its last digit that is not zero is a 5: most end here.
  if (text.includes('.') && /[1-46-9]$/.test(text) && !/e/i.test(text)) return false;
  const { digits, power } = decimalParts(text);
  if (power < 0 && !digits.endsWith('5')) return false;
  let binary = value;
  let doublings = 0n;
  for (; !Number.isInteger(binary); binary *= 2) doublings += 1n;
  const decimal = BigInt(digits) * 10n ** BigInt(Math.max(power, 0));
  return BigInt(binary) * 10n ** BigInt(Math.max(-power, 0)) === decimal << doublings;
}

interface DecimalParts {
  /** Significant, with the sign: neither the first nor the last is zero. */
  readonly digits: string;
  /** Of ten, by which they are to be multiplied. */
  readonly power: number;
}

function decimalParts(text: string): DecimalParts {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace(/^[-+]/, '').split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  // Not by a regular expression, which would try every zero of a long row of them as the first.
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end -= 1;
  const kept = digits.slice(0, end);
  return {
    digits: `${mantissa.startsWith('-') ? '-' : ''}${kept === '' ? '0' : kept}`,
    power: Number(exponent) - fraction.length + digits.length - kept.length,
  };
}

/** A spelling that only equal numbers share. */
function normalForm(text: string): string {
  const { digits, power } = decimalParts(text);
  return `${digits}e${power}`;
}

/** With the zero before the point that the driver leaves out: `-.05` → `-0.05`. */
export function withLeadingZero(text: string): string {
  if (text.startsWith('.')) return `0${text}`;
  return text.startsWith('-.') ? `-0${text.slice(1)}` : text;
}

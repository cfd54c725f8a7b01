/**
 * Oracle's NUMBER as the driver writes it (plain decimal text without leading zero: `12`, `.5`, `-.05`, up to 40 digits
 * and 126 zeros) against what IEEE doubles hold. A double holds a number exactly if it is that number, or if its
 * shortest text is: then every reader prints what the database said.
 */

/** Any decimal of so many digits survives text → double → text (IEEE 754, DBL_DIG). */
const DOUBLE_DIGITS = 15;

/** Whether `value`, which is Number(text), holds what the decimal text says. */
export function holdsExactly(text: string, value: number): boolean {
  // One character is a digit, a sign or the point: a short text has no more digits than that.
  if (text.length <= DOUBLE_DIGITS) return true;
  return significantDigits(text) <= DOUBLE_DIGITS || saysTheSame(text, value);
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

function saysTheSame(text: string, value: number): boolean {
  const digits = plainDigits(text);
  if (plainDigits(String(value)) === digits) return true;
  // Integers beyond 2^53 that are doubles all the same, such as 2^60: their shortest text is rounded, they are not.
  return !text.includes('.') && Number.isInteger(value) && BigInt(value) === BigInt(text);
}

/** A spelling of a decimal that only equal numbers share: sign, significant digits, power of ten of the last one. */
function plainDigits(text: string): string {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  return `${sign}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}

/** With the zero before the point that the driver leaves out: `-.05` → `-0.05`. */
export function withLeadingZero(text: string): string {
  if (text.startsWith('.')) return `0${text}`;
  return text.startsWith('-.') ? `-0${text.slice(1)}` : text;
}

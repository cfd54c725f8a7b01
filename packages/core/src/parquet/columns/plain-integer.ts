/** Whole numbers as texts, read in one pass: several times as fast as a regular expression and Number. */

/** Up to 15 digits a text is a safe integer whatever they are. */
export const SAFE_DIGITS = 15;

const MINUS = 0x2d;
const ZERO = 0x30;

/** The value of `12` or `-12` with at most 15 digits; NaN: the text is something else, or longer. */
export function plainInteger(text: string): number {
  const negative = text.charCodeAt(0) === MINUS;
  const value = digitsBetween(text, negative ? 1 : 0, text.length);
  // Not -0.
  return negative ? 0 - value : value;
}

/** The number that the digits from `start` to `end` make; NaN where there are none, other characters, or more than 15. */
export function digitsBetween(text: string, start: number, end: number): number {
  if (end <= start || end - start > SAFE_DIGITS) return Number.NaN;
  let value = 0;
  for (let i = start; i < end; i += 1) {
    const digit = text.charCodeAt(i) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

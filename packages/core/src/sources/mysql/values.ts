/** From what a row of the binary protocol holds to what a mapping's reading says. */

/** BIT(n): n bits in as many bytes as they need, the highest first. A number where that is exact, else decimal text. */
export function bitsOf(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  let bits = 0;
  for (const byte of value) bits = bits * 256 + byte;
  if (Number.isSafeInteger(bits)) return bits;
  let whole = 0n;
  for (const byte of value) whole = (whole << 8n) | BigInt(byte);
  return whole.toString();
}

/** BIT(1). */
export function bitOf(value: unknown): unknown {
  return value instanceof Uint8Array ? value.some((byte) => byte !== 0) : value;
}

/** Digits that tell all float32 values apart (IEEE 754, FLT_DECIMAL_DIG). */
const REAL_DIGITS_MAX = 9;

/** A FLOAT by the shortest text that is it again: `0.1`, where the double of it is 0.10000000149011612. */
export function realText(value: unknown): unknown {
  if (typeof value !== 'number') return value;
  for (let digits = 1; digits < REAL_DIGITS_MAX; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return Object.is(value, -0) ? '-0' : String(shorter);
  }
  return String(Number(value.toPrecision(REAL_DIGITS_MAX)));
}

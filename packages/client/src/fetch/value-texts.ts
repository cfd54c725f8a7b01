/**
 * Values that JavaScript has no exact type for, as text with all their digits: the same text as the server's JSON.
 * Dates and timestamps beyond what a Date can hold are their count of units; the largest counts are infinities, as
 * databases have them.
 */

const DAY_INFINITY = 0x7fff_ffff;
const TIME_INFINITY = 0x7fff_ffff_ffff_ffffn;

/** By Arrow's TimeUnit: second, millisecond, microsecond, nanosecond. */
const PER_SECOND = [1n, 1_000n, 1_000_000n, 1_000_000_000n] as const;

const infinityText = (count: number | bigint): string => (count > 0 ? 'infinity' : '-infinity');

export function decimalText(
  words: Uint32Array,
  row: number,
  { scale, bitWidth }: { readonly scale: number; readonly bitWidth: number },
): string {
  const stride = bitWidth / 32;
  let unscaled = 0n;
  for (let word = stride - 1; word >= 0; word -= 1)
    unscaled = (unscaled << 32n) | BigInt(words[row * stride + word] ?? 0);
  const value = BigInt.asIntN(bitWidth, unscaled);
  if (scale <= 0) return String(value * 10n ** BigInt(-scale));
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** `YYYY-MM-DD`; years beyond four digits with a sign and six, as ISO 8601 has them. */
export function dateReader(values: ArrayLike<number | bigint>, countsDays: boolean): (row: number) => string {
  return (row) => {
    const value = Number(values[row]);
    if (countsDays && Math.abs(value) === DAY_INFINITY) return infinityText(value);
    const date = new Date(countsDays ? value * 86_400_000 : value);
    return Number.isNaN(date.getTime()) ? String(value) : (date.toISOString().split('T')[0] ?? String(value));
  };
}

/** `YYYY-MM-DDTHH:MM:SS.ffffff`, and Z where the column knows its zone. */
export function timestampText(value: bigint, unit: number, zone: '' | 'Z'): string {
  if (value === TIME_INFINITY || value === -TIME_INFINITY) return infinityText(value);
  const perSecond = PER_SECOND[unit] ?? 1n;
  const within = ((value % perSecond) + perSecond) % perSecond;
  const date = new Date(Number((value - within) / perSecond) * 1000);
  if (Number.isNaN(date.getTime())) return String(value);
  return `${date.toISOString().slice(0, -5)}.${fraction(within, unit)}${zone}`;
}

/** `HH:MM:SS.ffffff` */
export function timeText(value: bigint, unit: number): string {
  const perSecond = PER_SECOND[unit] ?? 1n;
  const seconds = Number(value / perSecond);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${clock.map((part) => String(part).padStart(2, '0')).join(':')}.${fraction(value % perSecond, unit)}`;
}

/** Six digits, nine where the unit is nanoseconds. */
function fraction(within: bigint, unit: number): string {
  if (unit === 3) return String(within).padStart(9, '0');
  return String((within * 1_000_000n) / (PER_SECOND[unit] ?? 1n)).padStart(6, '0');
}

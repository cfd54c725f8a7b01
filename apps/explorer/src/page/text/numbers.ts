/** Numbers for people: short, aligned, and never more exact than they are. Pure. */

const GROUPED = new Intl.NumberFormat('en');
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const COUNT_UNITS = ['', ' k', ' M', ' G', ' T'] as const;

/** 1,234,567 */
export function count(value: number): string {
  return GROUPED.format(value);
}

/** 1.2 M; below ten thousand as it is. */
export function shortCount(value: number): string {
  return value < 10_000 ? count(value) : scaled(value, 1_000, COUNT_UNITS);
}

/** 12.3 MiB */
export function bytes(value: number): string {
  return scaled(
    value,
    1_024,
    BYTE_UNITS.map((unit) => ` ${unit}`),
  );
}

/** 45.2 k rows/s, 3.1 MiB/s; nothing where nothing is known. */
export function rate(perSecond: number | null, unit: 'rows' | 'bytes'): string {
  if (perSecond === null || !Number.isFinite(perSecond)) return '';
  return unit === 'bytes' ? `${bytes(Math.round(perSecond))}/s` : `${shortCount(Math.round(perSecond))} rows/s`;
}

/** 98.1 %; 100 % only when it is all, 0 % only when it is none. */
export function percent(ratio: number): string {
  if (ratio > 0 && ratio < 0.001) return '<0.1 %';
  if (ratio < 1 && ratio > 0.999) return '>99.9 %';
  const value = ratio * 100;
  return `${value.toFixed(value === 0 || value === 100 ? 0 : 1)} %`;
}

/** `1 row`, `2 rows` */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Three digits of what matters: 1.23, 12.3, 123. */
function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  let rest = value;
  while (rest >= base && unit < units.length - 1) {
    rest /= base;
    unit += 1;
  }
  // 1023.9 KiB would be written as 1024 KiB.
  if (unit > 0 && unit < units.length - 1 && Math.round(rest) >= base) {
    rest /= base;
    unit += 1;
  }
  const digits = unit === 0 ? 0 : rest < 10 ? 2 : rest < 100 ? 1 : 0;
  return `${rest.toFixed(digits)}${units[unit] ?? ''}`;
}

/** Values of rows as text for a cell. Pure. */

const TIMESTAMP = /^(\d{4,6}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z?)$/;

/** A timestamp without the zeros behind its seconds; everything else as it is. */
export function cellText(value: unknown): string {
  if (typeof value === 'object') return JSON.stringify(value);
  const text = String(value);
  const timestamp = TIMESTAMP.exec(text);
  if (timestamp === null) return text;
  const [, day = '', time = '', fraction = '', zone = ''] = timestamp;
  return `${day} ${time}${fraction.replace(/\.?0+$/, '')}${zone}`;
}

/** A mean, which is never a value of the column: as exact as is worth reading. */
export function meanText(mean: string): string {
  const value = Number(mean);
  return mean === '' || !Number.isFinite(value) ? cellText(mean) : String(Number(value.toPrecision(6)));
}

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

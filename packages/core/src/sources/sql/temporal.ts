/**
 * Times as TO_CHAR writes them (oracle/temporal-sql.ts): 5 characters of year, `MMDDHH24MISS`, a fraction, perhaps an offset.
 * A builder of timestamps takes this form as it is, but for years before Christ: Oracle counts without a year 0 and
 * calls 1 BC −1, ISO 8601 calls it 0.
 */
export interface TimeText {
  /** Of fraction, 0 … 9. */
  readonly digits: number;
  readonly zone: 'none' | 'utc' | 'offset';
}

const MINUS = 0x2d;

/** The same text with an ISO year; nearly always the text itself. */
export function isoTime(text: string): string {
  if (text.charCodeAt(0) !== MINUS) return text;
  const year = Number(text.slice(1, 5)) - 1;
  return `${year === 0 ? ' ' : '-'}${String(year).padStart(4, '0')}${text.slice(5)}`;
}

/** ISO 8601 for people and varchar columns: `2024-02-29T12:34:56.123+02:00`; Z for an instant in UTC. */
export function isoText(text: string, { digits, zone }: TimeText): string {
  const iso = isoTime(text);
  const [year, month, day] = [iso.slice(0, 5).trimStart(), iso.slice(5, 7), iso.slice(7, 9)];
  const time = `${iso.slice(9, 11)}:${iso.slice(11, 13)}:${iso.slice(13, 15)}`;
  const fraction = digits === 0 ? '' : `.${iso.slice(15, 15 + digits)}`;
  const offset = zone === 'none' ? '' : zone === 'utc' ? 'Z' : iso.slice(15 + digits);
  return `${year}-${month}-${day}T${time}${fraction}${offset}`;
}

/** `YYYY-MM-DD` of a time that is midnight, else null. */
export function dateOf(text: string): string | null {
  return /^0*$/.test(text.slice(9)) ? (isoText(text, { digits: 0, zone: 'none' }).split('T')[0] ?? null) : null;
}

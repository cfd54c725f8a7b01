/**
 * Dates and times as Postgres writes them under DateStyle ISO → the ISO 8601 texts that the builders of dates and
 * timestamps count from. Nearly every text is that already and passes after a look at two characters; the others are
 * years before Christ (`0044-03-15 12:00:00 BC`) and the infinities, which sort beyond every day as Postgres' own do.
 */
import { momentOf } from '../../parquet/columns/calendar.ts';
import { refuse } from '../../parquet/columns/refusal.ts';
import { DAY_INFINITY, TIME_INFINITY } from '../../parquet/columns/infinity.ts';

/**
 * An infinity's count, as a time. Postgres' timestamps reach some thirty years beyond it, where the builder refuses
 * them; this microsecond it would take.
 */
const LAST = { year: '294247', seconds: 9_223_372_036_854, nanos: 775_807_000 } as const;

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** Of a date: ISO text, or a count of days for an infinity. */
export function dayOf(value: unknown): string | number {
  const text = textOf(value);
  if (isPlain(text)) return text;
  if (text === 'infinity') return DAY_INFINITY;
  if (text === '-infinity') return -DAY_INFINITY;
  return withIsoYear(text);
}

/** Of a timestamp, with or without time zone: ISO text, or a count of microseconds for an infinity. */
export function timeOf(value: unknown): string | bigint {
  const text = textOf(value);
  if (isPlain(text)) return text;
  if (text === 'infinity') return TIME_INFINITY;
  if (text === '-infinity') return -TIME_INFINITY;
  if (text.startsWith(LAST.year)) refuseLast(text);
  return withIsoYear(text);
}

function refuseLast(text: string): void {
  const moment = momentOf(text, true);
  if (moment?.seconds === LAST.seconds && moment.nanos === LAST.nanos) refuse(text, 'has the count of infinity');
}

/** A year of four digits after Christ: ISO 8601 as it is. */
function isPlain(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= ZERO && last <= NINE && text.charCodeAt(4) === MINUS;
}

const BEFORE_CHRIST = ' BC';

/** Years of more digits are ISO's own; ISO has a year 0, which is 1 BC. */
function withIsoYear(text: string): string {
  if (!text.endsWith(BEFORE_CHRIST)) return text;
  const end = text.indexOf('-');
  const year = Number(text.slice(0, end)) - 1;
  return `${year === 0 ? '' : '-'}${String(year).padStart(4, '0')}${text.slice(end, -BEFORE_CHRIST.length)}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : refuse(value, 'is not the text of a time');
}

/**
 * INTERVALs as the driver gives them (IntervalYM, IntervalDS: fields that share one sign) → whole months and
 * nanoseconds, or the durations of ISO 8601.
 */
import { refuse } from '../../parquet/columns/refusal.ts';

interface Months {
  readonly years: number;
  readonly months: number;
}

interface Days {
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  /** Nanoseconds. */
  readonly fseconds: number;
}

const SECONDS_PER_DAY = 86_400;

export function monthsOf(value: unknown): number {
  const { years, months } = fields<Months>(value, 'years');
  return years * 12 + months;
}

export function nanosecondsOf(value: unknown): bigint {
  const interval = fields<Days>(value, 'days');
  const seconds = secondsOf(interval);
  const nanoseconds = BigInt(seconds) * 1_000_000_000n + BigInt(interval.fseconds);
  if (BigInt.asIntN(64, nanoseconds) !== nanoseconds)
    refuse(daysText(value), 'has more nanoseconds than an int64 holds');
  return nanoseconds;
}

/** `P1Y2M`, `-P1Y2M`, `P0M`. */
export function monthsText(value: unknown): string {
  const total = monthsOf(value);
  const [years, months] = [Math.floor(Math.abs(total) / 12), Math.abs(total) % 12];
  const text = `${years === 0 ? '' : `${years}Y`}${months === 0 ? '' : `${months}M`}`;
  return `${total < 0 ? '-' : ''}P${text === '' ? '0M' : text}`;
}

/** `P1DT2H3M4.5S`, `-PT0.000000001S`, `PT0S`. */
export function daysText(value: unknown): string {
  const interval = fields<Days>(value, 'days');
  const negative = secondsOf(interval) < 0 || interval.fseconds < 0;
  const [days, hours, minutes, seconds, nanos] = [
    interval.days,
    interval.hours,
    interval.minutes,
    interval.seconds,
    interval.fseconds,
  ].map(Math.abs);
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  const time = [
    hours === 0 ? '' : `${hours}H`,
    minutes === 0 ? '' : `${minutes}M`,
    seconds === 0 && fraction === '' ? '' : `${seconds}${fraction}S`,
  ].join('');
  const date = days === 0 ? '' : `${days}D`;
  return `${negative ? '-' : ''}P${date}${time === '' && date !== '' ? '' : `T${time === '' ? '0S' : time}`}`;
}

function secondsOf({ days, hours, minutes, seconds }: Days): number {
  return days * SECONDS_PER_DAY + hours * 3600 + minutes * 60 + seconds;
}

function fields<T extends object>(value: unknown, field: keyof T & string): T {
  if (typeof value !== 'object' || value === null || !(field in value)) refuse(value, 'is not an interval');
  return value as T;
}

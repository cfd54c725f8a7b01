/** Dates and times as Postgres writes them, through the builders, against arithmetic on whole days. */
import { TimestampMicrosecond } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Date32Builder } from '../../parquet/columns/fixed.ts';
import { TimestampBuilder } from '../../parquet/columns/int64.ts';
import { Refusal } from '../../parquet/columns/refusal.ts';
import { dayOf, timeOf } from './values-times.ts';

const NO_NULLS = { nullCount: 0, nullBitmap: null };

function dayCount(text: string): number {
  const builder = new Date32Builder(1);
  builder.set(0, dayOf(text));
  return (builder.finish(1, NO_NULLS).values as Int32Array)[0] as number;
}

function timeCount(text: string, utc = true): bigint {
  const builder = new TimestampBuilder(new TimestampMicrosecond(utc ? 'UTC' : null), { unit: 'us', utc }, 1);
  builder.set(0, timeOf(text));
  return (builder.finish(1, NO_NULLS).values as BigInt64Array)[0] as bigint;
}

/** Every day that Postgres knows: 4714-11-24 BC to 5874897-12-31. */
const DAYS = { min: -2_440_588, max: 2_145_042_905 };
const MICROSECONDS = { min: -210_866_803_200_000_000n, max: 9_223_372_036_854_775_806n };
const DAY = 86_400_000_000n;

const pad = (value: bigint | number, width: number): string => String(value).padStart(width, '0');

/** The date of a day as Postgres writes it, without its era (`j2date` in datetime.c, on Julian days). */
function dateText(day: number): { readonly text: string; readonly era: string } {
  const a = BigInt(day) + 2_440_588n + 32_044n;
  const b = (4n * a + 3n) / 146_097n;
  const c = a - (146_097n * b) / 4n;
  const d = (4n * c + 3n) / 1461n;
  const e = c - (1461n * d) / 4n;
  const m = (5n * e + 2n) / 153n;
  const year = 100n * b + d - 4800n + m / 10n;
  const [shown, era] = year > 0n ? [year, ''] : [1n - year, ' BC'];
  return { text: `${pad(shown, 4)}-${pad(m + 3n - 12n * (m / 10n), 2)}-${pad(e - (153n * m + 2n) / 5n + 1n, 2)}`, era };
}

const floorDiv = (value: bigint, by: bigint): bigint => (value - (((value % by) + by) % by)) / by;

/** As Postgres writes an instant in a zone of so many seconds east of Greenwich. */
function timeText(microseconds: bigint, offset: number | null): string {
  const local = microseconds + BigInt(offset ?? 0) * 1_000_000n;
  const day = floorDiv(local, DAY);
  const rest = local - day * DAY;
  const seconds = rest / 1_000_000n;
  const fraction = pad(rest % 1_000_000n, 6).replace(/0+$/, '');
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => pad(part, 2)).join(':');
  const { text, era } = dateText(Number(day));
  return `${text} ${clock}${fraction === '' ? '' : `.${fraction}`}${offset === null ? '' : offsetText(offset)}${era}`;
}

/** As EncodeTimezone in datetime.c: minutes and seconds only where there are some. */
function offsetText(offset: number): string {
  const size = Math.abs(offset);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60].map((part) => pad(part, 2));
  const shown = size % 60 !== 0 ? parts : size % 3600 !== 0 ? parts.slice(0, 2) : parts.slice(0, 1);
  return `${offset < 0 ? '-' : '+'}${shown.join(':')}`;
}

describe('every day of Postgres keeps its place', () => {
  it('from 4714 BC to 5874897', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(DAYS), fc.integer({ min: -800_000, max: 3_000_000 })), (day) => {
        const { text, era } = dateText(day);
        expect(dayCount(`${text}${era}`)).toBe(day);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['1970-01-01', 0],
    ['0001-01-01', -719_162],
    ['0001-12-31 BC', -719_163],
    ['0001-02-29 BC', -719_469],
    ['4714-11-24 BC', DAYS.min],
    ['5874897-12-31', DAYS.max],
    ['infinity', 2_147_483_647],
    ['-infinity', -2_147_483_647],
  ])('%s', (text, day) => {
    expect(dayCount(text)).toBe(day);
  });
});

describe('every microsecond of Postgres keeps its place', () => {
  const offsets = fc.oneof(
    fc.constantFrom(0, 19_800, -3600, -75, 1172, -2588, 50_400),
    fc.integer({ min: -57_599, max: 57_599 }),
  );
  const times = fc.oneof(
    fc.bigInt(MICROSECONDS),
    fc.bigInt({ min: -70_000_000_000_000_000n, max: 260_000_000_000_000_000n }),
  );

  it('without a zone', () => {
    fc.assert(
      fc.property(times, (time) => {
        expect(timeCount(timeText(time, null), false)).toBe(time);
      }),
      { numRuns: 2000 },
    );
  });

  it('in whatever zone the session writes it', () => {
    fc.assert(
      fc.property(times, offsets, (time, offset) => {
        expect(timeCount(timeText(time, offset))).toBe(time);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['2024-02-29 12:34:56.123456+00', 1_709_210_096_123_456n],
    ['1900-01-01 00:00:00-00:01:15', -2_208_988_725_000_000n],
    ['1900-01-01 00:00:00+05:30', -2_209_008_600_000_000n],
    ['0001-12-31 23:59:59.999999+00 BC', -62_135_596_800_000_001n],
    ['infinity', 9_223_372_036_854_775_807n],
    ['-infinity', -9_223_372_036_854_775_807n],
    ['294247-01-10 04:00:54.775806+00', 9_223_372_036_854_775_806n],
  ])('%s', (text, count) => {
    expect(timeCount(text)).toBe(count);
  });

  it.each([
    '294247-01-10 04:00:54.775807',
    '294247-01-10 04:00:54.775807+00',
    '294247-01-10 09:30:54.775807+05:30',
    '294247-01-10 04:00:54.775808+00',
    '294276-12-31 23:59:59.999999+00',
    '2024-02-30 00:00:00+00',
    '2024-02-29 24:00:00+00',
    'now',
    '',
  ])('refuses %j', (text) => {
    expect(() => timeCount(text)).toThrow(Refusal);
  });
});

it('what passes as it is: nearly all', () => {
  expect(dayOf('2024-02-29')).toBe('2024-02-29');
  expect(timeOf('2024-02-29 12:34:56.123456+00')).toBe('2024-02-29 12:34:56.123456+00');
});

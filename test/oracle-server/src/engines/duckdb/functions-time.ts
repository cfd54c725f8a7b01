/** Dates, times and intervals: literals, the clock, TO_CHAR and TO_DATE, EXTRACT, TRUNC, time zones. */
import { OraError } from '../../engine.ts';
import { atMost, known, required } from './arguments.ts';
import type { Expr } from './ast.ts';
import type { Context } from './context.ts';
import { atSession, convert, textToTime, toText, utcNanos } from './convert.ts';
import { numberToText, roundNumber, truncateNumber } from './functions-number.ts';
import type { ScalarFunction } from './arguments.ts';
import { zoneOffset } from './settings.ts';
import { readTime } from './time-format.ts';
import { timeToText } from './time-text.ts';
import type { OraType } from '../../engine.ts';
import type { Typed } from './typed.ts';
import {
  DATE,
  inconsistent,
  isNull,
  isNumber,
  isText,
  isTime,
  nullOf,
  NUMBER,
  toInteger,
  toMicros,
  toNanos,
} from './typed.ts';

const TIMESTAMP = (fraction: number): OraType => ({ kind: 'TIMESTAMP', fraction });
const ZONED = (fraction: number): OraType => ({ kind: 'TIMESTAMP WITH TIME ZONE', fraction });

export function timeLiteral(type: 'DATE' | 'TIMESTAMP', text: string, context: Context): Typed {
  if (type === 'DATE') return micros(readTime(text.trim(), 'SYYYY-MM-DD', { year: 1, month: 1 }).nanos, DATE);
  const digits = /\.(\d+)/.exec(text)?.[1]?.length ?? 0;
  const zone = /\s?([+-]\d{1,2}:\d{2}|UTC|GMT|Z)\s*$/i.exec(text);
  const plain = zone === null ? text.trim() : text.slice(0, zone.index).trim();
  const { nanos } = readTime(plain, 'SYYYY-MM-DD HH24:MI:SS.FF', { year: 1, month: 1 });
  const fraction = digits === 0 ? 6 : digits;
  if (zone !== null) {
    const minutes = zoneOffset(zone[1] ?? '');
    return {
      sql: `ora_zoned(${nanos - BigInt(minutes) * 60_000_000_000n}::HUGEINT, ${minutes})`,
      type: ZONED(fraction),
      form: 'zoned',
      nullable: false,
    };
  }
  if (fraction <= 6) return micros(nanos, TIMESTAMP(fraction));
  return { sql: `${nanos}::HUGEINT`, type: TIMESTAMP(fraction), form: 'nanos', nullable: context.binds === undefined };
}

function micros(nanos: bigint, type: OraType): Typed {
  return { sql: `make_timestamp(${nanos / 1000n}::BIGINT)`, type, form: 'micros', nullable: false };
}

const UNIT_SECONDS: Readonly<Record<string, bigint>> = { DAY: 86_400n, HOUR: 3600n, MINUTE: 60n, SECOND: 1n };

/** @throws OraError 01867 for text that is no interval of its units */
export function intervalLiteral({ text, from, to, at }: Expr & { kind: 'interval' }): Typed {
  const wrong = new OraError(1867, 'the interval is invalid', { offset: at });
  const sign = text.trim().startsWith('-') ? -1n : 1n;
  const numbers = text.trim().replace(/^[+-]/, '').split(/[-: ]/);
  if (from === 'YEAR' || from === 'MONTH') {
    if (numbers.some((number) => !/^\d+$/.test(number))) throw wrong;
    const [first = '0', second = '0'] = numbers;
    const months = from === 'YEAR' ? BigInt(first) * 12n + (to === 'MONTH' ? BigInt(second) : 0n) : BigInt(first);
    return {
      sql: `CAST(${sign * months} AS INTEGER)`,
      type: { kind: 'INTERVAL YEAR TO MONTH', leading: Math.max(2, first.length) },
      form: 'months',
      nullable: false,
    };
  }
  const units = Object.keys(UNIT_SECONDS);
  const start = units.indexOf(from);
  const end = to === null ? start : units.indexOf(to);
  if (start < 0 || end < start || numbers.length !== end - start + 1) throw wrong;
  let nanos = 0n;
  numbers.forEach((number, index) => {
    const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(number);
    if (match === null) throw wrong;
    nanos +=
      BigInt(match[1] ?? 0) * (UNIT_SECONDS[units[start + index] ?? ''] ?? 0n) * 1_000_000_000n
      + BigInt((match[2] ?? '').padEnd(9, '0'));
  });
  return {
    sql: `CAST(${sign * nanos} AS HUGEINT)`,
    type: {
      kind: 'INTERVAL DAY TO SECOND',
      leading: Math.max(2, from === 'DAY' ? (numbers[0] ?? '').length : 2),
      fraction: 9,
    },
    form: 'span',
    nullable: false,
  };
}

function clock(type: OraType): ScalarFunction {
  return (_args, context) => {
    const value: Typed = {
      sql: `ora_zoned(${context.now.nanos}::HUGEINT, ${type.kind === 'DATE' ? 0 : context.settings.zoneMinutes})`,
      type: ZONED(6),
      form: 'zoned',
      nullable: false,
    };
    return type.kind === 'TIMESTAMP WITH TIME ZONE' ? value : convert(value, type, context);
  };
}

function toChar(args: readonly Typed[], context: Context): Typed {
  const value = required(args, 0);
  if (isNull(value)) return nullOf();
  if (isNumber(value)) return numberToText(args, context);
  if (args[1] === undefined || isText(value)) return toText(value, context.settings);
  const format = known(args, 1);
  if (format === null) throw new OraError(1821, 'date format not recognized');
  if (value.form === 'span' || value.form === 'months') throw inconsistent('DATE', value);
  return timeToText(atSession(value, context.settings), format);
}

function reading(type: OraType, setting: string): ScalarFunction {
  return (args, context) => {
    const value = required(args, 0);
    if (isTime(value) && args[1] === undefined) return convert(value, type, context);
    const format = args[1] === undefined ? context.settings.get(setting) : known(args, 1);
    if (format === null) throw new OraError(1821, 'date format not recognized');
    return textToTime(toText(value, context.settings), format, context.now.nanos, type, context.settings);
  };
}

export function extract(field: string, value: Typed, context: Context): Typed {
  const units = ['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND'];
  const number = (sql: string): Typed => ({ sql, type: NUMBER, form: 'numeric', nullable: value.nullable });
  if (!units.includes(field)) throw new OraError(30076, 'invalid extract field for extract source');
  if (value.form === 'months') return number(field === 'YEAR' ? `(${value.sql} // 12)` : `(${value.sql} % 12)`);
  if (value.form === 'span') {
    const seconds = { DAY: [86_400, 1_000_000], HOUR: [3600, 24], MINUTE: [60, 60], SECOND: [1, 60] }[field] ?? [1, 60];
    return number(`((${value.sql} // ${seconds[0]}000000000::HUGEINT) % ${seconds[1]})`);
  }
  if (!isTime(value)) throw new OraError(30076, 'invalid extract field for extract source');
  // EXTRACT shows a zoned value in UTC.
  const time: Typed =
    value.form === 'zoned'
      ? { ...value, sql: utcNanos(value, context.settings), form: 'nanos' }
      : atSession(value, context.settings);
  if (field === 'SECOND')
    return number(
      `CAST(CAST(ora_modulo(${toNanos(time)}, 60000000000) AS DECIMAL(38,0)) * 0.000000001::DECIMAL(10,9) AS DECIMAL(11,9))`,
    );
  if (field === 'YEAR')
    return number(
      `(CASE WHEN year(${toMicros(time)}) <= 0 THEN year(${toMicros(time)}) - 1 ELSE year(${toMicros(time)}) END)`,
    );
  return number(`${field.toLowerCase()}(${toMicros(time)})`);
}

export function atTimeZone(value: Typed, zone: Typed | null, context: Context): Typed {
  const name = zone === null ? context.settings.get('TIME_ZONE') : zone.constant;
  if (typeof name !== 'string') throw new OraError(1882, 'timezone region not found');
  return {
    sql: `ora_zoned(${utcNanos(value, context.settings)}, ${zoneOffset(name)})`,
    type: ZONED(9),
    form: 'zoned',
    nullable: value.nullable,
  };
}

const TRUNCATED: Readonly<Record<string, string>> = {
  YYYY: 'year',
  YEAR: 'year',
  YY: 'year',
  Q: 'quarter',
  MM: 'month',
  MONTH: 'month',
  MON: 'month',
  IW: 'week',
  DD: 'day',
  DDD: 'day',
  J: 'day',
  HH: 'hour',
  HH24: 'hour',
  MI: 'minute',
};

function truncate(args: readonly Typed[], context: Context): Typed {
  const value = required(args, 0);
  if (!isTime(value)) return truncateNumber(args);
  const unit = args[1] === undefined ? 'day' : TRUNCATED[(known(args, 1) ?? '').toUpperCase()];
  if (unit === undefined) throw new OraError(1898, 'too many precision specifiers');
  return {
    sql: `CAST(date_trunc('${unit}', ${toMicros(atSession(value, context.settings))}) AS TIMESTAMP)`,
    type: DATE,
    form: 'micros',
    nullable: value.nullable,
  };
}

export const timeFunctions: Readonly<Record<string, ScalarFunction>> = {
  SYSDATE: clock(DATE),
  CURRENT_DATE: clock(DATE),
  SYSTIMESTAMP: clock(ZONED(6)),
  CURRENT_TIMESTAMP: clock(ZONED(6)),
  LOCALTIMESTAMP: clock(TIMESTAMP(6)),
  TO_CHAR: toChar,
  TO_DATE: reading(DATE, 'NLS_DATE_FORMAT'),
  TO_TIMESTAMP: reading(TIMESTAMP(9), 'NLS_TIMESTAMP_FORMAT'),
  TO_TIMESTAMP_TZ: reading(ZONED(9), 'NLS_TIMESTAMP_TZ_FORMAT'),
  TRUNC: truncate,
  ROUND: (args) => roundNumber(args),
  SYS_EXTRACT_UTC: (args, context) => {
    atMost(args, 1);
    const value = required(args, 0);
    if (!isTime(value)) throw inconsistent('TIMESTAMP WITH TIME ZONE', value);
    const fraction = 'fraction' in value.type ? value.type.fraction : 0;
    return convert(
      { sql: utcNanos(value, context.settings), type: TIMESTAMP(9), form: 'nanos', nullable: value.nullable },
      TIMESTAMP(fraction),
      context,
    );
  },
  FROM_TZ: (args) => {
    const zone = known(args, 1);
    if (zone === null) throw new OraError(1882, 'timezone region not found');
    const value = required(args, 0);
    const minutes = zoneOffset(zone);
    const fraction = 'fraction' in value.type ? value.type.fraction : 6;
    return {
      sql: `ora_zoned(${toNanos(value)} - ${BigInt(minutes) * 60_000_000_000n}::HUGEINT, ${minutes})`,
      type: ZONED(fraction),
      form: 'zoned',
      nullable: value.nullable,
    };
  },
  ADD_MONTHS: (args) => ({
    sql: `ora_add_months(${toMicros(required(args, 0))}, CAST(${toInteger(required(args, 1))} AS INTEGER))`,
    type: DATE,
    form: 'micros',
    nullable: true,
  }),
  LAST_DAY: (args) => {
    const value = toMicros(required(args, 0));
    return {
      sql: `(CAST(last_day(${value}) AS TIMESTAMP) + (${value} - date_trunc('day', ${value})))`,
      type: DATE,
      form: 'micros',
      nullable: true,
    };
  },
  NUMTODSINTERVAL: (args) => {
    const unit = (known(args, 1) ?? '').toUpperCase();
    const seconds = UNIT_SECONDS[unit];
    if (seconds === undefined) throw new OraError(1867, 'the interval is invalid');
    return {
      sql: `CAST(round(CAST(${required(args, 0).sql} AS DECIMAL(38,9)) * ${seconds * 1_000_000_000n}) AS HUGEINT)`,
      type: { kind: 'INTERVAL DAY TO SECOND', leading: 9, fraction: 9 },
      form: 'span',
      nullable: true,
    };
  },
  NUMTOYMINTERVAL: (args) => {
    const months = (known(args, 1) ?? '').toUpperCase() === 'YEAR' ? 12 : 1;
    return {
      sql: `CAST(round(CAST(${required(args, 0).sql} AS DOUBLE) * ${months}) AS INTEGER)`,
      type: { kind: 'INTERVAL YEAR TO MONTH', leading: 9 },
      form: 'months',
      nullable: true,
    };
  },
};

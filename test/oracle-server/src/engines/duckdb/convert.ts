/** Conversions between Oracle types: CAST, implicit ones, and what a column demands of a value that is stored in it. */
import type { OraType } from '../../engine.ts';
import { OraError } from '../../engine.ts';
import type { Settings } from './settings.ts';
import { readTime } from './time-format.ts';
import { timeToText } from './time-text.ts';
import type { Typed } from './typed.ts';
import {
  DATE,
  decimalOf,
  formOf,
  inconsistent,
  isNull,
  isNumber,
  isTime,
  isWhole,
  nullOf,
  NUMBER,
  quoteText,
  storageOf,
  toDigits,
  toMicros,
  toNanos,
  toNumber,
  VARCHAR2,
} from './typed.ts';

/** By the session's formats where a time is meant. */
export function toText(value: Typed, settings: Settings): Typed {
  if (isNull(value)) return nullOf();
  switch (value.form) {
    case 'text':
      return value;
    case 'numeric':
    case 'digits':
    case 'double':
      return {
        sql: isWhole(value) ? toDigits(value).sql : `ora_shown(${toDigits(value).sql})`,
        type: VARCHAR2(40),
        form: 'text',
        nullable: value.nullable,
      };
    case 'micros':
    case 'nanos':
    case 'zoned':
      return timeToText(
        atSession(value, settings),
        settings.get(
          value.type.kind === 'DATE'
            ? 'NLS_DATE_FORMAT'
            : value.form === 'zoned'
              ? 'NLS_TIMESTAMP_TZ_FORMAT'
              : 'NLS_TIMESTAMP_FORMAT',
        ),
      );
    case 'bytes':
      return { sql: `hex(${value.sql})`, type: VARCHAR2(), form: 'text', nullable: value.nullable };
    case 'truth':
      return {
        sql: `CASE WHEN ${value.sql} THEN 'TRUE' WHEN NOT ${value.sql} THEN 'FALSE' END`,
        type: VARCHAR2(5),
        form: 'text',
        nullable: value.nullable,
      };
    default:
      throw inconsistent('CHAR', value);
  }
}

/** A LOCAL TIME ZONE value is kept in UTC and shown by the session's clock. */
export function atSession(value: Typed, settings: Settings): Typed {
  if (value.type.kind !== 'TIMESTAMP WITH LOCAL TIME ZONE') return value;
  const shift = BigInt(settings.zoneMinutes) * 60_000_000_000n;
  return { ...value, sql: `(${value.sql} + ${shift}::HUGEINT)`, type: { kind: 'TIMESTAMP', fraction: 9 } };
}

/** The instant of a value as nanoseconds in UTC; values without a zone are by the session's clock. */
export function utcNanos(value: Typed, settings: Settings): string {
  if (value.form === 'zoned') return `struct_extract(${value.sql}, 'u')`;
  if (value.type.kind === 'TIMESTAMP WITH LOCAL TIME ZONE') return value.sql;
  return `(${toNanos(value)} - ${BigInt(settings.zoneMinutes) * 60_000_000_000n}::HUGEINT)`;
}

/** Text as a time by a format, now if the text is known, else row by row. Nanoseconds of its own clock. */
export function textToTime(text: Typed, format: string, now: bigint, type: OraType, settings: Settings): Typed {
  const today = monthOf(now);
  const form = formOf(type);
  const made = (nanos: string, offset: string): string => {
    if (form === 'micros') return `make_timestamp(CAST(ora_floor(${nanos}, 1000) AS BIGINT))`;
    if (form === 'zoned') return `ora_zoned(${nanos} - ${offset} * 60000000000::HUGEINT, ${offset})`;
    return type.kind === 'TIMESTAMP WITH LOCAL TIME ZONE' ? `(${nanos} - ${offset} * 60000000000::HUGEINT)` : nanos;
  };
  if (isNull(text)) return nullOf(type);
  if (typeof text.constant === 'string') {
    const read = readTime(text.constant, format, today);
    return {
      sql: made(`${read.nanos}::HUGEINT`, String(read.offset ?? settings.zoneMinutes)),
      type,
      form,
      nullable: false,
    };
  }
  const call = `ora_read_time(${text.sql}, ${quoteText(format)}, ${quoteText(JSON.stringify(today))})`;
  return { sql: made(call, String(settings.zoneMinutes)), type, form, nullable: true };
}

function monthOf(nanos: bigint): { readonly year: number; readonly month: number } {
  const iso = new Date(Number(nanos / 1_000_000n)).toISOString();
  return { year: Number(iso.slice(0, 4)), month: Number(iso.slice(5, 7)) };
}

export interface Conversion {
  readonly settings: Settings;
  readonly now: { readonly nanos: bigint };
}

/** CAST(value AS type); `column` is given when the value goes into one, for the errors of that case. */
export function convert(
  value: Typed,
  type: OraType,
  { settings, now }: Conversion,
  column: string | null = null,
): Typed {
  if (isNull(value)) return nullOf(type);
  const done = (sql: string): Typed => ({ sql, type, form: formOf(type), nullable: value.nullable });
  switch (type.kind) {
    case 'NUMBER':
      return toNumberType(value, type, done, column);
    case 'FLOAT':
      return done(`ora_float(${toDigits(value).sql}, ${type.precision})`);
    case 'BINARY_FLOAT':
    case 'BINARY_DOUBLE':
      if (!isNumber(value) && value.form !== 'text') throw inconsistent(type.kind, value);
      return done(`CAST(${value.form === 'text' ? `ora_double(${value.sql})` : value.sql} AS ${storageOf(type)})`);
    case 'VARCHAR2':
    case 'NVARCHAR2':
    case 'CHAR':
    case 'NCHAR':
      return toSized(toText(value, settings), type, column);
    case 'CLOB':
    case 'NCLOB':
    case 'LONG':
    case 'JSON':
    case 'ROWID':
    case 'UROWID':
    case 'OBJECT':
      return done(toText(value, settings).sql);
    case 'RAW':
    case 'LONG RAW':
    case 'BLOB':
      if (value.form === 'bytes') return done(value.sql);
      if (value.form === 'text') return done(`unhex(${value.sql})`);
      throw inconsistent(type.kind, value);
    case 'BOOLEAN':
      if (value.form === 'truth') return done(value.sql);
      if (value.form === 'numeric' || value.form === 'digits') return done(`(CAST(${value.sql} AS DOUBLE) <> 0)`);
      if (value.form === 'text') return done(`CAST(${value.sql} AS BOOLEAN)`);
      throw inconsistent('BOOLEAN', value);
    case 'DATE':
    case 'TIMESTAMP':
    case 'TIMESTAMP WITH TIME ZONE':
    case 'TIMESTAMP WITH LOCAL TIME ZONE':
      return toTimeType(value, type, { settings, now });
    case 'INTERVAL DAY TO SECOND':
    case 'INTERVAL YEAR TO MONTH':
      if (value.form === formOf(type)) return done(value.sql);
      throw inconsistent(type.kind, value);
  }
}

function toNumberType(
  value: Typed,
  type: OraType & { kind: 'NUMBER' },
  done: (sql: string) => Typed,
  column: string | null,
): Typed {
  const number = toNumber(value);
  const decimal = decimalOf(type);
  if (type.precision === null) return { ...toDigits(number), type };
  if (decimal === null) return done(`ora_scaled(${toDigits(number).sql}, ${type.precision}, ${type.scale})`);
  if (type.scale < 0 || type.scale > type.precision)
    return done(`CAST(ora_scaled(${toDigits(number).sql}, ${type.precision}, ${type.scale}) AS ${storageOf(type)})`);
  const exact = number.form === 'double' ? toDigits(number) : number;
  const cast = `TRY_CAST(${exact.sql} AS ${storageOf(type)})`;
  const where = column === null ? '' : ` ${column}`;
  const tooLarge = quoteText(`ORA-01438: value larger than specified precision allowed for this column${where}`);
  return done(`CASE WHEN ${cast} IS NULL AND ${exact.sql} IS NOT NULL THEN error(${tooLarge}) ELSE ${cast} END`);
}

function toSized(text: Typed, type: OraType & { readonly chars: number }, column: string | null): Typed {
  const padded = type.kind === 'CHAR' || type.kind === 'NCHAR' ? `rpad(${text.sql}, ${type.chars}, ' ')` : text.sql;
  const known = 'chars' in text.type && text.type.chars <= type.chars;
  const done = (sql: string): Typed => ({ sql, type, form: 'text', nullable: text.nullable });
  if (known) return done(padded);
  if (column === null) return done(`left(${padded}, ${type.chars})`);
  const message = `'ORA-12899: value too large for column ${column.replaceAll("'", "''")} (actual: ' || length(${text.sql}) || ', maximum: ${type.chars})'`;
  return done(`CASE WHEN length(${text.sql}) > ${type.chars} THEN error(${message}) ELSE ${padded} END`);
}

function toTimeType(value: Typed, type: OraType, { settings, now }: Conversion): Typed {
  const form = formOf(type);
  const done = (sql: string): Typed => ({ sql, type, form, nullable: value.nullable });
  if (value.form === 'text') {
    const name =
      type.kind === 'DATE'
        ? 'NLS_DATE_FORMAT'
        : type.kind === 'TIMESTAMP WITH TIME ZONE'
          ? 'NLS_TIMESTAMP_TZ_FORMAT'
          : 'NLS_TIMESTAMP_FORMAT';
    return textToTime(value, settings.get(name), now.nanos, type, settings);
  }
  if (!isTime(value)) throw inconsistent(type.kind, value);
  if (type.kind === 'DATE') return done(`date_trunc('second', ${toMicros(atSession(value, settings))})`);
  const fraction = 'fraction' in type ? type.fraction : 6;
  if (type.kind === 'TIMESTAMP') return done(rounded(atSession(value, settings), fraction));
  const utc = rounded(
    {
      ...value,
      sql: utcNanos(value, settings),
      form: 'nanos',
      type: { kind: 'TIMESTAMP', fraction: fractionOf(value) },
    },
    fraction,
    true,
  );
  if (type.kind === 'TIMESTAMP WITH LOCAL TIME ZONE') return done(utc);
  return done(
    `ora_zoned(${utc}, ${value.form === 'zoned' ? `struct_extract(${value.sql}, 'o')` : String(settings.zoneMinutes)})`,
  );
}

function fractionOf({ type }: Typed): number {
  return type.kind === 'DATE' ? 0 : 'fraction' in type ? type.fraction : 9;
}

/** Half up to so many digits of the second. */
function rounded(value: Typed, fraction: number, nanos = fraction > 6): string {
  if (fractionOf(value) <= fraction) return nanos ? toNanos(value) : toMicros(value);
  const unit = 10n ** BigInt(9 - fraction);
  const sql = `(ora_floor(${toNanos(value)} + ${unit / 2n}, ${unit}) * ${unit}::HUGEINT)`;
  return nanos ? sql : `make_timestamp(CAST(${sql} // 1000 AS BIGINT))`;
}

/** One type for several values that stand in one place: CASE, NVL, UNION. @throws OraError 00932 where there is none */
export function commonType(values: readonly Typed[]): OraType {
  const known = values.filter((value) => !isNull(value));
  const first = known[0];
  if (first === undefined) return VARCHAR2(1);
  if (known.every(({ type }) => JSON.stringify(type) === JSON.stringify(first.type))) return first.type;
  if (known.every(isNumber)) return known.some(({ form }) => form === 'double') ? { kind: 'BINARY_DOUBLE' } : NUMBER;
  if (known.every(({ form }) => form === 'text')) {
    const lob = known.find(({ type }) => type.kind === 'CLOB' || type.kind === 'NCLOB' || type.kind === 'JSON');
    if (lob !== undefined) return lob.type.kind === 'JSON' ? { kind: 'CLOB' } : lob.type;
    const chars = Math.max(...known.map(({ type }) => ('chars' in type ? type.chars : 4000)));
    if (known.some(({ type }) => type.kind === 'NVARCHAR2' || type.kind === 'NCHAR'))
      return { kind: 'NVARCHAR2', chars };
    const same = known.every(({ type }) => type.kind === 'CHAR' && type.chars === chars);
    return same ? first.type : VARCHAR2(chars);
  }
  if (known.every(isTime)) return timeType(known);
  if (known.every(({ form }) => form === first.form)) return first.type;
  throw new OraError(
    932,
    `inconsistent datatypes: expected ${first.type.kind} got ${known.find(({ form }) => form !== first.form)?.type.kind ?? ''}`,
  );
}

function timeType(values: readonly Typed[]): OraType {
  const fraction = Math.max(...values.map(fractionOf));
  if (values.some(({ form }) => form === 'zoned')) return { kind: 'TIMESTAMP WITH TIME ZONE', fraction };
  if (values.some(({ type }) => type.kind === 'TIMESTAMP WITH LOCAL TIME ZONE'))
    return { kind: 'TIMESTAMP WITH LOCAL TIME ZONE', fraction };
  return values.every(({ type }) => type.kind === 'DATE') ? DATE : { kind: 'TIMESTAMP', fraction };
}

/** Several values of one place in one type and one form; unlike `convert` it loses nothing and pads nothing. */
export function unify(
  values: readonly Typed[],
  conversion: Conversion,
): { readonly type: OraType; readonly values: readonly Typed[] } {
  const type = commonType(values);
  const plain = values.every((value) => isNull(value) || value.form === 'numeric');
  if (type.kind === 'NUMBER' && plain) {
    return {
      type,
      values: values.map((value) =>
        isNull(value) ? { ...value, sql: 'NULL', type, form: 'numeric' as const } : { ...value, type },
      ),
    };
  }
  return { type, values: values.map((value) => unified(value, type, conversion)) };
}

function unified(value: Typed, type: OraType, conversion: Conversion): Typed {
  if (isNull(value)) return nullOf(type);
  if (type.kind === 'NUMBER' && type.precision === null) return { ...toDigits(value), type };
  if (value.form === 'text' && formOf(type) === 'text') return { ...value, type };
  return convert(value, type, conversion);
}

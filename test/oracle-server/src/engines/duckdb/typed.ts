/**
 * An expression of Oracle as one of DuckDB: its text, its Oracle type, and in which form DuckDB holds the value. One
 * Oracle type may come in several forms (NUMBER as DECIMAL or as exact decimal text); conversions between them are here.
 */
import type { OraType } from '../../engine.ts';
import { OraError } from '../../engine.ts';
import { canonicalNumber } from './decimal.ts';

export type Form =
  /** Any exact numeric type of DuckDB. */
  | 'numeric'
  /** A NUMBER as canonical decimal text: 40 digits, any scale. */
  | 'digits'
  | 'double'
  | 'text'
  /** TIMESTAMP of DuckDB, microseconds. */
  | 'micros'
  /** Nanoseconds since 1970 as HUGEINT. */
  | 'nanos'
  /** STRUCT(u HUGEINT, o INTEGER): nanoseconds in UTC and the offset in minutes. */
  | 'zoned'
  /** INTERVAL DAY TO SECOND: nanoseconds as HUGEINT. */
  | 'span'
  /** INTERVAL YEAR TO MONTH as INTEGER. */
  | 'months'
  | 'bytes'
  | 'truth';

export interface Typed {
  readonly sql: string;
  readonly type: OraType;
  readonly form: Form;
  readonly nullable: boolean;
  /** The value itself, where it is known before the statement runs; null: NULL. */
  readonly constant?: string | null;
  /** Numeric without a fraction, whatever DuckDB type it has: its text is canonical as it is. */
  readonly whole?: boolean;
}

export const NUMBER: OraType = { kind: 'NUMBER', precision: null, scale: 0 };
export const VARCHAR2 = (chars = 4000): OraType => ({ kind: 'VARCHAR2', chars: Math.max(1, Math.min(chars, 32_767)) });
export const BOOLEAN: OraType = { kind: 'BOOLEAN' };
export const DATE: OraType = { kind: 'DATE' };

export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export function formOf(type: OraType): Form {
  switch (type.kind) {
    case 'NUMBER':
      return decimalOf(type) === null ? 'digits' : 'numeric';
    case 'FLOAT':
      return 'digits';
    case 'BINARY_FLOAT':
    case 'BINARY_DOUBLE':
      return 'double';
    case 'DATE':
      return 'micros';
    case 'TIMESTAMP':
      return type.fraction > 6 ? 'nanos' : 'micros';
    case 'TIMESTAMP WITH LOCAL TIME ZONE':
      return 'nanos';
    case 'TIMESTAMP WITH TIME ZONE':
      return 'zoned';
    case 'INTERVAL DAY TO SECOND':
      return 'span';
    case 'INTERVAL YEAR TO MONTH':
      return 'months';
    case 'RAW':
    case 'LONG RAW':
    case 'BLOB':
      return 'bytes';
    case 'BOOLEAN':
      return 'truth';
    default:
      return 'text';
  }
}

/** NUMBER(p,s) as DECIMAL(width,scale); null where only digits hold it. */
export function decimalOf(type: OraType & { kind: 'NUMBER' }): readonly [number, number] | null {
  if (type.precision === null) return null;
  const width =
    type.scale > type.precision ? type.scale : type.scale < 0 ? type.precision - type.scale : type.precision;
  return width > 38 ? null : [width, Math.max(type.scale, 0)];
}

/** The column type in DuckDB. */
export function storageOf(type: OraType): string {
  const form = formOf(type);
  switch (form) {
    case 'numeric':
      return type.kind === 'NUMBER' ? `DECIMAL(${(decimalOf(type) ?? [38, 0]).join(',')})` : 'HUGEINT';
    case 'digits':
    case 'text':
      return 'VARCHAR';
    case 'double':
      return type.kind === 'BINARY_FLOAT' ? 'FLOAT' : 'DOUBLE';
    case 'micros':
      return 'TIMESTAMP';
    case 'nanos':
    case 'span':
      return 'HUGEINT';
    case 'zoned':
      return 'STRUCT(u HUGEINT, o INTEGER)';
    case 'months':
      return 'INTEGER';
    case 'bytes':
      return 'BLOB';
    case 'truth':
      return 'BOOLEAN';
  }
}

export const isNumber = ({ type }: Typed): boolean =>
  ['NUMBER', 'FLOAT', 'BINARY_FLOAT', 'BINARY_DOUBLE'].includes(type.kind);
export const isTime = ({ form }: Typed): boolean => form === 'micros' || form === 'nanos' || form === 'zoned';
export const isText = ({ form }: Typed): boolean => form === 'text';
export const isNull = ({ constant }: Typed): boolean => constant === null;
export const isInterval = ({ form }: Typed): boolean => form === 'span' || form === 'months';
export const isLob = ({ type }: Typed): boolean => ['CLOB', 'NCLOB', 'BLOB', 'JSON', 'OBJECT'].includes(type.kind);

export function nullOf(type: OraType = VARCHAR2(1)): Typed {
  return { sql: `CAST(NULL AS ${storageOf(type)})`, type, form: formOf(type), nullable: true, constant: null };
}

export function textLiteral(
  value: string,
  type: OraType = { kind: 'CHAR', chars: Math.max(1, Array.from(value).length) },
): Typed {
  return { sql: quoteText(value), type, form: 'text', nullable: false, constant: value };
}

/** Text in DuckDB's own spelling of a number, made canonical: no zeros at the end of the fraction. */
export const canonicalDecimal = (sql: string): string => `ora_canonical(CAST(${sql} AS VARCHAR))`;

export const isWhole = ({ form, type, whole, constant }: Typed): boolean =>
  form === 'numeric'
  && (whole === true
    || (type.kind === 'NUMBER' && type.precision !== null && type.scale === 0)
    || (typeof constant === 'string' && !constant.includes('.')));

/** A number as canonical digits. Text is converted by Oracle's rules: ORA-01722 where it is no number. */
export function toDigits(value: Typed): Typed {
  if (isNull(value)) return nullOf(NUMBER);
  switch (value.form) {
    case 'digits':
      return value;
    case 'numeric':
      return {
        ...value,
        sql: isWhole(value) ? `CAST(${value.sql} AS VARCHAR)` : canonicalDecimal(value.sql),
        type: NUMBER,
        form: 'digits',
      };
    case 'double':
    case 'text':
      if (typeof value.constant === 'string') {
        const constant = canonicalNumber(value.constant);
        return { sql: quoteText(constant), type: NUMBER, form: 'digits', nullable: false, constant };
      }
      return {
        sql: `ora_number(CAST(${value.sql} AS VARCHAR))`,
        type: NUMBER,
        form: 'digits',
        nullable: value.nullable,
      };
    default:
      throw inconsistent('NUMBER', value);
  }
}

/** A number in a form that DuckDB calculates with; text and digits stay digits. */
export function toNumber(value: Typed): Typed {
  return value.form === 'numeric' || value.form === 'double' || value.form === 'digits' ? value : toDigits(value);
}

export function toDouble(value: Typed): Typed {
  if (value.form !== 'double' && !isNumber(value) && !isText(value)) throw inconsistent('BINARY_DOUBLE', value);
  return {
    sql: `CAST(${value.sql} AS DOUBLE)`,
    type: { kind: 'BINARY_DOUBLE' },
    form: 'double',
    nullable: value.nullable,
  };
}

/** A whole number for DuckDB's own functions. */
export function toInteger(value: Typed): string {
  const number = toNumber(value);
  return number.form === 'numeric'
    ? `CAST(trunc(${number.sql}) AS BIGINT)`
    : `CAST(trunc(CAST(${number.sql} AS DOUBLE)) AS BIGINT)`;
}

/** A time as nanoseconds; a zoned one as what its own clock shows. */
export function toNanos(value: Typed): string {
  if (value.form === 'micros') return `(CAST(epoch_us(${value.sql}) AS HUGEINT) * 1000)`;
  if (value.form === 'zoned')
    return `(struct_extract(${value.sql}, 'u') + struct_extract(${value.sql}, 'o') * 60000000000::HUGEINT)`;
  return value.sql;
}

export function toMicros(value: Typed): string {
  return value.form === 'micros' ? value.sql : `make_timestamp(CAST(ora_floor(${toNanos(value)}, 1000) AS BIGINT))`;
}

export function inconsistent(expected: string, got: Typed): OraError {
  return new OraError(932, `inconsistent datatypes: expected ${expected} got ${got.type.kind}`);
}

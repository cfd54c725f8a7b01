/** Comparisons and order as Oracle has them: numbers exact in any form, blank-padded CHAR, times of all kinds. */
import type { Conversion } from './convert.ts';
import { convert, utcNanos } from './convert.ts';
import type { OrderItem } from './ast.ts';
import { OraError } from '../../engine.ts';
import type { Typed } from './typed.ts';
import {
  BOOLEAN,
  DATE,
  inconsistent,
  isLob,
  isNull,
  isNumber,
  isText,
  isTime,
  toDigits,
  toDouble,
  toMicros,
  toNanos,
  toNumber,
} from './typed.ts';

const truth = (sql: string, nullable = true): Typed => ({ sql: `(${sql})`, type: BOOLEAN, form: 'truth', nullable });

export function compare(operator: string, left: Typed, right: Typed, conversion: Conversion): Typed {
  if (isNull(left) || isNull(right)) return truth('CAST(NULL AS BOOLEAN)');
  const [a, b] = comparable(left, right, operator === '=' || operator === '<>', conversion);
  return truth(`${a} ${operator} ${b}`, left.nullable || right.nullable);
}

/** Two values as texts of DuckDB that compare as Oracle compares the values. */
export function comparable(
  left: Typed,
  right: Typed,
  equality: boolean,
  conversion: Conversion,
): readonly [string, string] {
  if (
    left.type.kind === 'CLOB'
    || right.type.kind === 'CLOB'
    || left.type.kind === 'BLOB'
    || left.type.kind === 'OBJECT'
  ) {
    throw new OraError(932, `inconsistent datatypes: expected - got ${isLob(left) ? left.type.kind : right.type.kind}`);
  }
  if (isNumber(left) || isNumber(right)) return numbers(toNumber(left), toNumber(right), equality);
  if (isTime(left) || isTime(right)) return times(left, right, conversion);
  if (isText(left) && isText(right)) {
    const padded = isPadded(left) && isPadded(right);
    return padded ? [`rtrim(${left.sql}, ' ')`, `rtrim(${right.sql}, ' ')`] : [left.sql, right.sql];
  }
  if (left.form === right.form) return [left.sql, right.sql];
  if (left.form === 'bytes' && isText(right)) return [left.sql, `unhex(${right.sql})`];
  if (right.form === 'bytes' && isText(left)) return [`unhex(${left.sql})`, right.sql];
  if (left.form === 'truth') return [left.sql, convert(right, BOOLEAN, conversion).sql];
  throw inconsistent(left.type.kind, right);
}

const isPadded = ({ type }: Typed): boolean => type.kind === 'CHAR' || type.kind === 'NCHAR';

function numbers(left: Typed, right: Typed, equality: boolean): readonly [string, string] {
  if (left.form === 'double' || right.form === 'double') return [toDouble(left).sql, toDouble(right).sql];
  if (left.form === 'numeric' && right.form === 'numeric') return [left.sql, right.sql];
  const [a, b] = [toDigits(left).sql, toDigits(right).sql];
  return equality ? [a, b] : [`ora_key(${a})`, `ora_key(${b})`];
}

function times(left: Typed, right: Typed, conversion: Conversion): readonly [string, string] {
  const time = (value: Typed, other: Typed): Typed =>
    isText(value) ? convert(value, other.type.kind === 'DATE' ? DATE : other.type, conversion) : value;
  const [a, b] = [time(left, right), time(right, left)];
  if (!isTime(a) || !isTime(b)) throw inconsistent(a.type.kind, b);
  const hasZone = ({ type }: Typed): boolean =>
    type.kind === 'TIMESTAMP WITH TIME ZONE' || type.kind === 'TIMESTAMP WITH LOCAL TIME ZONE';
  if (hasZone(a) || hasZone(b)) return [utcNanos(a, conversion.settings), utcNanos(b, conversion.settings)];
  if (a.form === 'micros' && b.form === 'micros') return [toMicros(a), toMicros(b)];
  return [toNanos(a), toNanos(b)];
}

/** What DuckDB sorts by, groups by and takes the greatest of, so that it comes out in Oracle's order. */
export function sortKey(value: Typed): string {
  if (value.form === 'digits') return `ora_key(${value.sql})`;
  if (value.form === 'zoned') return `struct_extract(${value.sql}, 'u')`;
  if (value.type.kind === 'CHAR') return `rtrim(${value.sql}, ' ')`;
  if (isLob(value)) throw new OraError(932, `inconsistent datatypes: expected - got ${value.type.kind}`);
  return value.sql;
}

/** Nulls are the greatest, first when descending, unless the item says otherwise. */
export function orderText(sql: string, { descending, nulls }: Pick<OrderItem, 'descending' | 'nulls'>): string {
  return `${sql} ${descending ? 'DESC' : 'ASC'} NULLS ${nulls ?? (descending ? 'FIRST' : 'LAST')}`;
}

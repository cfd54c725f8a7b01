/**
 * Values of a statement's placeholders: each occurrence of `:NAME` becomes a `?` with a value of its own, which travels
 * apart from the statement with its type. The type decides how it is compared: a text against a number would be compared
 * as doubles. Dates and times have no such type that keeps microseconds (mysql2 makes Date objects of them), so they are
 * texts in a CAST. An index on the column is used in all cases (bind.test.ts).
 */
import mysql, { type TypedParameterValue } from 'mysql2';
import { ParqueueError } from '../../model/errors.ts';
import type { TypedValue } from '../../model/request.ts';
import { replacePlaceholders } from '../../sql/index.ts';
import type { Bound } from '../sql/database.ts';

export type MysqlValue = string | TypedParameterValue | null;

/** `timeZone`: the session's. @throws ParqueueError PQ_INVALID_REQUEST for a placeholder without a value that fits it */
export function boundStatement(
  statement: string,
  values: Readonly<Record<string, TypedValue>>,
  timeZone: string,
): Bound<readonly MysqlValue[]> {
  const binds: MysqlValue[] = [];
  const text = replacePlaceholders(
    statement,
    (name, position) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value === undefined) {
        throw new ParqueueError('PQ_INVALID_REQUEST', `the placeholder :${name} has no value`, {
          details: { placeholder: name },
        });
      }
      if (position === 'limit') {
        binds.push(countOf(value, name));
        return '?';
      }
      binds.push(valueOf(value));
      return placeholder(value, timeZone);
    },
    'mysql',
  );
  return { text, binds };
}

/** A text would count as the number that it begins with, or 0: no rows, and no error. */
function countOf({ value }: TypedValue, name: string): MysqlValue {
  if (value !== null && /^[0-9]{1,19}$/.test(value)) return integerOf(value);
  throw new ParqueueError('PQ_INVALID_REQUEST', `:${name} counts rows; give it a whole number, not below 0`, {
    details: { placeholder: name },
  });
}

export function sameValue(a: MysqlValue, b: MysqlValue | undefined): boolean {
  if (a === null || typeof a === 'string') return a === b;
  return typeof b === 'object' && a.type === b?.type && a.value === b.value && a.unsigned === b.unsigned;
}

function placeholder({ type }: TypedValue, timeZone: string): string {
  switch (type) {
    case 'date':
      return 'CAST(? AS DATE)';
    case 'timestamp':
      return clockIn('CAST(? AS DATETIME(6))', timeZone);
    default:
      return '?';
  }
}

/** An instant, given by UTC's clock, as the session's shows it: TIMESTAMPs are compared by that. */
function clockIn(utc: string, timeZone: string): string {
  if (timeZone === '+00:00' || timeZone.toUpperCase() === 'UTC') return utc;
  const offset = /^([-+])([0-9]{2}):([0-9]{2})$/.exec(timeZone);
  // Outside of 1970 to 2038 CONVERT_TZ leaves a time as it is (docs/mysql-types.md); the sum knows no such bounds.
  if (offset === null) return `CONVERT_TZ(${utc},'+00:00',@@session.time_zone)`;
  const minutes = Number(offset[2]) * 60 + Number(offset[3]);
  return `(${utc} ${offset[1] ?? '+'} INTERVAL ${minutes} MINUTE)`;
}

const { LONGLONG, NEWDECIMAL, DOUBLE } = mysql.TypedParameter;

const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;
const UNSIGNED_MAX = 2n ** 64n - 1n;

/** What DECIMAL holds on both products. */
const DECIMAL = /^-?(?=[0-9.]{1,66}$)[0-9]*(?:\.[0-9]{1,30})?$/;

function valueOf({ type, value }: TypedValue): MysqlValue {
  switch (type) {
    case 'integer':
      return value === null ? LONGLONG(null) : integerOf(value);
    case 'number':
      if (value === null) return NEWDECIMAL(null);
      return DECIMAL.test(value) ? NEWDECIMAL(value) : DOUBLE(Number(value));
    case 'boolean':
      return LONGLONG(value === null ? null : value === 'true' ? 1n : 0n);
    case 'timestamp':
      return value === null ? null : value.replace('T', ' ').replace(/Z$/, '');
    case 'string':
    case 'date':
      return value;
  }
}

function integerOf(text: string): MysqlValue {
  const value = BigInt(text);
  if (value >= LONG_MIN && value <= LONG_MAX) return LONGLONG(value);
  return value > 0n && value <= UNSIGNED_MAX ? LONGLONG.unsigned(value) : NEWDECIMAL(text);
}

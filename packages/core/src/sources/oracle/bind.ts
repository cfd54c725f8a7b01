/** A statement with its binds, in the driver's words. */
import oracledb, { type BindParameter } from 'oracledb';
import { ParqueueError } from '../../model/errors.ts';
import type { TypedValue } from '../../model/request.ts';
import { replacePlaceholders } from '../../sql/index.ts';
import type { Bound } from '../sql/database.ts';

export type OracleBinds = Record<string, BindParameter>;

/**
 * The statement with its binds. Dates and timestamps travel as text and are converted by the database, in a format
 * given with them: the driver would take them through JavaScript's Date, in the process's time zone and to the
 * millisecond.
 */
export function boundStatement(statement: string, values: Readonly<Record<string, TypedValue>>): Bound<OracleBinds> {
  const used = new Set<string>();
  const text = replacePlaceholders(
    statement,
    (name) => {
      used.add(name);
      return placeholder(name, values[name]);
    },
    'oracle',
  );
  const binds = Object.fromEntries([...used].map((name) => [name, bindOf(name, values[name])]));
  return { text, binds };
}

function placeholder(name: string, value: TypedValue | undefined): string {
  switch (value?.type) {
    case 'date':
      return `TO_DATE(:${name},'YYYY-MM-DD')`;
    case 'timestamp':
      return `TO_TIMESTAMP(:${name},'YYYY-MM-DD"T"HH24:MI:SS.FF6"Z"')`;
    default:
      return `:${name}`;
  }
}

function bindOf(name: string, typed: TypedValue | undefined): BindParameter {
  if (typed === undefined) {
    throw new ParqueueError('PQ_INVALID_REQUEST', `the placeholder :${name} has no value`, {
      details: { placeholder: name },
    });
  }
  const { type, value } = typed;
  switch (type) {
    case 'integer':
      // Beyond 2^53 a number would be another one.
      return { val: value === null ? null : BigInt(value), type: oracledb.DB_TYPE_NUMBER };
    case 'number':
      return { val: value === null ? null : Number(value), type: oracledb.DB_TYPE_NUMBER };
    case 'boolean':
      return { val: value === null ? null : value === 'true' ? 1 : 0, type: oracledb.DB_TYPE_NUMBER };
    case 'string':
    case 'date':
    case 'timestamp':
      return { val: value, type: oracledb.DB_TYPE_VARCHAR };
  }
}

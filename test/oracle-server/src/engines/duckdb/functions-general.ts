/** NVL, DECODE and their kin, ORA_HASH, SYS_CONTEXT, JSON and RAW functions. */
import { OraError } from '../../engine.ts';
import { atMost, known, required } from './arguments.ts';
import { comparable } from './compare.ts';
import type { Context } from './context.ts';
import { convert, toText, unify } from './convert.ts';
import type { ScalarFunction } from './arguments.ts';
import type { Typed } from './typed.ts';
import { isNull, nullOf, NUMBER, textLiteral, toDigits, toInteger, VARCHAR2 } from './typed.ts';

function firstOf(args: readonly Typed[], context: Context): Typed {
  const { type, values } = unify(args, context);
  return {
    sql: `coalesce(${values.map(({ sql }) => sql).join(', ')})`,
    type,
    form: values[0]?.form ?? 'text',
    nullable: args.every(({ nullable }) => nullable),
  };
}

/** The type of the first value rules, as in Oracle's NVL. */
function nvl(args: readonly Typed[], context: Context): Typed {
  atMost(args, 2);
  const [value, instead] = [required(args, 0), required(args, 1)];
  const same = isNull(value) || value.form === instead.form || (value.form !== 'text' && instead.form !== 'text');
  return firstOf(
    same
      ? args
      : [value, value.form === 'text' ? toText(instead, context.settings) : convert(instead, value.type, context)],
    context,
  );
}

function decode(args: readonly Typed[], context: Context): Typed {
  const value = required(args, 0);
  const pairs = Math.floor((args.length - 1) / 2);
  const results = Array.from({ length: pairs }, (_, index) => required(args, 2 + 2 * index));
  if (args.length % 2 === 0) results.push(required(args, args.length - 1));
  else results.push(nullOf());
  const { type, values } = unify(results, context);
  const branches = values.slice(0, pairs).map((result, index) => {
    const search = required(args, 1 + 2 * index);
    // DECODE finds null equal to null.
    if (isNull(search)) return `WHEN ${value.sql} IS NULL THEN ${result.sql}`;
    const [a, b] = isNull(value) ? ['NULL', search.sql] : comparable(value, search, true, context);
    return `WHEN ${a} IS NOT DISTINCT FROM ${b} THEN ${result.sql}`;
  });
  const otherwise = values.at(-1)?.sql ?? 'NULL';
  return {
    sql: branches.length === 0 ? otherwise : `(CASE ${branches.join(' ')} ELSE ${otherwise} END)`,
    type,
    form: values[0]?.form ?? 'text',
    nullable: true,
  };
}

/** Not Oracle's numbers, which are not published, but as even and as repeatable as they are. */
function oraHash(args: readonly Typed[]): Typed {
  atMost(args, 3);
  const value = required(args, 0);
  const hashed = value.form === 'numeric' ? toDigits(value).sql : value.sql;
  const max = args[1] === undefined ? '4294967295' : toInteger(args[1]);
  const sql = `(CASE WHEN ${value.sql} IS NOT NULL THEN CAST(hash(${hashed}) % 4294967296::UBIGINT AS BIGINT) % (${max} + 1) END)`;
  return { sql, type: NUMBER, form: 'numeric', nullable: value.nullable };
}

function sysContext(args: readonly Typed[], context: Context): Typed {
  const [space, name] = [known(args, 0)?.toUpperCase(), known(args, 1)?.toUpperCase()];
  if (space !== 'USERENV' || name === undefined) throw new OraError(2003, 'invalid USERENV parameter');
  const values: Readonly<Record<string, string>> = {
    CURRENT_SCHEMA: context.schema,
    CURRENT_USER: context.user,
    SESSION_USER: context.user,
    DB_NAME: 'PARQ',
    DB_UNIQUE_NAME: 'PARQ',
    SERVICE_NAME: 'PARQ',
    INSTANCE_NAME: 'PARQ',
    CON_NAME: 'PARQ',
    NLS_DATE_FORMAT: context.settings.get('NLS_DATE_FORMAT'),
    NLS_CALENDAR: context.settings.get('NLS_CALENDAR'),
    NLS_TERRITORY: context.settings.get('NLS_TERRITORY'),
    NLS_SORT: context.settings.get('NLS_SORT'),
    LANGUAGE: 'AMERICAN_AMERICA.AL32UTF8',
    SID: '1',
  };
  const value = values[name];
  if (value === undefined) throw new OraError(2003, 'invalid USERENV parameter');
  return textLiteral(value, VARCHAR2(256));
}

function jsonSerialize(args: readonly Typed[]): Typed {
  const value = required(args, 0);
  const type = args[1]?.type ?? VARCHAR2(4000);
  return { sql: value.sql, type, form: 'text', nullable: value.nullable };
}

function jsonValue(args: readonly Typed[], context: Context): Typed {
  const value = required(args, 0);
  const path = known(args, 1);
  if (path === null) throw new OraError(40597, 'JSON path expression syntax error');
  const text: Typed = {
    sql: `json_extract_string(${value.sql}, '${path.replaceAll("'", "''")}')`,
    type: VARCHAR2(4000),
    form: 'text',
    nullable: true,
  };
  return args[2] === undefined ? text : convert(text, args[2].type, context);
}

export const generalFunctions: Readonly<Record<string, ScalarFunction>> = {
  NVL: nvl,
  COALESCE: firstOf,
  DECODE: decode,
  ORA_HASH: oraHash,
  SYS_CONTEXT: sysContext,
  JSON_SERIALIZE: jsonSerialize,
  JSON_VALUE: jsonValue,
  NVL2: (args, context) => {
    const { type, values } = unify([required(args, 1), required(args, 2)], context);
    return {
      sql: `(CASE WHEN ${required(args, 0).sql} IS NOT NULL THEN ${required(values, 0).sql} ELSE ${required(values, 1).sql} END)`,
      type,
      form: required(values, 0).form,
      nullable: true,
    };
  },
  NULLIF: (args, context) => {
    const [a, b] = comparable(required(args, 0), required(args, 1), true, context);
    return {
      ...required(args, 0),
      sql: `(CASE WHEN ${a} = ${b} THEN NULL ELSE ${required(args, 0).sql} END)`,
      nullable: true,
    };
  },
  USER: (_args, { user }) => textLiteral(user, VARCHAR2(128)),
  DBTIMEZONE: () => textLiteral('+00:00', VARCHAR2(6)),
  UID: () => ({ sql: '100', type: NUMBER, form: 'numeric', nullable: false }),
  SYS_GUID: () => ({
    sql: `unhex(replace(CAST(uuid() AS VARCHAR), '-', ''))`,
    type: { kind: 'RAW', bytes: 16 },
    form: 'bytes',
    nullable: false,
  }),
  HEXTORAW: (args) => ({
    sql: `unhex(${required(args, 0).sql})`,
    type: { kind: 'RAW', bytes: 2000 },
    form: 'bytes',
    nullable: required(args, 0).nullable,
  }),
  RAWTOHEX: (args) => ({
    sql: `hex(${required(args, 0).sql})`,
    type: VARCHAR2(4000),
    form: 'text',
    nullable: required(args, 0).nullable,
  }),
  TO_BLOB: (args, context) => convert(required(args, 0), { kind: 'BLOB' }, context),
  TO_CLOB: (args, context) => convert(required(args, 0), { kind: 'CLOB' }, context),
  JSON: (args, context) => convert(required(args, 0), { kind: 'JSON' }, context),
  XMLTYPE: (args, context) => convert(required(args, 0), { kind: 'OBJECT', schema: 'SYS', name: 'XMLTYPE' }, context),
  EMPTY_CLOB: () => nullOf({ kind: 'CLOB' }),
  EMPTY_BLOB: () => nullOf({ kind: 'BLOB' }),
  ROWIDTOCHAR: (args) => ({ ...required(args, 0), type: VARCHAR2(18) }),
  CHARTOROWID: (args) => ({ ...required(args, 0), type: { kind: 'ROWID' } }),
};

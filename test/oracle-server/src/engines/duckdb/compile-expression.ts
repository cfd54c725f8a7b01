/** Expressions of Oracle compiled to DuckDB, with their types. */
import { OraError } from '../../engine.ts';
import type { Expr } from './ast.ts';
import { arithmetic, concatenate } from './arithmetic.ts';
import { bindValue } from './bind-values.ts';
import { comparable, compare } from './compare.ts';
import type { Context, Scope } from './context.ts';
import { resolveColumn } from './context.ts';
import { convert, toText, unify } from './convert.ts';
import { compileCall } from './functions.ts';
import { atTimeZone, extract, intervalLiteral, timeLiteral } from './functions-time.ts';
import { numberLiteral } from './functions-number.ts';
import { trimmed } from './functions-text.ts';
import type { Typed } from './typed.ts';
import { BOOLEAN, isNull, nullOf, textLiteral, toNumber } from './typed.ts';

const truth = (sql: string, nullable = true): Typed => ({ sql: `(${sql})`, type: BOOLEAN, form: 'truth', nullable });

export function compileExpression(expr: Expr, scope: Scope, context: Context): Typed {
  const of = (inner: Expr): Typed => compileExpression(inner, scope, context);
  switch (expr.kind) {
    case 'null':
      return nullOf();
    case 'string':
      return textLiteral(expr.value);
    case 'number':
      return numberLiteral(expr.text, expr.binary);
    case 'boolean':
      return truth(String(expr.value), false);
    case 'typed':
      return timeLiteral(expr.type, expr.text, context);
    case 'interval':
      return intervalLiteral(expr);
    case 'bind':
      return bindValue(expr.index, context);
    case 'column':
      if (expr.outer)
        throw new OraError(900, 'the (+) of outer joins is outside the grammar of this engine', { offset: expr.at });
      return resolveName(expr, scope, context);
    case 'call':
      return compileCall(expr, scope, context);
    case 'extract':
      return extract(expr.field, of(expr.from), context);
    case 'trim':
      return trimmed(expr.side, expr.what === null ? null : of(expr.what), of(expr.from), context);
    case 'cast':
      return convert(of(expr.value), expr.type, context);
    case 'atTimeZone':
      return atTimeZone(of(expr.value), expr.zone === null ? null : of(expr.zone), context);
    case 'unary':
      return unary(expr.operator, of(expr.value));
    case 'binary':
      return binary(expr, of, context);
    case 'isNull':
      return truth(`${of(expr.value).sql} IS ${expr.not ? 'NOT ' : ''}NULL`, false);
    case 'isJson':
      return truth(`${expr.not ? 'NOT ' : ''}json_valid(${of(expr.value).sql})`);
    case 'like': {
      const text = (inner: Expr): string => toText(of(inner), context.settings).sql;
      return truth(
        `${text(expr.value)} ${expr.not ? 'NOT ' : ''}LIKE ${text(expr.pattern)}${expr.escape === null ? '' : ` ESCAPE ${text(expr.escape)}`}`,
      );
    }
    case 'between': {
      const value = of(expr.value);
      const inside = `${compare('>=', value, of(expr.low), context).sql} AND ${compare('<=', value, of(expr.high), context).sql}`;
      return truth(expr.not ? `NOT (${inside})` : inside);
    }
    case 'in':
      return expr.query === null ? inValues(expr, of, context) : inQuery(expr, of, scope, context);
    case 'exists':
      return truth(`EXISTS (${context.query(expr.query, context, scope).sql})`, false);
    case 'subquery': {
      const query = context.query(expr.query, context, scope);
      const column = query.columns[0];
      if (column === undefined || query.columns.length !== 1)
        throw new OraError(913, 'too many values', { offset: expr.at });
      return { ...column.value, sql: `(${query.sql})`, nullable: true };
    }
    case 'case':
      return caseOf(expr, of, context);
  }
}

/** A column, or a function that is called without parentheses. */
function resolveName(expr: Expr & { kind: 'column' }, scope: Scope, context: Context): Typed {
  try {
    return resolveColumn(expr.path, scope);
  } catch (error) {
    const bare = expr.path.length === 1 && error instanceof OraError && error.number === 904;
    const name = expr.path[0]?.text ?? '';
    if (
      bare
      && [
        'SYSDATE',
        'SYSTIMESTAMP',
        'CURRENT_DATE',
        'CURRENT_TIMESTAMP',
        'LOCALTIMESTAMP',
        'USER',
        'SESSIONTIMEZONE',
        'DBTIMEZONE',
        'UID',
      ].includes(name)
    ) {
      return compileCall(
        {
          kind: 'call',
          path: expr.path,
          args: [],
          star: false,
          distinct: false,
          within: null,
          over: null,
          at: expr.at,
        },
        scope,
        context,
      );
    }
    throw error;
  }
}

function unary(operator: string, value: Typed): Typed {
  if (operator === 'NOT') return truth(`NOT ${value.sql}`, value.nullable);
  if (isNull(value)) return value;
  if (value.form === 'span' || value.form === 'months')
    return { ...value, sql: operator === '-' ? `(-${value.sql})` : value.sql };
  const number = toNumber(value);
  if (operator === '+') return number;
  if (number.form !== 'digits') {
    const constant = typeof number.constant === 'string' ? { constant: `-${number.constant}` } : {};
    return { ...number, sql: `(-${number.sql})`, ...constant };
  }
  return { ...number, sql: `ora_calculate('-', '0', ${number.sql})` };
}

function binary(expr: Expr & { kind: 'binary' }, of: (inner: Expr) => Typed, context: Context): Typed {
  const { operator } = expr;
  const [left, right] = [of(expr.left), of(expr.right)];
  switch (operator) {
    case 'AND':
    case 'OR':
      return truth(`${condition(left, expr.left)} ${operator} ${condition(right, expr.right)}`);
    case '||':
      return concatenate(left, right, context);
    case '+':
    case '-':
    case '*':
    case '/':
      return arithmetic(operator, left, right);
    default:
      return compare(operator, left, right, context);
  }
}

function condition(value: Typed, { at }: Expr): string {
  if (value.form !== 'truth') throw new OraError(920, 'invalid relational operator', { offset: at });
  return value.sql;
}

function inValues(expr: Expr & { kind: 'in' }, of: (inner: Expr) => Typed, context: Context): Typed {
  const value = expr.value.map(of);
  const any = expr.list.map((row) => {
    if (row.length !== value.length) throw new OraError(947, 'not enough values', { offset: expr.at });
    return `(${row.map((item, index) => compare('=', value[index] as Typed, of(item), context).sql).join(' AND ')})`;
  });
  return truth(`${expr.not ? 'NOT ' : ''}(${any.join(' OR ')})`);
}

function inQuery(expr: Expr & { kind: 'in' }, of: (inner: Expr) => Typed, scope: Scope, context: Context): Typed {
  if (expr.query === null) throw new Error('a query was expected');
  const query = context.query(expr.query, context, scope);
  const value = expr.value.map(of);
  if (query.columns.length !== value.length)
    throw new OraError(
      query.columns.length > value.length ? 913 : 947,
      query.columns.length > value.length ? 'too many values' : 'not enough values',
      { offset: expr.at },
    );
  const alias = context.alias();
  const pairs = value.map((item, index) => {
    const column = query.columns[index] as (typeof query.columns)[number];
    return comparable(item, { ...column.value, sql: `${alias}."c${index}"` }, true, context);
  });
  const left = pairs.map(([a]) => a).join(', ');
  const right = pairs.map(([, b]) => b).join(', ');
  return truth(
    `${pairs.length === 1 ? left : `(${left})`} ${expr.not ? 'NOT ' : ''}IN (SELECT ${pairs.length === 1 ? right : `(${right})`} FROM (${query.sql}) ${alias})`,
  );
}

function caseOf(expr: Expr & { kind: 'case' }, of: (inner: Expr) => Typed, context: Context): Typed {
  const value = expr.value === null ? null : of(expr.value);
  const conditions = expr.branches.map(({ when }) =>
    value === null ? condition(of(when), when) : compare('=', value, of(when), context).sql,
  );
  const results = unify(
    [...expr.branches.map(({ result }) => of(result)), expr.otherwise === null ? nullOf() : of(expr.otherwise)],
    context,
  );
  const [first] = results.values;
  const branches = conditions.map((sql, index) => `WHEN ${sql} THEN ${results.values[index]?.sql ?? 'NULL'}`);
  return {
    sql: `(CASE ${branches.join(' ')} ELSE ${results.values.at(-1)?.sql ?? 'NULL'} END)`,
    type: results.type,
    form: first?.form ?? 'text',
    nullable: expr.otherwise === null || results.values.some(({ nullable }) => nullable),
  };
}

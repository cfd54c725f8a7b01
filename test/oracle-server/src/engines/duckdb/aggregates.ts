/** Aggregates and window functions. */
import { OraError } from '../../engine.ts';
import type { Expr } from './ast.ts';
import { orderText, sortKey } from './compare.ts';
import type { Context, Scope } from './context.ts';
import { toText } from './convert.ts';
import type { Typed } from './typed.ts';
import { isInterval, isNull, NUMBER, nullOf, toDigits, toNumber, VARCHAR2 } from './typed.ts';

type Call = Expr & { kind: 'call' };
const WINDOW_ONLY = new Set(['ROW_NUMBER', 'RANK', 'DENSE_RANK', 'NTILE']);
const SHIFTED = new Set(['LAG', 'LEAD', 'FIRST_VALUE', 'LAST_VALUE']);

/** Null where the name is none of them. */
export function aggregate(name: string, call: Call, scope: Scope, context: Context): Typed | null {
  const over = (): string => window(call, scope, context);
  const value = (index = 0): Typed => {
    const arg = call.args[index];
    if (arg === undefined) throw new OraError(909, 'invalid number of arguments', { offset: call.at });
    return context.expression(arg, scope, context);
  };
  const distinct = call.distinct ? 'DISTINCT ' : '';
  if (name === 'COUNT') {
    const sql = call.star ? 'count(*)' : `count(${distinct}${value().sql})`;
    return { sql: `${sql}${over()}`, type: NUMBER, form: 'numeric', nullable: false, whole: true };
  }
  if (name === 'SUM') return sum(value(), distinct, over());
  if (name === 'AVG') return average(value(), distinct, over());
  if (name === 'MAX' || name === 'MIN') return extreme(name, value(), over());
  if (name === 'LISTAGG') return listagg(call, scope, context, value);
  if (name === 'ANY_VALUE') return { ...value(), sql: `any_value(${value().sql})${over()}`, nullable: true };
  if (['STDDEV', 'VARIANCE', 'MEDIAN'].includes(name)) {
    const native = { STDDEV: 'stddev_samp', VARIANCE: 'var_samp', MEDIAN: 'median' }[name] ?? '';
    return toDigits({
      sql: `${native}(CAST(${toNumber(value()).sql} AS DOUBLE))${over()}`,
      type: { kind: 'BINARY_DOUBLE' },
      form: 'double',
      nullable: true,
    });
  }
  if (WINDOW_ONLY.has(name) && call.over !== null) {
    const args = name === 'NTILE' ? `CAST(${value().sql} AS BIGINT)` : '';
    return { sql: `${name.toLowerCase()}(${args})${over()}`, type: NUMBER, form: 'numeric', nullable: false };
  }
  if (SHIFTED.has(name) && call.over !== null) {
    const shift = call.args[1] === undefined ? '' : `, CAST(${value(1).sql} AS BIGINT)`;
    return { ...value(), sql: `${name.toLowerCase()}(${value().sql}${shift})${over()}`, nullable: true };
  }
  return null;
}

function sum(value: Typed, distinct: string, over: string): Typed {
  if (isNull(value)) return nullOf(NUMBER);
  if (isInterval(value)) return { ...value, sql: `sum(${value.sql})${over}`, nullable: true };
  const number = toNumber(value);
  if (number.form === 'double') return { ...number, sql: `sum(${distinct}${number.sql})${over}`, nullable: true };
  // HUGEINT and DECIMAL must not meet later on as DOUBLE.
  if (number.form === 'numeric')
    return { sql: `sum(${distinct}${number.sql})${over}`, type: NUMBER, form: 'numeric', nullable: true };
  // Whole digits and 18 places are summed apart, each natively; values with more of either, one by one.
  const { sql } = number;
  const short = `length(split_part(${sql}, '.', 1)) <= 30 AND length(split_part(${sql}, '.', 2)) <= 18`;
  const native = (part: string): string =>
    distinct === '' ? `coalesce(CAST(sum(${part}(${sql})) FILTER (${short})${over} AS VARCHAR), '0')` : `'0'`;
  const rest = distinct === '' ? `string_agg(${sql}, ' ') FILTER (NOT (${short}))` : `string_agg(DISTINCT ${sql}, ' ')`;
  const total = `ora_sum(${native('ora_whole')}, ${native('ora_places')}, coalesce(${rest}${over}, ''))`;
  return {
    sql: `(CASE WHEN count(${sql})${over} > 0 THEN ${total} END)`,
    type: NUMBER,
    form: 'digits',
    nullable: true,
  };
}

function average(value: Typed, distinct: string, over: string): Typed {
  const total = sum(value, distinct, over);
  if (total.form === 'double') return { ...total, sql: `avg(${distinct}${value.sql})${over}` };
  const count = `count(${distinct}${value.sql})${over}`;
  return {
    sql: `ora_calculate('/', ${toDigits(total).sql}, CAST(nullif(${count}, 0) AS VARCHAR))`,
    type: NUMBER,
    form: 'digits',
    nullable: true,
  };
}

function extreme(name: 'MAX' | 'MIN', value: Typed, over: string): Typed {
  const key = sortKey(value);
  const sql =
    key === value.sql
      ? `${name.toLowerCase()}(${key})`
      : `${name === 'MAX' ? 'arg_max' : 'arg_min'}(${value.sql}, ${key})`;
  return { sql: `${sql}${over}`, type: value.type, form: value.form, nullable: true };
}

function listagg(call: Call, scope: Scope, context: Context, value: (index?: number) => Typed): Typed {
  const separator = call.args[1] === undefined ? "''" : `coalesce(${toText(value(1), context.settings).sql}, '')`;
  const order = (call.within ?? [])
    .map((item) => orderText(sortKey(context.expression(item.value, scope, context)), item))
    .join(', ');
  const sql = `string_agg(${call.distinct ? 'DISTINCT ' : ''}${toText(value(), context.settings).sql}, ${separator}${order === '' ? '' : ` ORDER BY ${order}`})`;
  return { sql, type: VARCHAR2(4000), form: 'text', nullable: true };
}

function window({ over }: Call, scope: Scope, context: Context): string {
  if (over === null) return '';
  const of = (expr: Expr): string => sortKey(context.expression(expr, scope, context));
  const parts = [
    over.partitionBy.length === 0 ? '' : `PARTITION BY ${over.partitionBy.map(of).join(', ')}`,
    over.orderBy.length === 0
      ? ''
      : `ORDER BY ${over.orderBy.map((item) => orderText(of(item.value), item)).join(', ')}`,
    over.frame ?? '',
  ];
  return ` OVER (${parts.filter((part) => part !== '').join(' ')})`;
}

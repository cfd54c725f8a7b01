/** Queries of Oracle compiled to DuckDB: WITH, SELECT, set operations, ROWNUM, ORDER BY, OFFSET and FETCH. */
import { OraError } from '../../engine.ts';
import type { Expr, OrderItem, Query, QueryBody, Select, SelectItem, SetOperation } from './ast.ts';
import { compileFrom } from './compile-from.ts';
import { orderText, sortKey } from './compare.ts';
import type { CommonSource, CompiledQuery, Context, Scope } from './context.ts';
import { NO_EXTRA } from './context.ts';
import { unify } from './convert.ts';
import { compileLevels, mentions, numberRows, ROWNUM, splitRownum } from './rownum.ts';
import { tokenize } from './tokens.ts';
import type { Typed } from './typed.ts';
import { toInteger } from './typed.ts';

type OutputColumn = CompiledQuery['columns'][number];
/** A body before its ORDER BY: whether an order by other things than its own columns can still be put to it. */
interface CompiledBody extends CompiledQuery {
  readonly orderable: ((item: OrderItem) => string) | null;
}

export function compileQuery(query: Query, outer: Context, parent: Scope | null): CompiledQuery {
  const { context, prefix } = compileCommons(query, outer, parent);
  const isBare = query.orderBy.length === 0 && query.fetch === null && query.offset === null;
  const body = compileBody(query.body, context, parent);
  if (isBare) return { sql: prefix + body.sql, columns: body.columns };
  const order = query.orderBy.map((item) => orderItem(item, body));
  const limit = limitOf(query, context);
  const tail = `${order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`}${limit}`;
  const sql = body.orderable === null ? `SELECT * FROM (${body.sql}) "#o"${tail}` : `${body.sql}${tail}`;
  return { sql: prefix + sql, columns: body.columns };
}

function compileCommons(
  query: Query,
  context: Context,
  parent: Scope | null,
): { readonly context: Context; readonly prefix: string } {
  if (query.with.length === 0) return { context, prefix: '' };
  const commons = new Map(context.commons);
  const texts: string[] = [];
  for (const { name, columns, query: inner } of query.with) {
    const compiled = context.query(inner, { ...context, commons: new Map(commons) }, parent);
    if (columns !== null && columns.length !== compiled.columns.length)
      throw new OraError(
        32_038,
        'number of WITH clause column names does not match number of elements in select list',
        { offset: name.at },
      );
    const alias = context.alias();
    texts.push(`${alias} AS (${compiled.sql})`);
    const renamed = compiled.columns.map((column, index) => ({
      ...column,
      name: columns?.[index]?.text ?? column.name,
    }));
    commons.set(name.text, { sql: `SELECT * FROM ${alias}`, columns: renamed } satisfies CommonSource);
  }
  return { context: { ...context, commons }, prefix: `WITH ${texts.join(', ')} ` };
}

function limitOf({ fetch, offset }: Query, context: Context): string {
  const scope: Scope = { sources: [], parent: null, extra: NO_EXTRA };
  const number = (expr: Expr): string => `greatest(0, ${toInteger(context.expression(expr, scope, context))})`;
  if (fetch !== null && (fetch.percent || fetch.ties))
    throw new OraError(900, 'FETCH with PERCENT or TIES is outside the grammar of this engine');
  return `${fetch === null ? '' : ` LIMIT ${number(fetch.rows)}`}${offset === null ? '' : ` OFFSET ${number(offset)}`}`;
}

function orderItem(item: OrderItem, body: CompiledBody): string {
  const { value } = item;
  const byColumn = (column: OutputColumn, index: number): string =>
    orderText(sortKey({ ...column.value, sql: `"c${index}"` }), item);
  if (value.kind === 'number' && /^\d+$/.test(value.text)) {
    const index = Number(value.text) - 1;
    const column = body.columns[index];
    if (column === undefined)
      throw new OraError(1785, 'ORDER BY item must be the number of a SELECT-list expression', { offset: value.at });
    return byColumn(column, index);
  }
  if (value.kind === 'column' && value.path.length === 1) {
    const index = body.columns.findIndex(({ name }) => name === value.path[0]?.text);
    const column = body.columns[index];
    if (column !== undefined) return byColumn(column, index);
  }
  if (body.orderable === null) throw new OraError(1791, 'not a SELECTed expression', { offset: value.at });
  return body.orderable(item);
}

function compileBody(body: QueryBody, context: Context, parent: Scope | null): CompiledBody {
  if (!('kind' in body)) return { ...context.query(body, context, parent), orderable: null };
  return body.kind === 'set' ? compileSet(body, context, parent) : compileSelect(body, context, parent);
}

function compileSet(set: SetOperation, context: Context, parent: Scope | null): CompiledBody {
  const left = compileBody(set.left, context, parent);
  const right = compileBody(set.right, context, parent);
  if (left.columns.length !== right.columns.length)
    throw new OraError(1789, 'query block has incorrect number of result columns');
  const sides = [context.alias(), context.alias()] as const;
  const merged = left.columns.map((column, index) => {
    const other = right.columns[index] as OutputColumn;
    const at = (value: Typed, alias: string): Typed => ({ ...value, sql: `${alias}."c${index}"` });
    const { type, values } = unify([at(column.value, sides[0]), at(other.value, sides[1])], context);
    const [a, b] = values as readonly [Typed, Typed];
    return {
      name: column.name,
      a: a.sql,
      b: b.sql,
      value: { sql: `"c${index}"`, type, form: a.form, nullable: a.nullable || b.nullable },
    };
  });
  const side = (of: CompiledBody, pick: 'a' | 'b', alias: string): string =>
    `SELECT ${merged.map((column, index) => `${column[pick]} AS "c${index}"`).join(', ')} FROM (${of.sql}) ${alias}`;
  const operator = { UNION: 'UNION', 'UNION ALL': 'UNION ALL', INTERSECT: 'INTERSECT', MINUS: 'EXCEPT' }[set.operator];
  return {
    sql: `(${side(left, 'a', sides[0])}) ${operator} (${side(right, 'b', sides[1])})`,
    columns: merged.map(({ name, value }) => ({ name, value })),
    orderable: null,
  };
}

function compileSelect(select: Select, context: Context, parent: Scope | null): CompiledBody {
  const levels = select.levels === null ? null : compileLevels(select, context, parent);
  const from: ReturnType<typeof compileFrom>[] = [];
  for (const item of levels === null ? select.from : []) {
    from.push(
      compileFrom(
        item,
        parent,
        from.flatMap(({ sources }) => sources),
        context,
      ),
    );
  }
  const sources = from.flatMap((item) => item.sources);
  const counted = levels === null && mentions([select.items, select.where, select.groupBy, select.having], 'ROWNUM');
  const extra = new Map(levels?.extra ?? []);
  if (counted) extra.set('ROWNUM', ROWNUM);
  const scope: Scope = { sources, parent, extra };
  const of = (expr: Expr): Typed => context.expression(expr, scope, context);
  const columns = select.items.flatMap((item) => outputColumns(item, scope, of));
  const { plain, limits } = counted ? splitRownum(select.where) : { plain: select.where, limits: [] };
  const where = plain === null ? '' : ` WHERE ${conditionOf(of(plain), plain)}`;
  const group = select.groupBy.length === 0 ? '' : ` GROUP BY ${select.groupBy.map((expr) => of(expr).sql).join(', ')}`;
  const having = select.having === null ? '' : ` HAVING ${of(select.having).sql}`;
  const rows = (): string => {
    const text = levels?.sql ?? from.map((item) => item.emit()).join(', ');
    return counted
      ? numberRows(
          text,
          from.flatMap(({ aliases }) => aliases),
          where,
          limits,
          of,
        )
      : `${text}${where}`;
  };
  const list = columns.map(({ value }, index) => `${value.sql} AS "c${index}"`).join(', ');
  // The order is compiled before FROM is emitted, since it may name what changes how a table is read.
  const outputs = columns.map((column, index) => ({
    name: column.name,
    value: { ...column.value, sql: `"c${index}"` },
  }));
  return {
    get sql() {
      return `SELECT ${select.distinct ? 'DISTINCT ' : ''}${list} FROM ${rows()}${group}${having}`;
    },
    columns: outputs,
    orderable: select.distinct ? null : (item) => orderText(sortKey(of(item.value)), item),
  };
}

function conditionOf(value: Typed, { at }: Expr): string {
  if (value.form !== 'truth') throw new OraError(920, 'invalid relational operator', { offset: at });
  return value.sql;
}

function outputColumns(item: SelectItem, scope: Scope, of: (expr: Expr) => Typed): readonly OutputColumn[] {
  if (item.kind === 'value') return [{ name: item.alias ?? nameOf(item), value: of(item.value) }];
  const name = item.path.at(-1)?.text;
  const sources = scope.sources.filter((source) => name === undefined || source.name === name);
  if (sources.length === 0 && name !== undefined)
    throw new OraError(904, `${JSON.stringify(name)}: invalid identifier`, { offset: item.at });
  return sources.flatMap(({ columns }) => columns.filter(({ hidden }) => name !== undefined || hidden !== true));
}

/** As Oracle names an expression without an alias: its text in upper case without blanks. */
function nameOf({ value, text }: SelectItem & { kind: 'value' }): string {
  if (value.kind === 'column') return value.path.at(-1)?.text ?? '';
  return tokenize(text)
    .map((token) =>
      token.kind === 'word' || token.kind === 'number' || token.kind === 'operator'
        ? token.text
        : text.slice(token.at, token.to),
    )
    .join('');
}

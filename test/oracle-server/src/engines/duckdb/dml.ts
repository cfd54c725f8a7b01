/** INSERT, UPDATE, DELETE and FOR UPDATE over row versions: a change ends one version and begins the next. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { OraError } from '../../engine.ts';
import type { Expr, Name, Query, Statement } from './ast.ts';
import type { StoredColumn, Table } from './catalog.ts';
import { missingTable } from './catalog.ts';
import type { Context, Scope } from './context.ts';
import { NO_EXTRA } from './context.ts';
import { convert } from './convert.ts';
import type { Typed } from './typed.ts';
import { formOf, isNull, nullOf, NUMBER, quoteName, quoteText } from './typed.ts';
import { visible } from './versions.ts';

/** Runs one text of DuckDB with the parameters of the context, and says how many rows it touched. */
export type Run = (sql: string, context: Context) => Promise<number>;

export function targetTable(path: readonly Name[], context: Context): Table {
  const found = context.catalog.resolve(path, context.schema);
  if (found === null || context.isDenied(`${found.owner}.${found.name}`)) throw missingTable(path);
  if (found.kind === 'view')
    throw new OraError(1732, 'data manipulation operation not legal on this view', { offset: path[0]?.at ?? 0 });
  context.tables.add(found);
  return found;
}

function columnOf(table: Table, { text, at }: Name): StoredColumn {
  const column = table.columns.find(({ name }) => name === text);
  if (column === undefined) throw new OraError(904, `${JSON.stringify(text)}: invalid identifier`, { offset: at });
  return column;
}

/** The value as the column stores it, its demands checked. */
function assigned(value: Typed, column: StoredColumn, table: Table, context: Context): string {
  const place = `"${table.owner}"."${table.name}"."${column.name}"`;
  const missing = `ORA-01400: cannot insert NULL into (${place})`;
  if (isNull(value) && !column.nullable) throw new OraError(1400, missing.slice(11));
  const stored = convert(value, column.type, context, place);
  if (column.nullable || !value.nullable) return stored.sql;
  return `coalesce(${stored.sql}, CAST(error(${quoteText(missing)}) AS VARCHAR))`;
}

function initial(column: StoredColumn, context: Context): Typed {
  return column.default === null
    ? nullOf(column.type)
    : context.expression(column.default, { sources: [], parent: null, extra: NO_EXTRA }, context);
}

export async function insert(statement: Statement & { kind: 'insert' }, context: Context, run: Run): Promise<number> {
  const table = targetTable(statement.table, context);
  const columns = statement.columns?.map((name) => columnOf(table, name)) ?? table.columns;
  const rest = table.columns.filter((column) => !columns.includes(column));
  const target = [...columns, ...rest].map(({ name }) => quoteName(name)).join(', ');
  const source =
    statement.query === null
      ? valuesSource(statement.values ?? [], columns, table, context)
      : querySource(statement.query, columns, table, context);
  const values = [
    ...source.values,
    ...rest.map((column) => assigned(initial(column, context), column, table, context)),
  ];
  return run(
    `INSERT INTO ${table.stored} (${target}, "#id", "#tx") SELECT ${values.join(', ')}, nextval('ora_rows'), ${context.transaction}${source.from}`,
    context,
  );
}

interface InsertSource {
  readonly values: readonly string[];
  readonly from: string;
}

function counted(given: number, wanted: number): void {
  if (given < wanted) throw new OraError(947, 'not enough values');
  if (given > wanted) throw new OraError(913, 'too many values');
}

function valuesSource(
  values: readonly (Expr | null)[],
  columns: readonly StoredColumn[],
  table: Table,
  context: Context,
): InsertSource {
  counted(values.length, columns.length);
  const scope: Scope = { sources: [], parent: null, extra: NO_EXTRA };
  const of = (value: Expr | null, column: StoredColumn): Typed =>
    value === null ? initial(column, context) : context.expression(value, scope, context);
  return {
    values: columns.map((column, index) => assigned(of(values[index] ?? null, column), column, table, context)),
    from: '',
  };
}

function querySource(query: Query, columns: readonly StoredColumn[], table: Table, context: Context): InsertSource {
  const compiled = context.query(query, context, null);
  counted(compiled.columns.length, columns.length);
  const alias = context.alias();
  const values = columns.map((column, index) => {
    const { value } = compiled.columns[index] as (typeof compiled.columns)[number];
    return assigned(isNull(value) ? value : { ...value, sql: `${alias}."c${index}"` }, column, table, context);
  });
  return { values, from: ` FROM (${compiled.sql}) ${alias}` };
}

export interface Change {
  readonly table: Table;
  /** By column name, the new value; columns that are missing keep theirs. Null: the rows end. */
  readonly values: ReadonlyMap<string, string> | null;
  /** The rows, as a SELECT over the table's live rows with everything that the next versions need. */
  readonly hits: string;
}

export function compileChange(statement: Statement & { kind: 'update' | 'delete' }, context: Context): Change {
  const table = targetTable(statement.table, context);
  const { scope, from } = targetScope(table, statement.alias ?? table.name, context);
  const values =
    statement.kind === 'delete'
      ? null
      : new Map(statement.set.map(({ column, value }) => newValue(column, value, table, scope, context)));
  const where = statement.where === null ? '' : ` WHERE ${context.expression(statement.where, scope, context).sql}`;
  const selected = table.columns.map(
    ({ name }, index) => `${values?.get(name) ?? `"#t".${quoteName(name)}`} AS "n${index}"`,
  );
  return {
    table,
    values,
    hits: `SELECT ${[...selected, '"#row"', '"#id"', '"#scn"', '"#del"'].join(', ')} FROM ${from}${where}`,
  };
}

/** Of `SELECT … FROM t WHERE … FOR UPDATE`: the same rows again as new versions, which is what moves ORA_ROWSCN. */
export function compileLock(query: Query, context: Context): Change {
  const { body } = query;
  const only = 'kind' in body && body.kind === 'select' ? body : null;
  const item = only?.from[0];
  const isPlain =
    only !== null
    && item?.kind === 'table'
    && only.from.length === 1
    && !only.distinct
    && only.groupBy.length === 0
    && item.asOf === null;
  if (!isPlain || query.with.length > 0)
    throw new OraError(2014, 'cannot select FOR UPDATE from view with DISTINCT, GROUP BY, etc.', { offset: query.at });
  const statement: Statement & { kind: 'update' } = {
    kind: 'update',
    table: item.path,
    alias: item.alias,
    set: [],
    where: only.where,
    at: query.at,
  };
  return compileChange(statement, context);
}

function targetScope(table: Table, name: string, context: Context): { readonly scope: Scope; readonly from: string } {
  const columns = table.columns.map((column) => ({
    name: column.name,
    value: {
      sql: `"#t".${quoteName(column.name)}`,
      type: column.type,
      form: formOf(column.type),
      nullable: column.nullable,
    },
  }));
  const pseudo = (wanted: string): Typed | null => {
    if (wanted === 'ROWID')
      return { sql: `ora_rowid(${table.id}, "#t"."#id")`, type: { kind: 'ROWID' }, form: 'text', nullable: false };
    return wanted === 'ORA_ROWSCN' ? { sql: '"#t"."#scn"', type: NUMBER, form: 'numeric', nullable: true } : null;
  };
  const rows = `(SELECT *, rowid AS "#row" FROM ${table.stored} WHERE ${visible(context)}) "#t"`;
  return {
    scope: { sources: [{ name, owner: table.owner, columns, pseudo }], parent: null, extra: NO_EXTRA },
    from: rows,
  };
}

function newValue(
  path: readonly Name[],
  value: Expr | null,
  table: Table,
  scope: Scope,
  context: Context,
): readonly [string, string] {
  const column = columnOf(table, path.at(-1) as Name);
  const typed = value === null ? initial(column, context) : context.expression(value, scope, context);
  return [column.name, assigned(typed, column, table, context)];
}

/**
 * Puts a change to the table, inside a DuckDB transaction. Null counts as done; else the transactions that hold rows of
 * it and must be waited for, nothing having been changed.
 */
export async function applyChange(
  change: Change,
  context: Context,
  connection: DuckDBConnection,
  run: Run,
): Promise<{ readonly rows: number; readonly heldBy: number | null }> {
  const { table } = change;
  await run(`CREATE OR REPLACE TEMP TABLE "#hits" AS ${change.hits}`, context);
  const held = await connection.runAndReadAll('SELECT "#del" FROM "#hits" WHERE "#del" IS NOT NULL LIMIT 1');
  const holder = held.getRows()[0]?.[0];
  if (typeof holder === 'bigint') return { rows: 0, heldBy: Number(holder) };
  await connection.run(
    `UPDATE ${table.stored} SET "#del" = ${context.transaction} WHERE rowid IN (SELECT "#row" FROM "#hits" WHERE "#scn" IS NOT NULL)`,
  );
  await connection.run(`DELETE FROM ${table.stored} WHERE rowid IN (SELECT "#row" FROM "#hits" WHERE "#scn" IS NULL)`);
  if (change.values !== null) {
    const names = table.columns.map(({ name }) => quoteName(name)).join(', ');
    const values = table.columns.map((_, index) => `"n${index}"`).join(', ');
    await connection.run(
      `INSERT INTO ${table.stored} (${names}, "#id", "#tx") SELECT ${values}, "#id", ${context.transaction} FROM "#hits"`,
    );
  }
  const count = await connection.runAndReadAll('SELECT count(*) FROM "#hits"');
  return { rows: Number(count.getRows()[0]?.[0] ?? 0), heldBy: null };
}

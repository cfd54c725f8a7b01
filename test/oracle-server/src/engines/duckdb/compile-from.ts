/** FROM: tables at an SCN, views, dictionary views, subqueries and joins, as texts of DuckDB and as names in scope. */
import { OraError } from '../../engine.ts';
import type { Expr, FromItem, Name } from './ast.ts';
import type { Table, View } from './catalog.ts';
import { missingTable } from './catalog.ts';
import { compare } from './compare.ts';
import type { CompiledQuery, Context, Scope, Source } from './context.ts';
import { NO_EXTRA } from './context.ts';
import type { Typed } from './typed.ts';
import { formOf, NUMBER, quoteName } from './typed.ts';
import { liveRows, storedRows } from './versions.ts';

export interface CompiledFrom {
  readonly sources: readonly Source[];
  /** Of its tables in DuckDB's text. */
  readonly aliases: readonly string[];
  /** Asked for once everything that names its columns is compiled. */
  emit(): string;
}

const VIEW_DEPTH_MAX = 64;

export function compileFrom(
  item: FromItem,
  parent: Scope | null,
  before: readonly Source[],
  context: Context,
): CompiledFrom {
  switch (item.kind) {
    case 'table':
      return named(item, context);
    case 'derived': {
      const scope: Scope | null = item.lateral ? { sources: before, parent, extra: NO_EXTRA } : parent;
      return subselect(context.query(item.query, context, scope), item.alias, context);
    }
    case 'join':
      return join(item, parent, before, context);
  }
}

function named(item: FromItem & { kind: 'table' }, context: Context): CompiledFrom {
  const [first] = item.path;
  const alias = item.alias ?? item.path.at(-1)?.text ?? '';
  const common = item.path.length === 1 ? context.commons.get(first?.text ?? '') : undefined;
  if (common !== undefined) return subselect(common, alias, context);
  const found = context.catalog.resolve(item.path, context.schema);
  if (found === null) return dictionaryView(item, alias, context);
  if (context.isDenied(`${found.owner}.${found.name}`)) throw missingTable(item.path);
  const at = item.asOf === null ? context : flashback(item.asOf, context);
  if (found.kind === 'view') return viewSource(found, alias, at);
  return tableSource(found, item, alias, at, item.asOf !== null || at.transaction === null);
}

function dictionaryView(item: FromItem & { kind: 'table' }, alias: string, context: Context): CompiledFrom {
  const name = item.path.at(-1)?.text ?? '';
  const query = context.dictionary(item.path.length > 1 ? (item.path[0]?.text ?? '') : null, name);
  if (query === null || item.path.length > 2) throw missingTable(item.path);
  return subselect(query, alias, context);
}

/** The same context as it was at an earlier SCN: only what was committed then. */
function flashback(asOf: NonNullable<(FromItem & { kind: 'table' })['asOf']>, context: Context): Context {
  if (context.isDenied('FLASHBACK')) throw new OraError(1031, 'insufficient privileges', { offset: asOf.value.at });
  if (asOf.what === 'TIMESTAMP')
    throw new OraError(900, 'AS OF TIMESTAMP is outside the grammar of this engine', { offset: asOf.value.at });
  const { constant } = context.expression(asOf.value, { sources: [], parent: null, extra: NO_EXTRA }, context);
  // A bind has no value while the statement is only described.
  if (constant === undefined && context.binds === null) return context;
  if (typeof constant !== 'string' || !/^\d+$/.test(constant))
    throw new OraError(8181, 'specified number is not a valid system change number', { offset: asOf.value.at });
  const scn = BigInt(constant);
  context.checkFlashback(scn);
  return { ...context, scn, transaction: null };
}

function viewSource(view: View, alias: string, context: Context): CompiledFrom {
  if (context.depth > VIEW_DEPTH_MAX) throw new OraError(1731, 'circular view definition encountered');
  const inner: Context = {
    ...context,
    schema: view.owner,
    commons: new Map(),
    depth: context.depth + 1,
    binds: null,
    isDenied: (what) => what !== 'FLASHBACK' && what.includes('$') && context.isDenied(what),
  };
  const query = context.query(view.query, inner, null);
  const columns = query.columns.map((column, index) => ({ ...column, name: view.names?.[index] ?? column.name }));
  return subselect({ sql: query.sql, columns }, alias, context, view.owner);
}

function tableSource(
  table: Table,
  item: FromItem & { kind: 'table' },
  alias: string,
  context: Context,
  past: boolean,
): CompiledFrom {
  if (past && context.scn < table.definedAt)
    throw new OraError(1466, 'unable to read data - table definition has changed');
  context.tables.add(table);
  const sqlAlias = context.alias();
  let condition = '';
  if (item.partition !== null) {
    const partition = table.partitions.find(({ name }) => name === item.partition?.text);
    if (partition === undefined)
      throw new OraError(2149, 'Specified partition does not exist', { offset: item.partition.at });
    condition = ` AND (${partition.condition})`;
  }
  let wantsBlocks = false;
  const pseudo = (name: string): Typed | null => {
    if (name === 'ROWID')
      return {
        sql: `ora_rowid(${table.id}, ${sqlAlias}."#id")`,
        type: { kind: 'ROWID' },
        form: 'text',
        nullable: false,
      };
    // Oracle knows no ORA_ROWSCN in the past.
    if (name !== 'ORA_ROWSCN' || item.asOf !== null) return null;
    if (!table.rowDependencies) wantsBlocks = true;
    return { sql: `${sqlAlias}."#scn"`, type: NUMBER, form: 'numeric', nullable: true };
  };
  const columns = table.columns.map(({ name, type, nullable }) => ({
    name,
    value: { sql: `${sqlAlias}.${quoteName(name)}`, type, form: formOf(type), nullable },
  }));
  const rows = { table, scn: context.scn, transaction: context.transaction };
  const emit = (): string =>
    `${wantsBlocks ? storedRows(rows, context.blockRows, condition) : liveRows(rows, condition)} ${sqlAlias}`;
  return { sources: [{ name: alias, owner: table.owner, columns, pseudo }], aliases: [sqlAlias], emit };
}

function subselect(
  query: CompiledQuery,
  name: string | null,
  context: Context,
  owner: string | null = null,
): CompiledFrom {
  const alias = context.alias();
  const columns = query.columns.map((column, index) => ({
    name: column.name,
    value: withoutConstant({ ...column.value, sql: `${alias}."c${index}"` }),
  }));
  return { sources: [{ name, owner, columns, pseudo: null }], aliases: [alias], emit: () => `(${query.sql}) ${alias}` };
}

function withoutConstant({ sql, type, form, nullable }: Typed): Typed {
  return { sql, type, form, nullable };
}

function join(
  item: FromItem & { kind: 'join' },
  parent: Scope | null,
  before: readonly Source[],
  context: Context,
): CompiledFrom {
  const left = compileFrom(item.left, parent, before, context);
  const right = compileFrom(item.right, parent, [...before, ...left.sources], context);
  const sources = [...left.sources, ...right.sources];
  const aliases = [...left.aliases, ...right.aliases];
  const how = { INNER: 'JOIN', LEFT: 'LEFT JOIN', RIGHT: 'RIGHT JOIN', FULL: 'FULL JOIN', CROSS: 'CROSS JOIN' }[
    item.how
  ];
  if (item.how === 'CROSS') return { sources, aliases, emit: () => `(${left.emit()} CROSS JOIN ${right.emit()})` };
  const shared = item.using ?? (item.natural ? sharedNames(left.sources, right.sources) : null);
  if (shared !== null) return using(item.how, how, shared, left, right, context);
  const on = context.expression(item.on as Expr, { sources, parent, extra: NO_EXTRA }, context);
  return { sources, aliases, emit: () => `(${left.emit()} ${how} ${right.emit()} ON ${on.sql})` };
}

function sharedNames(left: readonly Source[], right: readonly Source[]): readonly Name[] {
  const visible = (sources: readonly Source[]): readonly string[] =>
    sources.flatMap(({ columns }) => columns.filter(({ hidden }) => hidden !== true).map(({ name }) => name));
  const names = new Set(visible(right));
  return visible(left)
    .filter((name) => names.has(name))
    .map((text) => ({ text, at: 0 }));
}

/** The shared columns appear once, without a qualifier, before all others. */
function using(
  how: string,
  word: string,
  names: readonly Name[],
  left: CompiledFrom,
  right: CompiledFrom,
  context: Context,
): CompiledFrom {
  const find = (sources: readonly Source[], { text, at }: Name): Typed => {
    const found = sources.flatMap(({ columns }) =>
      columns.filter(({ name, hidden }) => name === text && hidden !== true),
    );
    if (found.length !== 1)
      throw new OraError(
        found.length === 0 ? 904 : 918,
        `${JSON.stringify(text)}: ${found.length === 0 ? 'invalid identifier' : 'column ambiguously defined'}`,
        { offset: at },
      );
    return (found[0] as (typeof found)[number]).value;
  };
  const pairs = names.map((name) => ({
    name: name.text,
    left: find(left.sources, name),
    right: find(right.sources, name),
  }));
  const merged = pairs.map((pair) => ({
    name: pair.name,
    value:
      how === 'RIGHT'
        ? pair.right
        : how === 'FULL'
          ? { ...pair.left, sql: `coalesce(${pair.left.sql}, ${pair.right.sql})`, nullable: true }
          : pair.left,
  }));
  const hide = (source: Source): Source => ({
    ...source,
    columns: source.columns.map((column) =>
      names.some(({ text }) => text === column.name) ? { ...column, hidden: true } : column,
    ),
  });
  const on = pairs.map((pair) => compare('=', pair.left, pair.right, context).sql).join(' AND ');
  return {
    sources: [
      { name: null, owner: null, columns: merged, pseudo: null },
      ...left.sources.map(hide),
      ...right.sources.map(hide),
    ],
    aliases: [...left.aliases, ...right.aliases],
    emit: () =>
      pairs.length === 0
        ? `(${left.emit()} CROSS JOIN ${right.emit()})`
        : `(${left.emit()} ${word} ${right.emit()} ON ${on})`,
  };
}

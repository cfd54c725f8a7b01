/** CREATE, DROP, TRUNCATE, ALTER TABLE. Each commits what was open before it and is a commit of its own. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { OraError } from '../../engine.ts';
import type { ColumnDefinition, Name, Partitioning, Statement } from './ast.ts';
import type { Catalog, Partition, StoredColumn, Table } from './catalog.ts';
import { missingTable } from './catalog.ts';
import { compare } from './compare.ts';
import type { Context, Scope } from './context.ts';
import { NO_EXTRA } from './context.ts';
import { convert } from './convert.ts';
import { targetTable } from './dml.ts';
import type { Transactions } from './transactions.ts';
import { formOf, nullOf, quoteName, quoteText, storageOf } from './typed.ts';
import { HIDDEN_COLUMNS, visible } from './versions.ts';

export interface DdlRun {
  readonly context: Context;
  readonly catalog: Catalog;
  readonly connection: DuckDBConnection;
  readonly transactions: Transactions;
}

type Of<K extends Statement['kind']> = Statement & { kind: K };

const ownerOf = (path: readonly Name[], { schema }: Context): string =>
  path.length > 1 ? (path[0]?.text ?? schema) : schema;
const nameOf = (path: readonly Name[]): string => path.at(-1)?.text ?? '';

export async function executeDdl(statement: Statement, run: DdlRun): Promise<void> {
  switch (statement.kind) {
    case 'createTable':
      return createTable(statement, run);
    case 'createView':
      return createView(statement, run);
    case 'createSynonym':
      return createSynonym(statement, run);
    case 'drop':
      return drop(statement, run);
    case 'truncate':
      return truncate(statement, run);
    case 'addColumns':
      return addColumns(statement, run);
    case 'dropColumn':
      return dropColumn(statement, run);
    case 'exchange':
      return exchange(statement, run);
    default:
  }
}

const NO_SCOPE: Scope = { sources: [], parent: null, extra: NO_EXTRA };

const stored = ({ name, type, notNull, default: initial }: ColumnDefinition): StoredColumn => ({
  name: name.text,
  type,
  nullable: !notNull,
  default: initial,
});

async function createTable(
  statement: Of<'createTable'>,
  { context, catalog, connection, transactions }: DdlRun,
): Promise<void> {
  const id = catalog.nextId();
  const query = statement.query === null ? null : context.query(statement.query, context, null);
  const columns: readonly StoredColumn[] =
    query === null
      ? statement.columns.map(stored)
      : query.columns.map(({ name, value }, index) => ({
          name: statement.names?.[index]?.text ?? name,
          type: value.type,
          nullable: true,
          default: null,
        }));
  const doubled = columns.find(({ name }, index) => columns.findIndex((column) => column.name === name) !== index);
  if (doubled !== undefined) throw new OraError(957, `duplicate column name ${doubled.name}`);
  const table: Table = {
    kind: 'table',
    id,
    owner: ownerOf(statement.table, context),
    name: nameOf(statement.table),
    stored: quoteName(`t${id}`),
    columns,
    rowDependencies: statement.rowDependencies,
    temporary: statement.temporary,
    partitions: statement.partitioning === null ? [] : partitionsOf(statement.partitioning, columns, context),
    definedAt: transactions.scn + 1n,
  };
  catalog.add(table);
  try {
    await transactions.change(connection, async (scn) => {
      const list = columns.map(({ name, type }) => `${quoteName(name)} ${storageOf(type)}`).join(', ');
      await connection.run(`CREATE TABLE ${table.stored} (${list}, ${HIDDEN_COLUMNS})`);
      if (query === null) return;
      const values = query.columns.map(
        ({ value }, index) => convert({ ...value, sql: `"#q"."c${index}"` }, value.type, context).sql,
      );
      await connection.run(
        `INSERT INTO ${table.stored} SELECT ${values.join(', ')}, nextval('ora_rows'), ${scn}, NULL, NULL, NULL FROM (${query.sql}) "#q"`,
      );
    });
  } catch (error) {
    catalog.remove(table);
    throw error;
  }
  table.definedAt = transactions.scn;
}

/** Each partition as the condition that its rows meet. */
function partitionsOf(
  { by, column, partitions }: Partitioning,
  columns: readonly StoredColumn[],
  context: Context,
): readonly Partition[] {
  const found = columns.find(({ name }) => name === column.text);
  if (found === undefined)
    throw new OraError(904, `${JSON.stringify(column.text)}: invalid identifier`, { offset: column.at });
  const value = { sql: quoteName(found.name), type: found.type, form: formOf(found.type), nullable: true };
  const scope: Scope = { sources: [], parent: null, extra: NO_EXTRA };
  let below = 'TRUE';
  return partitions.map(({ name, values }) => {
    const any = (values ?? [])
      .map((expr) => compare(by === 'RANGE' ? '<' : '=', value, context.expression(expr, scope, context), context).sql)
      .join(' OR ');
    const condition = values === null ? below : `(${any}) AND ${below}`;
    below = `${below} AND (${any === '' ? 'FALSE' : any}) IS NOT TRUE`;
    return { name, condition };
  });
}

async function createView(
  statement: Of<'createView'>,
  { context, catalog, transactions, connection }: DdlRun,
): Promise<void> {
  const owner = ownerOf(statement.view, context);
  const query = context.query(statement.query, { ...context, schema: owner }, null);
  const names = statement.columns?.map(({ text }) => text) ?? null;
  if (names !== null && names.length !== query.columns.length)
    throw new OraError(1730, 'invalid number of column names specified');
  const columns = query.columns.map(({ name, value }, index) => ({
    name: names?.[index] ?? name,
    type: value.type,
    nullable: value.nullable,
  }));
  await transactions.change(connection, () => {
    catalog.add(
      {
        kind: 'view',
        id: catalog.nextId(),
        owner,
        name: nameOf(statement.view),
        text: statement.text,
        names,
        query: statement.query,
        columns,
      },
      statement.replace,
    );
    return Promise.resolve();
  });
}

async function createSynonym(statement: Of<'createSynonym'>, { context, catalog }: DdlRun): Promise<void> {
  const owner = statement.public ? 'PUBLIC' : ownerOf(statement.synonym, context);
  const target = { owner: ownerOf(statement.target, context), name: nameOf(statement.target) };
  catalog.add(
    { kind: 'synonym', id: catalog.nextId(), owner, name: nameOf(statement.synonym), target, link: statement.link },
    statement.replace,
  );
  await Promise.resolve();
}

async function drop(statement: Of<'drop'>, { context, catalog, connection, transactions }: DdlRun): Promise<void> {
  if (statement.what === 'INDEX') return;
  const owner = statement.public ? 'PUBLIC' : ownerOf(statement.name, context);
  const found = catalog.get(owner, nameOf(statement.name));
  if (found === null || found.kind !== statement.what.toLowerCase()) {
    if (statement.ifExists) return;
    throw statement.what === 'SYNONYM'
      ? new OraError(1434, 'private synonym to be dropped does not exist')
      : missingTable(statement.name);
  }
  await transactions.change(connection, async () => {
    if (found.kind === 'table') await connection.run(`DROP TABLE ${found.stored}`);
    catalog.remove(found);
  });
}

async function truncate(statement: Of<'truncate'>, { context, connection, transactions }: DdlRun): Promise<void> {
  const table = targetTable(statement.table, context);
  await transactions.change(connection, async (scn) => {
    await connection.run(`DELETE FROM ${table.stored}`);
    table.definedAt = scn;
    context.catalog.touch(table);
  });
}

async function addColumns(statement: Of<'addColumns'>, { context, connection, transactions }: DdlRun): Promise<void> {
  const table = targetTable(statement.table, context);
  const columns = statement.columns.map(stored);
  for (const { name } of columns)
    if (table.columns.some((column) => column.name === name))
      throw new OraError(1430, 'column being added already exists in table');
  await transactions.change(connection, async (scn) => {
    for (const column of columns) {
      const initial =
        column.default === null ? nullOf(column.type) : context.expression(column.default, NO_SCOPE, context);
      // Rows that exist get the default; those to come are always written with all their columns.
      const filled = convert(initial, column.type, context).sql;
      await connection.run(
        `ALTER TABLE ${table.stored} ADD COLUMN ${quoteName(column.name)} ${storageOf(column.type)} DEFAULT ${filled}`,
      );
    }
    table.columns = [...table.columns, ...columns];
    table.definedAt = scn;
    context.catalog.touch(table);
  });
}

async function dropColumn(statement: Of<'dropColumn'>, { context, connection, transactions }: DdlRun): Promise<void> {
  const table = targetTable(statement.table, context);
  const { text, at } = statement.column;
  if (!table.columns.some(({ name }) => name === text))
    throw new OraError(904, `${JSON.stringify(text)}: invalid identifier`, { offset: at });
  if (table.columns.length === 1) throw new OraError(12_983, 'cannot drop all columns in a table');
  await transactions.change(connection, async (scn) => {
    await connection.run(`ALTER TABLE ${table.stored} DROP COLUMN ${quoteName(text)}`);
    table.columns = table.columns.filter(({ name }) => name !== text);
    table.definedAt = scn;
    context.catalog.touch(table);
  });
}

/** Swaps the rows of a partition with those of a table, which keep the SCNs they had: no commit of theirs is told. */
async function exchange(statement: Of<'exchange'>, { context, connection, transactions }: DdlRun): Promise<void> {
  const table = targetTable(statement.table, context);
  const other = targetTable(statement.with, context);
  if (table.partitions.length === 0) throw new OraError(14_501, 'object is not partitioned', { offset: statement.at });
  const partition = table.partitions.find(({ name }) => name === statement.partition.text);
  if (partition === undefined)
    throw new OraError(2149, 'Specified partition does not exist', { offset: statement.partition.at });
  const shape = ({ columns }: Table): string => JSON.stringify(columns.map(({ name, type }) => [name, type]));
  if (shape(table) !== shape(other))
    throw new OraError(14_097, 'column type or size mismatch in ALTER TABLE EXCHANGE PARTITION');
  await transactions.change(connection, async (scn) => {
    const now = visible({ scn, transaction: null });
    const stray = `SELECT CASE WHEN EXISTS (SELECT 1 FROM ${other.stored} WHERE ${now} AND (${partition.condition}) IS NOT TRUE) THEN error(${quoteText('ORA-14099: all rows in table do not qualify for specified partition')}) END`;
    await connection.run(stray);
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE "#out" AS SELECT * FROM ${table.stored} WHERE ${now} AND (${partition.condition})`,
    );
    await connection.run(`CREATE OR REPLACE TEMP TABLE "#in" AS SELECT * FROM ${other.stored} WHERE ${now}`);
    await connection.run(`DELETE FROM ${table.stored} WHERE ${partition.condition}`);
    await connection.run(`DELETE FROM ${other.stored}`);
    await connection.run(`INSERT INTO ${table.stored} BY NAME SELECT * FROM "#in"`);
    await connection.run(`INSERT INTO ${other.stored} BY NAME SELECT * FROM "#out"`);
    for (const changed of [table, other]) {
      changed.definedAt = scn;
      context.catalog.touch(changed);
    }
  });
}

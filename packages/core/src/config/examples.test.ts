/** The examples over databases, on real servers: their tables are made as their first lines say, and all statements run. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { replacePlaceholders } from '../sql/index.ts';
import { openMysqlTestDatabase } from '../testing/mysql-database.ts';
import { openPostgresTestDatabase } from '../testing/postgres-database.ts';
import type { SqlDatasetConfig } from './config.ts';
import { loadConfig } from './load.ts';
import { sessionSettings } from './session-settings.ts';

interface TestDatabase {
  readonly connectString: string;
  execute(sql: string): Promise<number>;
  query(sql: string): Promise<readonly (readonly unknown[])[]>;
}

async function run(kind: 'postgres' | 'mysql', database: TestDatabase, prefix: string): Promise<readonly string[]> {
  const text = readFileSync(new URL(`../../../../examples/${kind}.yaml`, import.meta.url), 'utf8');
  const tables = [...text.matchAll(/^# +(create table .*;)$/gm)].map(([, statement = '']) => statement);
  expect(tables).toHaveLength(2);
  for (const table of tables) await database.execute(table);
  const set = kind === 'postgres' ? 'SET' : 'SET SESSION';
  for (const [name, value] of Object.entries(sessionSettings(kind, {})))
    await database.execute(`${set} ${name} = ${/^[0-9]+$/.test(value) ? value : `'${value}'`}`);

  const env = { CONNECT: database.connectString, USER: 'pq_reader', PASSWORD: 'x' };
  const config = loadConfig(text, {
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [`${prefix}_${name}`, value])),
    readFile: () => '',
    path: `/repo/examples/${kind}.yaml`,
  });
  const ran: string[] = [];
  for (const { name, statement, version } of Object.values(config.datasets) as readonly SqlDatasetConfig[]) {
    await database.query(replacePlaceholders(statement.text, () => "'2026-01-01'", kind));
    if (version.kind === 'refresh-key') {
      const rows = await database.query(version.statement);
      expect(rows.map((row) => row.length)).toEqual([1]);
    }
    ran.push(name);
  }
  return ran;
}

it('of Postgres can be asked', async () => {
  await using database = await openPostgresTestDatabase();
  expect(await run('postgres', database, 'SALES')).toEqual(['revenue', 'sales', 'recent', 'catalogue']);
});

it('of MySQL can be asked', async () => {
  await using database = await openMysqlTestDatabase();
  expect(await run('mysql', database, 'SHOP')).toEqual(['revenue', 'orders', 'recent']);
});

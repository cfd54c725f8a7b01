/** The whole source, as a worker uses it: what a load says its version is, and what a probe says afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KEY_FORMAT, type CanonicalRequest, type SqlVersioning } from '../../model/request.ts';
import type { Source } from '../../ports/source.ts';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { connectOptions } from '../../testing/mysql-sessions.ts';
import { mysqlQuestion } from '../../testing/sql-request.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { openMysqlSource } from './index.ts';

let database: MysqlTestDatabase;
let folder: string;
let source: Source;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'pq-mysql-versions-'));
  await database.execute('CREATE TABLE sales (id INT PRIMARY KEY, amount INT)');
  await database.execute('CREATE TABLE loose (id INT PRIMARY KEY, amount INT) ENGINE = Aria');
  await database.execute('INSERT INTO sales SELECT seq, seq FROM seq_1_to_100');
  await database.execute('CREATE VIEW large AS SELECT id FROM sales WHERE amount > 50');
  source = await openMysqlSource({
    ...connectOptions(database),
    pool: { max: 2 },
    randomId: () => 'random',
    chance: () => 0.5,
  });
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function request(sql: string, version: SqlVersioning = { kind: 'table-checksum' }): CanonicalRequest {
  const { asked } = mysqlQuestion(sql, database.database);
  return {
    keyFormat: KEY_FORMAT,
    sourceKind: 'mysql',
    sourceIdentity: 'test',
    question: { ...asked, version, session: connectOptions(database).session },
    columns: null,
    columnTypes: {},
    parquet: { compression: 'zstd', rowGroupRows: 1000 },
  };
}

it('a load has the version that probes find before and after it, and another one after a write', async () => {
  const asked = request('SELECT * FROM large l JOIN sales s ON s.id = l.id');
  const { version, parts, reads } = await source.probe(asked, sourceContext());
  const label = (name: string): string => `${database.database}.${name}`;
  expect(Object.keys(parts).toSorted()).toEqual([label('large'), label('sales')]);
  expect(reads).toEqual({ [label('large')]: [label('sales')] });
  await using snapshot = await source.open(asked, sourceContext());
  const extract = await snapshot.extract({ path: join(folder, 'exact.parquet') });
  expect(extract).toMatchObject({ version, rows: 50, consistency: 'exact' });
  await database.execute('UPDATE sales SET amount = -1 WHERE id = 1');
  expect((await source.probe(asked, sourceContext())).version).not.toBe(version);
});

it.each<[string, SqlVersioning]>([
  ['SELECT * FROM loose', { kind: 'table-checksum' }],
  ['SELECT * FROM sales', { kind: 'ttl' }],
  ['SELECT * FROM sales', { kind: 'refresh-key', statement: 'SELECT MAX(id) FROM sales' }],
])('%s by %o is no more than one state of its rows', async (sql, version) => {
  await using snapshot = await source.open(request(sql, version), sourceContext());
  const path = join(folder, `${version.kind}.parquet`);
  expect((await snapshot.extract({ path })).consistency).toBe('statement');
});

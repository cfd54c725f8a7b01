/** The Postgres source under the contract of all sources, on a real server. */
import { afterAll, beforeAll } from 'vitest';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { sourceContract, type SourceFixture } from '../../testing/source-contract.ts';
import { postgresRequest, type SqlAsk } from '../../testing/sql-request.ts';

const ROWS = 3000;

let database: PostgresTestDatabase;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
  await database.execute('CREATE TABLE sales (id int PRIMARY KEY, revision int)');
  await database.execute(`INSERT INTO sales SELECT n, 0 FROM generate_series(1, ${ROWS}) n`);
  await database.execute('CREATE TABLE names (id int, name text, noted timestamptz)');
  await database.execute(
    `INSERT INTO names SELECT n, 'name ' || n, '2024-02-29 12:34:56.123456Z' FROM generate_series(1, ${ROWS}) n`,
  );
  await database.execute(
    'CREATE VIEW everything AS SELECT s.id, s.revision, n.name, n.noted FROM sales s JOIN names n USING (id)',
  );
  await database.execute('CREATE TABLE parted (id int, revision int) PARTITION BY RANGE (id)');
  await database.execute('CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (1000)');
  await database.execute('CREATE TABLE parted_high PARTITION OF parted FOR VALUES FROM (1000) TO (10000)');
  await database.execute(`INSERT INTO parted SELECT n, 0 FROM generate_series(1, ${ROWS}) n`);
});

afterAll(() => database[Symbol.asyncDispose]());

async function fixture(
  sql: string,
  { table = 'sales', ...ask }: SqlAsk & { table?: string } = {},
): Promise<SourceFixture> {
  const source = await database.source();
  return {
    source,
    request: postgresRequest(sql, ask),
    missing: { request: postgresRequest('SELECT * FROM missing'), code: 'PQ_SOURCE_REJECTED' },
    rows: ROWS,
    // A transaction's number never comes back.
    versionsRecur: false,
    async write(revision) {
      await database.execute(`UPDATE ${table} SET revision = ${revision}`);
    },
    async leftovers() {
      const { rows } = await database.admin.query<{ query: string }>(
        `SELECT query FROM pg_stat_activity
         WHERE usename = '${database.user}' AND application_name LIKE 'parqueue%' AND state <> 'idle'`,
      );
      return rows.map(({ query }) => query);
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

sourceContract('a Postgres table', () => fixture('SELECT id, revision FROM sales ORDER BY id'));

sourceContract('a Postgres join with instants', () =>
  fixture('SELECT s.id, s.revision, n.name, n.noted FROM sales s, names n WHERE n.id = s.id ORDER BY s.id'),
);

sourceContract('a Postgres view', () => fixture('SELECT name, revision FROM everything ORDER BY id'));

sourceContract('a partitioned Postgres table by several sessions', () =>
  fixture('SELECT id, revision FROM parted ORDER BY id', { table: 'parted', split: { column: 'id', into: 3 } }),
);

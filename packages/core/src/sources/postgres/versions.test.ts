/** When the version of tables changes, and when it does not: on a real server, one change at a time. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { openPostgresTransaction, postgresVersion } from '../../testing/postgres-transactions.ts';
import { postgresQuestion } from '../../testing/sql-request.ts';
import type { PostgresSession } from './driver.ts';

let database: PostgresTestDatabase;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  await database.execute(`
    DROP SCHEMA public CASCADE; CREATE SCHEMA public;
    CREATE TABLE sales (id int PRIMARY KEY, region int, amount numeric(12,2));
    CREATE TABLE regions (id int PRIMARY KEY, name text);
    INSERT INTO sales SELECT g, g % 4, g / 4.0 FROM generate_series(1, 100) g;
    INSERT INTO regions SELECT g, 'region ' || g FROM generate_series(0, 3) g`);
});

const version = (sql: string): Promise<string> => postgresVersion(database, sql);

/** What `change` makes of the version of `sql`. */
async function afterwards(sql: string, change: () => Promise<unknown>): Promise<'same' | 'other'> {
  const before = await version(sql);
  expect(await version(sql)).toBe(before);
  await change();
  return (await version(sql)) === before ? 'same' : 'other';
}

const all = 'SELECT * FROM sales';

describe('the version of a table', () => {
  it('is its count, a digest of its rows, and a digest of what shows them', async () => {
    expect(await version(all)).toMatch(/^row-version:public\.sales=100@[0-9a-f]{16}\/[0-9a-f]{12}$/);
    await database.execute('DELETE FROM sales');
    expect(await version(all)).toMatch(/^row-version:public\.sales=0@0{16}\/[0-9a-f]{12}$/);
  });

  it.each([
    ['an update', 'UPDATE sales SET amount = amount + 1 WHERE id = 50'],
    ['an update that changes nothing', 'UPDATE sales SET amount = amount WHERE id = 50'],
    ['an insert', 'INSERT INTO sales VALUES (101, 1, 1)'],
    ['a delete of any row', 'DELETE FROM sales WHERE id = 1'],
    ['a truncate', 'TRUNCATE sales'],
    [
      'a delete and an insert that leave the count as it was',
      'DELETE FROM sales WHERE id = 7; INSERT INTO sales VALUES (7, 3, 1.75)',
    ],
    [
      'a truncate and an insert of the same rows',
      'TRUNCATE sales; INSERT INTO sales SELECT g, g % 4, g / 4.0 FROM generate_series(1, 100) g',
    ],
    [
      'a column that is added with a default, which touches no row',
      'ALTER TABLE sales ADD COLUMN currency text DEFAULT $$EUR$$',
    ],
    ['a column that is renamed', 'ALTER TABLE sales RENAME COLUMN amount TO total'],
    [
      'a column that is renamed and renamed back',
      'ALTER TABLE sales RENAME COLUMN amount TO x; ALTER TABLE sales RENAME COLUMN x TO amount',
    ],
    ['a column that is dropped', 'ALTER TABLE sales DROP COLUMN amount'],
    ['a column whose type changes', 'ALTER TABLE sales ALTER COLUMN id TYPE bigint'],
    [
      'dropping and making it again',
      'DROP TABLE sales; CREATE TABLE sales (id int); INSERT INTO sales SELECT g FROM generate_series(1, 100) g',
    ],
  ])('changes with %s', async (_, change) => {
    expect(await afterwards(all, () => database.execute(change))).toBe('other');
  });

  it.each([
    ['nothing', 'SELECT 1'],
    ['ANALYZE', 'ANALYZE sales'],
    ['VACUUM', 'VACUUM sales'],
    ['VACUUM FREEZE', 'VACUUM (FREEZE) sales'],
    ['an index', 'CREATE INDEX ON sales (region)'],
    ['row locks', 'SELECT * FROM sales FOR UPDATE'],
    ['writes that are rolled back', 'BEGIN; UPDATE sales SET amount = 0; ROLLBACK'],
    [
      'writes of a savepoint that are rolled back',
      'BEGIN; SAVEPOINT a; UPDATE sales SET amount = 0; ROLLBACK TO a; COMMIT',
    ],
    ['writes to another table', 'UPDATE regions SET name = name'],
  ])('does not change with %s', async (_, change) => {
    expect(await afterwards(all, () => database.execute(change))).toBe('same');
  });
});

describe('transactions', () => {
  it('that commit in another order than they began are seen, each when it commits', async () => {
    const [older, younger] = await Promise.all([database.connect(), database.connect()]);
    await older.query('BEGIN');
    await older.query('INSERT INTO sales VALUES (1001, 1, 1)');
    await younger.query('BEGIN');
    await younger.query('INSERT INTO sales VALUES (1002, 1, 1)');
    const before = await version(all);
    await younger.query('COMMIT');
    const between = await version(all);
    // What MAX(xmin) would not see: the newest transaction was there already. The count is made what it was.
    await older.query('DELETE FROM sales WHERE id = 1');
    await older.query('COMMIT');
    const after = await version(all);
    expect(new Set([before, between, after]).size).toBe(3);
    expect([between, after].map((text) => text.replace(/^.*=([0-9]+)@.*$/, '$1'))).toEqual(['101', '101']);
  });

  it('of savepoints are seen, as far as they were not rolled back', async () => {
    const change =
      'BEGIN; SAVEPOINT a; UPDATE sales SET amount = 0 WHERE id = 1; RELEASE a; SAVEPOINT b; DELETE FROM sales; ROLLBACK TO b; COMMIT';
    expect(await afterwards(all, () => database.execute(change))).toBe('other');
    expect(await version(all)).toContain('=100@');
  });

  it('that were prepared are seen when they commit, and never when they do not', async () => {
    await database.execute("BEGIN; UPDATE sales SET amount = 1 WHERE id = 1; PREPARE TRANSACTION 'pq_a'");
    await database.execute("BEGIN; UPDATE sales SET amount = 1 WHERE id = 2; PREPARE TRANSACTION 'pq_b'");
    const before = await version(all);
    await database.execute("ROLLBACK PREPARED 'pq_b'");
    expect(await version(all)).toBe(before);
    await database.execute("COMMIT PREPARED 'pq_a'");
    expect(await version(all)).not.toBe(before);
  });
});

describe('other ways to put rows into a table', () => {
  it('COPY FREEZE shows its rows to every snapshot, and is a change', async () => {
    const fill = "TRUNCATE sales; COPY sales (id) FROM PROGRAM 'seq 1 100' WITH (FREEZE)";
    const frozen = (): Promise<unknown> => database.admin.query(`BEGIN; ${fill}; COMMIT`);
    expect(await afterwards(all, frozen)).toBe('other');
    expect(await afterwards(all, frozen)).toBe('other');
    expect(await version(all)).toContain('=100@');
  });

  it.each([
    ['VACUUM FULL', 'VACUUM FULL sales'],
    ['CLUSTER', 'CLUSTER sales USING sales_pkey'],
  ])('%s moves rows: at worst a load too many, and only once', async (_, change) => {
    await database.execute('DELETE FROM sales WHERE id < 10');
    expect(await afterwards(all, () => database.execute(change))).toBe('other');
    expect(await afterwards(all, () => database.execute(change))).toBe('same');
  });

  it('an unlogged table has a version like any other', async () => {
    await database.execute('CREATE UNLOGGED TABLE events (id int); INSERT INTO events VALUES (1)');
    expect(await afterwards('SELECT * FROM events', () => database.execute('UPDATE events SET id = 2'))).toBe('other');
  });

  it('a materialized view changes when it is refreshed, and concurrently only if its rows do', async () => {
    await database.execute(`CREATE MATERIALIZED VIEW totals AS SELECT region, sum(amount) AS total FROM sales GROUP BY region;
      CREATE UNIQUE INDEX ON totals (region)`);
    const totals = 'SELECT * FROM totals';
    expect(await afterwards(totals, () => database.execute('INSERT INTO sales VALUES (1000, 1, 1)'))).toBe('same');
    expect(await afterwards(totals, () => database.execute('REFRESH MATERIALIZED VIEW CONCURRENTLY totals'))).toBe(
      'other',
    );
    expect(await afterwards(totals, () => database.execute('REFRESH MATERIALIZED VIEW CONCURRENTLY totals'))).toBe(
      'same',
    );
    expect(await afterwards(totals, () => database.execute('REFRESH MATERIALIZED VIEW totals'))).toBe('other');
  });
});

describe('what the same rows are shown by', () => {
  it('another cluster, and one that was promoted, are others: numbers of transactions are given anew there', async () => {
    const asked = async (cluster: string | null): Promise<string | undefined> => {
      await using transaction = await openPostgresTransaction(database);
      await transaction.begin();
      const { session, tables } = transaction;
      const query = async (sql: string, values?: readonly (string | null)[]): Promise<unknown> => {
        const rows = await session.call((connection) => connection.query(sql, values));
        return cluster !== null && sql.includes('pg_control_system') ? [[cluster]] : rows;
      };
      const elsewhere = { call: async (work: (connection: unknown) => unknown) => await work({ query }) };
      const { parts } = await tables.askTables(elsewhere as unknown as PostgresSession, postgresQuestion(all), {});
      return parts['public.sales']?.version;
    };
    const here = await asked(null);
    expect(await version(all)).toBe(`row-version:public.sales=${here}`);
    const versions = [here, await asked('7/00000001'), await asked('7/00000002'), await asked('8/00000001')];
    expect(new Set(versions).size).toBe(versions.length);
    // The rows are the same ones.
    expect(new Set(versions.map((told) => told?.split('/')[0])).size).toBe(1);
  });

  it('money counts its digits by a setting that belongs to the version', async () => {
    const { user } = database;
    const change = () => database.admin.query(`ALTER ROLE ${user} SET lc_monetary = 'POSIX'`);
    expect(await afterwards(all, change)).toBe('other');
    await database.admin.query(`ALTER ROLE ${user} RESET lc_monetary`);
  });
});

describe('types of columns', () => {
  it('that are enums change the version with their labels', async () => {
    await database.execute(`CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN moods AS mood[];
      CREATE TABLE people (m mood); CREATE TABLE crowds (m moods); CREATE TYPE pair AS (a int, m mood); CREATE TABLE pairs (p pair)`);
    for (const table of ['people', 'crowds', 'pairs']) {
      const sql = `SELECT * FROM ${table}`;
      expect(await afterwards(sql, () => database.execute("ALTER TYPE mood RENAME VALUE 'glad' TO 'happy'"))).toBe(
        'other',
      );
      await database.execute("ALTER TYPE mood RENAME VALUE 'happy' TO 'glad'");
    }
    expect(await afterwards(all, () => database.execute("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"))).toBe('same');
  });
});

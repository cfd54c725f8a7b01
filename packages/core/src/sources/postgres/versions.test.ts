/** When the version of tables changes, and when it does not: on a real server, one change at a time. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { openTransaction, postgresQuestion, postgresVersion } from '../../testing/postgres-transactions.ts';

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

/**
 * What is not bound to snapshots: files that are put in place of a table's, names that come to mean another table,
 * partitions attached. Each happens at the worst moment, between the steps of one transaction, and must be noticed.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { openPostgresTransaction } from '../../testing/postgres-transactions.ts';
import { postgresQuestion } from '../../testing/sql-request.ts';
import { faultKindOf } from '../sql/faults.ts';
import { ask } from './query.ts';

let database: PostgresTestDatabase;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  await database.execute(`
    DROP SCHEMA public CASCADE; CREATE SCHEMA public;
    CREATE TABLE sales (id int PRIMARY KEY);
    INSERT INTO sales SELECT generate_series(1, 100);
    CREATE TABLE events (id int) PARTITION BY RANGE (id);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (100);
    CREATE TABLE late (id int);
    INSERT INTO late SELECT generate_series(100, 109)`);
});

/** The kind of fault that a change between the snapshot and the questions comes to; null: none. */
async function between(sql: string, change: string): Promise<string | null> {
  await using transaction = await openPostgresTransaction(database);
  await transaction.begin();
  await database.execute(change);
  try {
    await transaction.ask(postgresQuestion(sql));
    return null;
  } catch (error) {
    return faultKindOf(error);
  }
}

describe('between the snapshot and the first lock', () => {
  it.each([
    ['a truncate', 'SELECT * FROM sales', 'TRUNCATE sales'],
    ['a truncate of a table below a view', 'SELECT * FROM v', 'CREATE VIEW v AS SELECT * FROM sales; TRUNCATE sales'],
    ['VACUUM FULL', 'SELECT * FROM sales', 'VACUUM FULL sales'],
    ['an ALTER TABLE that rewrites', 'SELECT * FROM sales', 'ALTER TABLE sales ALTER COLUMN id TYPE bigint'],
    [
      'another table under the same name',
      'SELECT * FROM sales',
      'ALTER TABLE sales RENAME TO old; CREATE TABLE sales (id int)',
    ],
    [
      'tables that change their names',
      'SELECT * FROM sales',
      'ALTER TABLE sales RENAME TO x; ALTER TABLE late RENAME TO sales; ALTER TABLE x RENAME TO late',
    ],
    ['a truncate of a partition', 'SELECT * FROM events', 'TRUNCATE events_1'],
  ])('%s loses the snapshot', async (_, sql, change) => {
    expect(await between(sql, change)).toBe('snapshot-lost');
  });

  it.each([
    ['writes', 'UPDATE sales SET id = id + 1000'],
    ['VACUUM', 'VACUUM (FREEZE) sales'],
    ['an index', 'CREATE INDEX ON sales (id)'],
  ])('%s do not', async (_, change) => {
    expect(await between('SELECT * FROM sales', change)).toBeNull();
  });

  it('a truncate shows the new file to an old snapshot: that is why', async () => {
    await using transaction = await openPostgresTransaction(database);
    await transaction.begin();
    await database.execute('TRUNCATE sales');
    expect(await ask(transaction.session, 'SELECT count(*) FROM sales')).toEqual([['0']]);
  });
});

describe('after the version was asked', () => {
  it.each([
    ['TRUNCATE sales'],
    ['VACUUM FULL sales'],
    ['ALTER TABLE sales ADD COLUMN more int'],
    ['DROP TABLE sales'],
    ['CREATE OR REPLACE VIEW v AS SELECT 1 AS id'],
    ['ALTER TABLE events DETACH PARTITION events_1'],
    ['DROP TABLE events_1'],
  ])('%s waits for the end of the transaction', async (change) => {
    await database.execute('CREATE VIEW v AS SELECT * FROM sales');
    await using transaction = await openPostgresTransaction(database);
    await transaction.begin();
    await transaction.ask(postgresQuestion('SELECT v.id FROM v, events'));
    const other = await database.connect();
    await other.query('SET lock_timeout = 50');
    await expect(other.query(change)).rejects.toMatchObject({ code: '55P03' });
  });

  it('a partition that is attached is noticed after the last row, and cannot go before', async () => {
    const question = postgresQuestion('SELECT * FROM events');
    await using transaction = await openPostgresTransaction(database);
    await transaction.begin();
    await transaction.ask(question);
    await transaction.tables.confirm(transaction.session, question);
    await database.execute('ALTER TABLE events ATTACH PARTITION late FOR VALUES FROM (100) TO (200)');
    // Rows that were there before the snapshot, which the version knows nothing of.
    expect(await ask(transaction.session, 'SELECT count(*) FROM events')).toEqual([['10']]);
    const other = await database.connect();
    await other.query('SET lock_timeout = 50');
    await expect(other.query('ALTER TABLE events DETACH PARTITION late')).rejects.toMatchObject({ code: '55P03' });
    await expect(transaction.tables.confirm(transaction.session, question)).rejects.toSatisfy(
      (error) => faultKindOf(error) === 'snapshot-lost',
    );
  });

  it('a table that begins to inherit is noticed after the last row', async () => {
    const question = postgresQuestion('SELECT * FROM sales');
    await using transaction = await openPostgresTransaction(database);
    await transaction.begin();
    await transaction.ask(question);
    await database.execute('ALTER TABLE late ALTER COLUMN id SET NOT NULL; ALTER TABLE late INHERIT sales');
    await expect(transaction.tables.confirm(transaction.session, question)).rejects.toSatisfy(
      (error) => faultKindOf(error) === 'snapshot-lost',
    );
  });
});

describe('a load whose version looks at no table', () => {
  it('is of one state all the same', async () => {
    const read = postgresQuestion('SELECT * FROM sales');
    const question = { ...read, asked: { ...read.asked, version: { kind: 'ttl' } as const } };
    await using transaction = await openPostgresTransaction(database);
    await transaction.begin();
    await database.execute('TRUNCATE sales');
    await expect(transaction.tables.confirm(transaction.session, question)).rejects.toSatisfy(
      (error) => faultKindOf(error) === 'snapshot-lost',
    );
  });
});

/** What stands behind a name: views, partitions, children, functions; and that the version is that of all of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { openPostgresTransaction, postgresVersion } from '../../testing/postgres-transactions.ts';
import { postgresQuestion } from '../../testing/sql-request.ts';

let database: PostgresTestDatabase;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  await database.execute(`
    DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC;
    CREATE TABLE sales (id int PRIMARY KEY, region int, amount numeric(12,2));
    CREATE TABLE regions (id int PRIMARY KEY, name text);
    INSERT INTO sales SELECT g, g % 4, g / 4.0 FROM generate_series(1, 100) g;
    INSERT INTO regions SELECT g, 'region ' || g FROM generate_series(0, 3) g`);
});

const version = (sql: string): Promise<string> => postgresVersion(database, sql);

async function afterwards(sql: string, change: string): Promise<'same' | 'other'> {
  const before = await version(sql);
  expect(await version(sql)).toBe(before);
  await database.execute(change);
  return (await version(sql)) === before ? 'same' : 'other';
}

async function asked(sql: string): ReturnType<Awaited<ReturnType<typeof openPostgresTransaction>>['ask']> {
  await using transaction = await openPostgresTransaction(database);
  await transaction.begin();
  return await transaction.ask(postgresQuestion(sql));
}

describe('a view', () => {
  const view = 'SELECT * FROM named';

  beforeEach(async () => {
    await database.execute(`
      CREATE VIEW plain AS SELECT id, region FROM sales WHERE id < 1000;
      CREATE VIEW named AS SELECT p.id, r.name FROM plain p LEFT JOIN regions r ON r.id = p.region`);
  });

  it('is at the versions of the tables behind it, and tells which they are', async () => {
    const { parts, reads, tables } = await asked(view);
    expect(parts['public.named']?.version).toMatch(
      /^public\.regions=4@[0-9a-f]{16},public\.sales=100@[0-9a-f]{16}\/[0-9a-f]{12}$/,
    );
    expect(reads).toEqual({ 'public.named': ['public.regions', 'public.sales'] });
    expect(tables.map(({ name }) => name)).toEqual(['public.regions', 'public.sales']);
  });

  it.each([
    ['a table below it', "UPDATE regions SET name = 'other' WHERE id = 1", 'other'],
    [
      'its definition',
      'CREATE OR REPLACE VIEW named AS SELECT p.id, r.name FROM plain p JOIN regions r ON r.id = p.region',
      'other',
    ],
    [
      'the definition of a view below it',
      'CREATE OR REPLACE VIEW plain AS SELECT id, region FROM sales WHERE id < 50',
      'other',
    ],
    ['a column of its own that is renamed', 'ALTER VIEW named RENAME COLUMN name TO title', 'other'],
    [
      'a definition that is changed and changed back',
      'CREATE OR REPLACE VIEW plain AS SELECT id, region FROM sales WHERE id < 50; CREATE OR REPLACE VIEW plain AS SELECT id, region FROM sales WHERE id < 1000',
      'other',
    ],
    ['another table', 'CREATE TABLE t (a int)', 'same'],
  ])('and %s', async (_, change, expected) => {
    expect(await afterwards(view, change)).toBe(expected);
  });

  it('whose join adds nothing is that of the tables it needs, and statements may use the join', async () => {
    await database.execute('CREATE VIEW slim AS SELECT s.* FROM sales s LEFT JOIN regions r ON r.id = s.region');
    const { reads } = await asked('SELECT x.id FROM sales x LEFT JOIN slim y ON y.id = x.id + 1 WHERE y.id IS NULL');
    expect(reads['public.slim']).toContain('public.sales');
    // The index that proved it is gone.
    expect(await afterwards('SELECT * FROM slim', 'ALTER TABLE regions DROP CONSTRAINT regions_pkey CASCADE')).toBe(
      'other',
    );
  });

  it('that calls a function which is IMMUTABLE is another one when the function is', async () => {
    const rate = (factor: number): string =>
      `CREATE OR REPLACE FUNCTION rate(n numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN n * ${factor}; END'`;
    await database.execute(`${rate(2)}; CREATE VIEW rated AS SELECT rate(amount) FROM sales`);
    expect(await afterwards('SELECT * FROM rated', rate(3))).toBe('other');
  });
});

describe('a partitioned table', () => {
  const all = 'SELECT * FROM events';

  beforeEach(async () => {
    await database.execute(`
      CREATE TABLE events (id int, at int) PARTITION BY RANGE (at);
      CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (100);
      CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (100) TO (200) PARTITION BY LIST (id);
      CREATE TABLE events_2_a PARTITION OF events_2 DEFAULT;
      INSERT INTO events SELECT g, g % 200 FROM generate_series(0, 399) g`);
  });

  it('is one table to whoever asks, with all its partitions', async () => {
    const { parts, reads, tables } = await asked(all);
    expect(parts['public.events']?.version).toMatch(/^400@[0-9a-f]{16}\/[0-9a-f]{12}$/);
    expect(tables.map(({ name }) => name)).toEqual(['public.events']);
    expect(reads['public.events']).toEqual([
      'public.events',
      'public.events_1',
      'public.events_2',
      'public.events_2_a',
    ]);
  });

  it.each([
    ['a row of a partition', 'UPDATE events_2_a SET id = id + 1 WHERE at = 150', 'other'],
    ['a row that moves to another partition', 'UPDATE events SET at = 1 WHERE at = 150', 'other'],
    ['a partition that is truncated', 'TRUNCATE events_1', 'other'],
    ['a partition that is detached', 'ALTER TABLE events DETACH PARTITION events_1', 'other'],
    ['a partition that is dropped', 'DROP TABLE events_1', 'other'],
    [
      'a partition with rows that is attached',
      'CREATE TABLE p AS SELECT g AS id, 200 + g AS at FROM generate_series(0, 9) g; ALTER TABLE events ATTACH PARTITION p FOR VALUES FROM (200) TO (300)',
      'other',
    ],
  ])('and %s', async (_, change, expected) => {
    expect(await afterwards(all, change)).toBe(expected);
  });

  it('may be read by who may read nothing but the parent', async () => {
    const other = await database.createUser();
    await database.execute(`GRANT SELECT ON events TO ${other.user}`);
    expect(await postgresVersion({ ...database, ...other }, all)).toBe(await version(all));
  });

  it('of which a view needs some partitions is asked for those', async () => {
    await database.execute('CREATE VIEW recent AS SELECT * FROM events WHERE at >= 100');
    expect((await asked('SELECT * FROM recent')).tables.map(({ name }) => name)).toEqual(['public.events_2_a']);
    expect(await afterwards('SELECT * FROM recent', 'UPDATE events_1 SET id = 1')).toBe('same');
    expect(await afterwards('SELECT * FROM recent', 'UPDATE events_2_a SET id = 1')).toBe('other');
  });

  it('is whole as a part, whatever the statement leaves out of it', async () => {
    expect(await afterwards('SELECT * FROM events WHERE at >= 100', 'UPDATE events_1 SET id = 1')).toBe('other');
    expect(await afterwards('SELECT * FROM events WHERE 1 = 2', 'UPDATE events_1 SET id = 2')).toBe('other');
  });
});

describe('a table that others inherit from', () => {
  beforeEach(async () => {
    await database.execute(`CREATE TABLE base (id int); CREATE TABLE child (more int) INHERITS (base);
      INSERT INTO base VALUES (1); INSERT INTO child VALUES (2, 2)`);
  });

  it.each([
    ['SELECT * FROM base', 'UPDATE child SET id = 3', 'other'],
    ['SELECT * FROM base', 'UPDATE base SET id = 3', 'other'],
    ['SELECT * FROM base', 'ALTER TABLE child NO INHERIT base', 'other'],
    ['SELECT * FROM child', 'UPDATE ONLY base SET id = 3', 'same'],
  ])('%s: %s', async (sql, change, expected) => {
    expect(await afterwards(sql, change)).toBe(expected);
  });

  it('is read without them by a view that says ONLY', async () => {
    await database.execute('CREATE VIEW alone AS SELECT * FROM ONLY base');
    expect(await afterwards('SELECT * FROM alone', 'UPDATE child SET id = 5')).toBe('same');
    expect(await afterwards('SELECT * FROM alone', 'UPDATE ONLY base SET id = 5')).toBe('other');
  });
});

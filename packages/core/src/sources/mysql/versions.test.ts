/** When the version of a statement changes, and when it does not: on a real server, one change at a time. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { mysqlVersion, openMysqlTransaction, versionOf } from '../../testing/mysql-transactions.ts';
import { ask } from './query.ts';

let database: MysqlTestDatabase;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const ROWS = 'SELECT seq, seq MOD 4, seq / 4, CONCAT(seq, " é") FROM seq_1_to_100';

beforeEach(async () => {
  for (const view of ['outside', 'inside', 'other']) await database.execute(`DROP VIEW IF EXISTS ${view}`);
  for (const table of ['sales', 'regions', 'spare']) await database.execute(`DROP TABLE IF EXISTS ${table}`);
  await database.execute(
    'CREATE TABLE sales (id INT PRIMARY KEY, region INT, amount DECIMAL(12,2), note VARCHAR(40), seen TIMESTAMP(6) NULL)',
  );
  await database.execute('CREATE TABLE regions (id INT PRIMARY KEY, name TEXT)');
  await database.execute(`INSERT INTO sales (id, region, amount, note) ${ROWS}`);
  await database.execute("UPDATE sales SET seen = '2024-03-31 01:30:00.000001'");
  await database.execute("INSERT INTO regions SELECT seq, CONCAT('region ', seq) FROM seq_0_to_3");
});

const version = (sql: string): Promise<string> => mysqlVersion(database, sql);

/** What `change` makes of the version of `sql`. */
async function afterwards(sql: string, ...changes: readonly string[]): Promise<'same' | 'other'> {
  const before = await version(sql);
  expect(await version(sql)).toBe(before);
  for (const change of changes) await database.execute(change);
  return (await version(sql)) === before ? 'same' : 'other';
}

const all = 'SELECT * FROM sales';

describe('the version of a table', () => {
  it('is its count, the sum of its rows, and a digest of its structure', async () => {
    const label = `${database.database}.sales`;
    expect(await version(all)).toMatch(new RegExp(`^table-checksum:${label}=100@[0-9a-f]{16}\\.[0-9a-f]{12}$`));
  });

  it.each([
    ['an update', ['UPDATE sales SET amount = amount + 1 WHERE id = 50']],
    ['an insert', ['INSERT INTO sales (id) VALUES (101)']],
    ['a delete', ['DELETE FROM sales WHERE id = 1']],
    ['a truncate', ['TRUNCATE TABLE sales']],
    [
      'letters that become upper case, which the collation calls equal',
      ['UPDATE sales SET note = UPPER(note) WHERE id = 1'],
    ],
    ['a blank at the end', ["UPDATE sales SET note = CONCAT(note, ' ') WHERE id = 1"]],
    ['a microsecond', ['UPDATE sales SET seen = seen + INTERVAL 1 MICROSECOND WHERE id = 9']],
    ['a column more', ['ALTER TABLE sales ADD COLUMN more INT']],
    ['a column less', ['ALTER TABLE sales DROP COLUMN note']],
    ['columns in another order', ['ALTER TABLE sales MODIFY note VARCHAR(40) FIRST']],
    ['a column with another name', ['ALTER TABLE sales RENAME COLUMN note TO remark']],
    ['another type for the same values', ['ALTER TABLE sales MODIFY id BIGINT']],
    ['another collation', ['ALTER TABLE sales MODIFY note VARCHAR(40) COLLATE utf8mb4_bin']],
    ['another character set', ['ALTER TABLE sales MODIFY note VARCHAR(40) CHARACTER SET latin1']],
    ['a column that becomes invisible', ['ALTER TABLE sales MODIFY note VARCHAR(40) INVISIBLE']],
    ['partitions', ['ALTER TABLE sales PARTITION BY HASH(id) PARTITIONS 4']],
    ['another table of the same name', ['DROP TABLE sales', 'CREATE TABLE sales (id INT)']],
  ])('changes by %s', async (_, changes) => {
    expect(await afterwards(all, ...changes)).toBe('other');
  });

  it.each([
    ['OPTIMIZE TABLE', ['OPTIMIZE TABLE sales']],
    ['rows that are stored anew', ['ALTER TABLE sales FORCE']],
    ['another engine', ['ALTER TABLE sales ENGINE = Aria']],
    ['another row format', ['ALTER TABLE sales ROW_FORMAT = COMPRESSED']],
    ['an index', ['CREATE INDEX by_note ON sales (note)']],
    ['rows in another order', ['ALTER TABLE sales DROP PRIMARY KEY, ORDER BY amount DESC']],
    ['an update and its reverse', ['UPDATE sales SET amount = amount + 1', 'UPDATE sales SET amount = amount - 1']],
    ['another table', ['DELETE FROM regions']],
  ])('does not change by %s', async (name, changes) => {
    // A key column becomes a plain one, which is NOT NULL still.
    expect(await afterwards(all, ...changes), name).toBe('same');
  });

  it('changes with the members of an ENUM, though no row does, and with its values', async () => {
    await database.execute("ALTER TABLE sales ADD COLUMN size ENUM('s', 'm', 'l') NOT NULL");
    expect(await afterwards(all, "ALTER TABLE sales MODIFY size ENUM('m', 's', 'l') NOT NULL")).toBe('other');
    expect(await afterwards(all, "UPDATE sales SET size = 'l' WHERE id = 3")).toBe('other');
  });

  it('changes with a partition that another table was exchanged for, of as many rows', async () => {
    await database.execute('ALTER TABLE sales PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (1000))');
    await database.execute('CREATE TABLE spare LIKE sales');
    await database.execute('ALTER TABLE spare REMOVE PARTITIONING');
    await database.execute(`INSERT INTO spare (id, region, amount, note) ${ROWS}`);
    expect(await afterwards(all, 'ALTER TABLE sales EXCHANGE PARTITION p WITH TABLE spare')).toBe('other');
    expect(
      await afterwards(
        all,
        'ALTER TABLE sales REORGANIZE PARTITION p INTO (PARTITION q VALUES LESS THAN (50), PARTITION r VALUES LESS THAN (1000))',
      ),
    ).toBe('other');
  });

  it("is the same on every connection, whatever the session's settings", async () => {
    const first = await version(all);
    for (const setting of [
      "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,HIGH_NOT_PRECEDENCE'",
      "sql_mode = 'EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH,REAL_AS_FLOAT'",
      "time_zone = '-11:00'",
      'group_concat_max_len = 4',
      'div_precision_increment = 0',
      "lc_time_names = 'de_DE'",
      'collation_connection = latin1_german1_ci',
    ]) {
      await using transaction = await openMysqlTransaction(database);
      await transaction.begin();
      const asked = await transaction.ask(all);
      await ask(transaction.session, `SET SESSION ${setting}`);
      expect(versionOf(await transaction.ask(all)), setting).toBe(first);
      expect(versionOf(asked), setting).toBe(first);
    }
  });

  it('is asked once, however many parts stand for the table', async () => {
    await database.execute('CREATE VIEW inside AS SELECT id FROM sales');
    await using transaction = await openMysqlTransaction(database);
    await transaction.begin();
    const asked = await transaction.ask('SELECT * FROM inside JOIN sales USING (id)');
    const label = (name: string): string => `${database.database}.${name}`;
    expect(asked.tables.map(({ name }) => name)).toEqual([label('sales')]);
    expect(asked.reads).toEqual({ [label('inside')]: [label('sales')] });
    expect(Object.keys(asked.parts).toSorted()).toEqual([label('inside'), label('sales')]);
  });

  it('is not asked where it is known', async () => {
    await using transaction = await openMysqlTransaction(database);
    await transaction.begin();
    const known = { [`${database.database}.sales`]: 'known' };
    const { parts } = await transaction.ask('SELECT * FROM sales, regions', {}, known);
    expect(Object.keys(parts)).toEqual([`${database.database}.regions`]);
  });
});

describe('the version of a view', () => {
  beforeEach(async () => {
    await database.execute('CREATE VIEW inside AS SELECT id, region, amount FROM sales WHERE amount > 3');
    await database.execute(
      'CREATE VIEW outside AS SELECT r.name, COUNT(*) n, SUM(i.amount) a FROM inside i JOIN regions r ON r.id = i.region GROUP BY r.name',
    );
  });

  const sql = 'SELECT * FROM outside';

  it.each([
    ['a table below it', ['UPDATE sales SET amount = 77 WHERE id = 60']],
    ['another table below it', ["UPDATE regions SET name = 'x' WHERE id = 1"]],
    ['its definition', ['CREATE OR REPLACE VIEW outside AS SELECT name, 1 n, 2 a FROM regions']],
    ['the definition of a view below it', ['CREATE OR REPLACE VIEW inside AS SELECT id, region, amount FROM sales']],
    ['the name of a column', ['CREATE OR REPLACE VIEW outside (x, n, a) AS SELECT name, 1, 2 FROM regions']],
    [
      'a table in place of a view below it',
      ['DROP VIEW inside', 'CREATE TABLE inside AS SELECT id, region, amount FROM sales WHERE amount > 3'],
    ],
  ])('changes by %s', async (name, changes) => {
    expect(await afterwards(sql, ...changes)).toBe('other');
    if (name.startsWith('a table in place')) await database.execute('DROP TABLE inside');
  });

  it('does not change by another view, nor by being made again as it was', async () => {
    expect(
      await afterwards(
        sql,
        'CREATE VIEW other AS SELECT * FROM sales',
        'CREATE OR REPLACE VIEW inside AS SELECT id, region, amount FROM sales WHERE amount > 3',
      ),
    ).toBe('same');
  });
});

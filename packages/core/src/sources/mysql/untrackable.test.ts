/** What has no version, and what the refusal says: the object, the reason, the way out. On a real server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ParqueueError } from '../../model/errors.ts';
import { startMariadbServer } from '../../testing/mariadb-server.ts';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { mysqlVersion, openMysqlTransaction } from '../../testing/mysql-transactions.ts';
import type { ConnectOptions } from './connect.ts';

let database: MysqlTestDatabase;
let db: string;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
  db = database.database;
  await database.execute('CREATE TABLE sales (id INT PRIMARY KEY, amount INT, secret INT INVISIBLE)');
  await database.execute('INSERT INTO sales (id, amount) VALUES (1, 10), (2, 20)');
  await database.execute('CREATE VIEW seen AS SELECT id, amount FROM sales');
  await database.execute('CREATE VIEW deeper AS SELECT id FROM seen');
});

afterAll(() => database[Symbol.asyncDispose]());

async function refusal(sql: string, more: Partial<ConnectOptions> = {}): Promise<string> {
  const error = await mysqlVersion(database, sql, more).then(
    (version) => new Error(`not refused: ${version}`),
    (thrown: unknown) => thrown,
  );
  return error instanceof ParqueueError ? `${error.code} ${error.message}` : String(error);
}

const WAY_OUT = 'set version: ttl with a maxAge, or a refresh-key';

describe('what has no version', () => {
  it.each(['information_schema.TABLES', 'performance_schema.threads', 'mysql.user', 'sys.version'])(
    "the server's own state: %s, by its full name or from within its database",
    async (name) => {
      const [schema = '', table = ''] = name.split('.');
      const why = (text: string) => new RegExp(`^PQ_UNTRACKABLE .*${text}.*${WAY_OUT}$`);
      expect(await refusal(`SELECT * FROM ${name}`)).toMatch(why("reads the server's own state"));
      expect(await refusal(`SELECT * FROM ${table}`, { schema, ...database.administrator })).toMatch(
        why('belongs to the server itself'),
      );
    },
  );

  it('a sequence, but the tables of the SEQUENCE engine have a constant one', async () => {
    await database.execute('CREATE SEQUENCE numbers');
    expect(await refusal('SELECT * FROM numbers')).toMatch(/^PQ_UNTRACKABLE .*numbers is a sequence/);
    expect(await mysqlVersion(database, 'SELECT * FROM seq_1_to_1000000000')).toMatch(/=constant\.[0-9a-f]{12}$/);
  });

  it.each([
    ['the clock', 'SELECT id, NOW() t FROM sales', 'current_timestamp'],
    ['chance', 'SELECT id FROM sales ORDER BY RAND()', 'RAND'],
    ['the user', 'SELECT id, CURRENT_USER() u FROM sales', 'CURRENT_USER'],
    ['a function, though it says that it is deterministic', 'SELECT id, pq_rate(id) r FROM sales', 'pq_rate'],
  ])('a view that reads %s, nor one above it', async (_, sql, construct) => {
    await database.admin.query(`DROP FUNCTION IF EXISTS pq_rate`);
    await database.admin.query(
      'CREATE FUNCTION pq_rate(i INT) RETURNS INT DETERMINISTIC READS SQL DATA RETURN (SELECT amount FROM sales WHERE id = i)',
    );
    await database.admin.query(`GRANT EXECUTE ON FUNCTION ${db}.pq_rate TO ${database.user}@'%'`);
    await database.execute(`CREATE OR REPLACE VIEW moody AS ${sql}`);
    await database.execute('CREATE OR REPLACE VIEW above AS SELECT id FROM moody');
    const why = new RegExp(
      `^PQ_UNTRACKABLE ${db}\\.above cannot be tracked: the view ${db}\\.moody uses .*${construct}`,
      'i',
    );
    expect(await refusal('SELECT * FROM above')).toMatch(why);
  });

  it('a table whose rows another server holds', async ({ skip }) => {
    const installed = await database.admin.query("INSTALL SONAME 'ha_federatedx'").then(
      () => true,
      (error: unknown) => String(error).includes('already'),
    );
    if (!installed) return skip('this server has no FEDERATED engine');
    const { host, port, user, password } = database;
    const address = `mysql://${user}:${password}@${host}:${port}/${db}/sales`;
    await database.admin.query(`CREATE TABLE ${db}.far (id INT, amount INT) ENGINE=FEDERATED CONNECTION='${address}'`);
    expect(await refusal('SELECT * FROM far')).toMatch(
      /^PQ_UNTRACKABLE .*the rows of \S+far are in the engine FEDERATED/,
    );
  });

  it.each([
    ['by the statement', 'SELECT id FROM old PARTITION (p0)', '^PQ_UNTRACKABLE the statement reads the history of'],
    ['by a view', 'SELECT id FROM older', '^PQ_UNTRACKABLE \\S+older cannot be tracked: it reads the history of'],
    [
      'by a view that is not merged',
      'SELECT id FROM oldest',
      '^PQ_UNTRACKABLE \\S+oldest cannot be tracked: it reads the',
    ],
  ])('history in partitions that are asked for by name, %s', async (_, sql, expected) => {
    await database.execute(
      'CREATE OR REPLACE TABLE old (id INT) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME LIMIT 1000 PARTITIONS 3',
    );
    await database.execute('CREATE OR REPLACE VIEW older AS SELECT id FROM old PARTITION (p0) o');
    await database.execute('CREATE OR REPLACE ALGORITHM = TEMPTABLE VIEW oldest AS SELECT id FROM old PARTITION (p0)');
    expect(await refusal(sql)).toMatch(new RegExp(`${expected}.*${WAY_OUT}$`));
    expect(await mysqlVersion(database, 'SELECT id FROM old')).toMatch(/old=0@/);
  });

  it('a table that is not there: the server says so', async () => {
    expect(await refusal('SELECT * FROM nowhere')).toMatch(/^PQ_SOURCE_REJECTED .*nowhere/);
  });

  it('a view of a table that is gone', async () => {
    await database.execute('CREATE TABLE brief (id INT)');
    await database.execute('CREATE OR REPLACE VIEW orphan AS SELECT id FROM brief');
    await database.execute('DROP TABLE brief');
    expect(await refusal('SELECT * FROM orphan')).toMatch(/^PQ_SOURCE_REJECTED .*orphan/);
  });

  it('a row that is longer than max_allowed_packet', async () => {
    // A server of its own: the limit is everybody's.
    await using server = await startMariadbServer();
    const { username: user, password, port } = new URL(server.url);
    const login = { user, password: decodeURIComponent(password), port: Number(port) };
    const admin = await database.connect({ ...login, database: 'mysql' });
    const columns = Array.from({ length: 7 }, (_, i) => `c${i} TEXT`).join(', ');
    for (const sql of [
      'CREATE DATABASE narrow',
      `CREATE TABLE narrow.wide (${columns})`,
      `INSERT INTO narrow.wide VALUES (${Array.from({ length: 7 }, () => "REPEAT('x', 65535)").join(', ')})`,
      'SET GLOBAL max_allowed_packet = 262144',
    ]) {
      await admin.query(sql);
    }
    expect(await refusal('SELECT c0 FROM wide', { ...login, schema: 'narrow' })).toMatch(
      /^PQ_UNTRACKABLE .*wide has rows longer than max_allowed_packet.*; raise max_allowed_packet, or /,
    );
  });
});

describe('what a user may not see is refused with the grant that is missing', () => {
  it.each<[string, string, readonly string[], RegExp]>([
    ['no right at all', 'sales', [], /^PQ_SOURCE_REJECTED .*denied/],
    [
      'some columns of a table',
      'sales',
      ['SELECT (id) ON @.sales'],
      /^PQ_UNTRACKABLE .*; grant SELECT on \S+\.sales, or set/,
    ],
    [
      'all columns that are visible, but not the one that is not',
      'sales',
      ['SELECT (id, amount) ON @.sales'],
      /^PQ_UNTRACKABLE .*may not read all of its columns; grant SELECT on \S+\.sales/,
    ],
    [
      'a view without SHOW VIEW',
      'seen',
      ['SELECT ON @.seen', 'SELECT ON @.sales'],
      /^PQ_UNTRACKABLE .*seen.*; grant SELECT, SHOW VIEW on/,
    ],
    ['a view without its table', 'seen', ['SELECT, SHOW VIEW ON @.seen'], /^PQ_UNTRACKABLE .*; grant SELECT/],
    [
      'a view with its table, some columns of it',
      'seen',
      ['SELECT, SHOW VIEW ON @.seen', 'SELECT (id, amount) ON @.sales'],
      /^PQ_UNTRACKABLE .*may not.*sales.*; grant SELECT on \S+\.sales/,
    ],
    [
      'a view without the view below it',
      'deeper',
      ['SELECT, SHOW VIEW ON @.deeper', 'SELECT ON @.sales'],
      /^PQ_UNTRACKABLE .*; grant SELECT/,
    ],
  ])('%s', async (_, name, grants, expected) => {
    const user = await database.createUser(...grants.map((grant) => grant.replace('@', db)));
    const own = await database.createDatabase();
    await database.admin.query(`GRANT SELECT ON ${own}.* TO ${user.user}@'%'`);
    expect(await refusal(`SELECT 1 FROM ${db}.${name}`, { ...user, schema: own })).toMatch(expected);
  });

  it('and all these grants are enough', async () => {
    const user = await database.createUser(
      ...['deeper', 'seen'].map((view) => `SELECT, SHOW VIEW ON ${db}.${view}`),
      `SELECT ON ${db}.sales`,
    );
    const mine = await mysqlVersion(database, 'SELECT * FROM deeper');
    expect(await mysqlVersion(database, 'SELECT * FROM deeper', user)).toBe(mine);
  });
});

describe('the statement itself', () => {
  it('is explained with its binds, and nothing is read that no part stands for', async () => {
    await using transaction = await openMysqlTransaction(database);
    await transaction.begin();
    const binds = { LEAST: { type: 'integer', value: '10' } } as const;
    const { parts } = await transaction.ask(
      'WITH big AS (SELECT id FROM sales WHERE amount > :least) SELECT * FROM big b JOIN seen s ON s.id = b.id WHERE EXISTS (SELECT 1 FROM deeper d WHERE d.id = b.id)',
      binds,
    );
    expect(Object.keys(parts).toSorted()).toEqual([`${db}.deeper`, `${db}.sales`, `${db}.seen`]);
  });

  it('may be one of many warnings', async () => {
    const texts = Array.from({ length: 200 }, (_, i) => `'x${i}'`).join(',');
    expect(await mysqlVersion(database, `SELECT * FROM sales WHERE id IN (${texts})`)).toMatch(/sales=2@/);
  });

  it('is rejected by the server where it is wrong', async () => {
    expect(await refusal('SELECT no_such_column FROM sales')).toMatch(/^PQ_SOURCE_REJECTED .*no_such_column/);
  });
});

/** The databases of the tests: each test has its own, and leaves nothing behind. */
import type { RowDataPacket } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { openMysqlTestDatabase } from './mysql-database.ts';
import { openPostgresTestDatabase } from './postgres-database.ts';
import { sourceContext } from './source-contract.ts';
import { mysqlRequest, postgresRequest } from './sql-request.ts';

describe.each([
  ['PostgreSQL', openPostgresTestDatabase],
  ['MariaDB', openMysqlTestDatabase],
])('a test database of %s', (_name, open) => {
  it('is fresh, and sees nothing of another one', async () => {
    await using one = await open();
    await using other = await open();
    for (const [at, database] of [one, other].entries()) {
      await database.execute('CREATE TABLE same_name (id INT)');
      expect(await database.execute(`INSERT INTO same_name VALUES (${at}), (${at})`)).toBe(2);
    }
    expect(await one.query('SELECT id FROM same_name')).toEqual([[0], [0]]);
    expect(await other.query('SELECT id FROM same_name')).toEqual([[1], [1]]);
  });

  it('commits what it executes, and has clients of their own', async () => {
    await using database = await open();
    const client: { query(sql: string): Promise<unknown> } = await database.connect();
    await database.execute('CREATE TABLE t (id INT)');
    await client.query('BEGIN');
    await client.query('INSERT INTO t VALUES (1)');
    expect(await database.query('SELECT id FROM t')).toEqual([]);
    await client.query('COMMIT');
    expect(await database.query('SELECT id FROM t')).toEqual([[1]]);
    await client.query('BEGIN');
    await client.query('SELECT id FROM t');
    // Disposal does not wait for this transaction.
  });
});

const GIVEN = ['PG_URL', 'MYSQL_URL'].some((name) => (process.env[name] ?? '') !== '');

describe.skipIf(GIVEN)('the shared servers', () => {
  it('speak TLS with a certificate for their address that their `ca` vouches for', async () => {
    await using postgres = await openPostgresTestDatabase();
    const client = await postgres.connect({ ssl: { ca: postgres.ca ?? '' } });
    const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true }]);
    await expect(postgres.connect({ ssl: true })).rejects.toThrow('self-signed certificate');

    await using mariadb = await openMysqlTestDatabase();
    const connection = await mariadb.connect({ ssl: { ca: mariadb.ca ?? '' } });
    const [status] = await connection.query<RowDataPacket[]>("SHOW STATUS LIKE 'Ssl_version'");
    expect(status).toEqual([{ Variable_name: 'Ssl_version', Value: 'TLSv1.3' }]);
    await expect(mariadb.connect({ ssl: {} })).rejects.toThrow('self-signed certificate');
  });
});

describe('a test database of PostgreSQL', () => {
  it('has a source on it', async () => {
    await using database = await openPostgresTestDatabase();
    await database.execute('CREATE TABLE t (id INT)');
    const { version } = await (await database.source()).probe(postgresRequest('SELECT id FROM t'), sourceContext());
    expect(version).toContain('public.t=');
  });

  it('belongs to a role that is no superuser, and goes with its roles, whoever is still connected', async () => {
    await using watching = await openPostgresTestDatabase();
    const database = await openPostgresTestDatabase();
    const { user } = await database.createUser();
    expect(await database.query('SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user')).toEqual([
      [false, false],
    ]);
    const left = `SELECT datname::text FROM pg_database WHERE datname = $1
      UNION ALL SELECT rolname FROM pg_roles WHERE rolname IN ($1, $2)
      UNION ALL SELECT usename FROM pg_stat_activity WHERE datname = $1`;
    const open = await watching.admin.query(left, [database.database, user]);
    expect(open.rows).toHaveLength(5);
    await database[Symbol.asyncDispose]();
    const closed = await watching.admin.query(left, [database.database, user]);
    expect(closed.rows).toEqual([]);
  });
});

describe('a test database of MariaDB', () => {
  it('has a source on it', async () => {
    await using database = await openMysqlTestDatabase();
    await database.execute('CREATE TABLE t (id INT)');
    const { version } = await (await database.source()).probe(mysqlRequest('SELECT id FROM t'), sourceContext());
    expect(version).toContain(`${database.database}.t=`);
  });

  it('has a user with rights on nothing else, and goes with all that was made with it', async () => {
    await using watching = await openMysqlTestDatabase();
    const database = await openMysqlTestDatabase();
    const other = await database.createDatabase();
    const { user } = await database.createUser(`SELECT ON ${other}.*`);
    expect(await database.query('SHOW DATABASES')).toEqual([['information_schema'], [database.database]]);
    const left = `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '${database.database}%'
      UNION ALL SELECT User FROM mysql.user WHERE User IN ('${database.user}', '${user}')
      UNION ALL SELECT USER FROM information_schema.PROCESSLIST WHERE DB LIKE '${database.database}%'`;
    const [open] = await watching.admin.query<never[]>(left);
    expect(open).toHaveLength(6);
    await database[Symbol.asyncDispose]();
    // A killed session takes its leave when it has noticed.
    await expect.poll(async () => (await watching.admin.query<never[]>(left))[0]).toEqual([]);
  });
});

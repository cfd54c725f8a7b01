/** Connections to a real server: how they are made, what they are set to, and how they are got rid of. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFreezingProxy } from '../../testing/freezing-proxy.ts';
import { startMariadbServer } from '../../testing/mariadb-server.ts';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { connectOptions, poolOn } from '../../testing/mysql-sessions.ts';
import { useOf, useWithin } from '../../testing/sql-sessions.ts';
import { limitStatement } from './driver.ts';
import { connectTo } from './connect.ts';
import { ask, askText } from './query.ts';
import { factsOf, settingStatements } from './settings.ts';

let database: MysqlTestDatabase;
let folder: string;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'pq-mysql-driver-'));
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe('the settings of a session', () => {
  const hostile: Readonly<Record<string, string>> = {
    sql_mode: "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH'",
    time_zone: "'+09:00'",
    autocommit: 'OFF',
    tx_read_only: 'OFF',
    group_concat_max_len: '4',
    div_precision_increment: '0',
    lc_time_names: "'de_DE'",
    sql_select_limit: '1',
    max_sort_length: '64',
    old_mode: "'ZERO_DATE_TIME_CAST'",
    default_regex_flags: "'DOTALL,EXTENDED'",
    sql_quote_show_create: 'OFF',
    tx_isolation: "'READ-UNCOMMITTED'",
    max_recursive_iterations: '1',
    system_versioning_asof: "'2001-01-01 00:00:00'",
    completion_type: "'CHAIN'",
    sql_safe_updates: 'ON',
    wait_timeout: '5',
    net_write_timeout: '1',
  };

  it("are pinned, whatever the server's own ones are", async () => {
    await using server = await startMariadbServer();
    const { username, password, port } = new URL(server.url);
    const login = { user: username, password: decodeURIComponent(password), port: Number(port), schema: 'mysql' };
    const admin = await connectTo(connectOptions(database, login));
    for (const [name, value] of Object.entries(hostile)) await admin.query(`SET GLOBAL ${name} = ${value}`);
    await admin.close();
    await using pool = poolOn(database, login);
    await using session = await pool.take(useWithin(60_000));
    const names = [
      ...Object.keys(hostile),
      'collation_connection',
      'character_set_results',
      'character_set_client',
      'innodb_lock_wait_timeout',
      'max_statement_time',
    ];
    const [row = []] = await ask(session, `SELECT ${names.map((name) => `@@${name}`).join(', ')}`);
    expect(Object.fromEntries(names.map((name, at) => [name, row[at]]))).toEqual({
      sql_mode: 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
      time_zone: '+00:00',
      autocommit: '1',
      tx_read_only: '1',
      group_concat_max_len: '1048576',
      div_precision_increment: '4',
      lc_time_names: 'en_US',
      sql_select_limit: '18446744073709551615',
      max_sort_length: '1024',
      old_mode: 'UTF8_IS_UTF8MB3',
      system_versioning_asof: 'DEFAULT',
      completion_type: 'NO_CHAIN',
      sql_safe_updates: '0',
      default_regex_flags: '',
      sql_quote_show_create: '1',
      tx_isolation: 'REPEATABLE-READ',
      max_recursive_iterations: '4294967295',
      wait_timeout: '360',
      net_write_timeout: '60',
      collation_connection: 'utf8mb4_general_ci',
      character_set_results: 'utf8mb4',
      character_set_client: 'utf8mb4',
      innodb_lock_wait_timeout: '60',
      max_statement_time: expect.stringMatching(/^60\./),
    });
  });

  it("are in the source's own database, wherever init_connect goes", async () => {
    await using server = await startMariadbServer();
    await using there = await openMysqlTestDatabase({ server });
    await there.admin.query("SET GLOBAL init_connect = 'USE information_schema'");
    await using pool = poolOn(there);
    await using session = await pool.take(useOf());
    expect(await askText(session, 'SELECT DATABASE()')).toBe(there.database);
  });

  it('let nothing be written', async () => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    await expect(ask(session, 'CREATE TABLE written (id INT)')).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      details: { database: 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION (1792)' },
    });
  });

  it('that the server refuses are told by name', async () => {
    await using pool = poolOn(database, { session: { time_zone: 'Nowhere/City' } });
    await expect(pool.take(useOf())).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      message: expect.stringContaining("ER_UNKNOWN_TIME_ZONE (1298): Unknown or incorrect time zone: 'Nowhere/City'"),
    });
  });

  it('that could leave their quotes never reach the server', () => {
    expect(() => settingStatements({ lc_time_names: "en' OR '1" }, 'mysql')).toThrow('has a quote');
    expect(() => settingStatements({ 'a = 1, b': '1' }, 'mysql')).toThrow('is no session setting');
  });

  it("are those of the product: MySQL's and MariaDB's limits have different names", () => {
    expect(limitStatement('mariadb', 1500)).toContain('SESSION max_statement_time = 1.5,');
    expect(limitStatement('mysql', 1500)).toContain('SESSION max_execution_time = 1500,');
    expect(limitStatement('mysql', 2 ** 31 - 1)).toContain('SESSION wait_timeout = 2147483');
    expect(settingStatements({}, 'mysql').join()).not.toMatch(/system_versioning|query_cache|old_mode/);
  });
});

describe('the server', () => {
  it.each([
    ['10.11.19-MariaDB-0+deb12u1', 'mariadb', 1011],
    ['11.4.2-MariaDB-ubu2404', 'mariadb', 1104],
    ['8.0.36', 'mysql', 800],
    ['8.4.3-log', 'mysql', 804],
    ['8.0.36-28', 'mysql', 800],
  ] as const)('that says %s is a %s', (version, product, number) => {
    expect(factsOf(version, 'here')).toMatchObject({ product, number });
  });
});

describe('logging on', () => {
  it('with a wrong password is told without it, and is not tried again', async () => {
    await using pool = poolOn(database, { password: 'not the password' });
    const failed = pool.take(useOf());
    await expect(failed).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      details: { database: 'ER_ACCESS_DENIED_ERROR (1045)', reason: 'credentials' },
    });
    expect(String(await failed.catch((error: unknown) => error))).not.toContain('not the password');
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });

  it('where nobody listens is a source that cannot be had now', async () => {
    await using pool = poolOn(database, { port: 1 });
    await expect(pool.take(useOf())).rejects.toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE', retryable: true });
  });

  it('to a server that says nothing ends with the connect timeout', async () => {
    await using proxy = await openFreezingProxy(null);
    const [host = '', port = ''] = proxy.address.split(':');
    await using pool = poolOn(database, { host, port: Number(port), connectTimeoutMs: 200 });
    await expect(pool.take(useOf())).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNAVAILABLE',
      details: { database: 'ETIMEDOUT' },
    });
  });

  it('by an account whose plugin the driver has not is refused with a way out', async ({ skip }) => {
    const installed = await database.admin.query("INSTALL SONAME 'auth_ed25519'").then(
      () => true,
      (error: unknown) => String(error).includes('already'),
    );
    if (!installed) return skip('this server has no plugin ed25519');
    const { user } = await database.createUser();
    await database.admin.query(`ALTER USER ${user}@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret of ed')`);
    await using pool = poolOn(database, { user, password: 'secret of ed' });
    await expect(pool.take(useOf())).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      message: expect.stringContaining('use an account with mysql_native_password or caching_sha2_password'),
    });
  });
});

describe('TLS', () => {
  const encrypted = "SHOW SESSION STATUS LIKE 'Ssl_cipher'";

  async function cipher(more: Parameters<typeof poolOn>[1]): Promise<string | null | undefined> {
    await using pool = poolOn(database, more);
    await using session = await pool.take(useOf());
    const [row] = await ask(session, encrypted);
    return row?.[1];
  }

  it('off is without', async () => {
    expect(await cipher({ tls: { mode: 'off', ca: null } })).toBe('');
  });

  it('required is encrypted, whoever answers', async () => {
    expect(await cipher({ tls: { mode: 'require', ca: null } })).toMatch(/^TLS_|AES|CHACHA/);
  });

  it('verified takes the certificates of ca, and the host that the certificate names', async () => {
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, database.ca ?? '');
    expect(await cipher({ tls: { mode: 'verify', ca } })).not.toBe('');
  });

  it('verified refuses a certificate that nobody known signed', async () => {
    await expect(cipher({ tls: { mode: 'verify', ca: null } })).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNAVAILABLE',
      details: { database: 'HANDSHAKE_SSL_ERROR' },
    });
  });

  it('verified refuses a certificate for another host, an address included', async () => {
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, database.ca ?? '');
    // The certificate is for localhost and 127.0.0.1.
    const elsewhere = createServer((client) => {
      client.pipe(connect(database.port, database.host)).pipe(client);
    }).listen(0, '127.0.0.2');
    await once(elsewhere, 'listening');
    const { port } = elsewhere.address() as AddressInfo;
    try {
      await expect(cipher({ host: '127.0.0.2', port, tls: { mode: 'verify', ca } })).rejects.toMatchObject({
        details: { database: 'HANDSHAKE_SSL_ERROR' },
      });
      expect(await cipher({ host: '127.0.0.2', port, tls: { mode: 'require', ca } })).not.toBe('');
    } finally {
      elsewhere.close();
    }
  });

  it('with a file of certificates that is not there is a matter of the configuration', async () => {
    await expect(cipher({ tls: { mode: 'verify', ca: join(folder, 'none.pem') } })).rejects.toMatchObject({
      code: 'PQ_CONFIG',
    });
  });
});

describe('a connection', () => {
  it('that breaks while it rests is replaced, and ends nothing', async () => {
    await using pool = poolOn(database);
    const id = await (async () => {
      await using session = await pool.take(useOf());
      return await askText(session, 'SELECT CONNECTION_ID()');
    })();
    expect(pool.size).toEqual({ open: 1, idle: 1 });
    await database.admin.query(`KILL CONNECTION ${id}`);
    await gone(id);
    await using session = await pool.take(useOf());
    expect(await askText(session, 'SELECT CONNECTION_ID()')).not.toBe(id);
  });

  it('gives no file of this host to a server that asks for one', async () => {
    const connection = await connectTo(connectOptions(database));
    await database.execute('CREATE TABLE wanted (line TEXT)');
    await expect(connection.query(`LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE wanted`)).rejects.toMatchObject({
      errno: 4166,
    });
    connection.destroy();
    expect(await database.query('SELECT COUNT(*) FROM wanted')).toEqual([['0']]);
  });

  it('runs one statement at a time', async () => {
    const connection = await connectTo(connectOptions(database));
    await expect(connection.query('SELECT 1; SELECT 2')).rejects.toMatchObject({ errno: 1064 });
    await connection.close();
  });
});

/** Until the server has no such connection any more. */
async function gone(id: string | null): Promise<void> {
  await expect
    .poll(
      async () =>
        (
          await database.admin.query({
            sql: `SELECT ID FROM information_schema.PROCESSLIST WHERE ID = ${id}`,
            rowsAsArray: true,
          })
        )[0],
    )
    .toEqual([]);
}

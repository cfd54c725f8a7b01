/** Connections to a real server: how they are made, what they are set to, and how they are got rid of. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openFreezingProxy } from '../../testing/freezing-proxy.ts';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { poolOn } from '../../testing/postgres-sessions.ts';
import { useOf, useWithin } from '../../testing/sql-sessions.ts';
import { ask, askText } from './query.ts';

let database: PostgresTestDatabase;
let folder: string;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'pq-postgres-driver-'));
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe('the settings of a session', () => {
  it("are pinned, whatever the role's own ones are", async () => {
    const { user } = await database.createUser();
    const hostile: Readonly<Record<string, string>> = {
      search_path: 'elsewhere',
      timezone: 'Asia/Tokyo',
      datestyle: 'German, DMY',
      intervalstyle: 'sql_standard',
      extra_float_digits: '-15',
      bytea_output: 'escape',
      standard_conforming_strings: 'off',
      client_encoding: 'LATIN1',
      xmlbinary: 'hex',
      transform_null_equals: 'on',
      default_transaction_read_only: 'off',
      statement_timeout: '1h',
      lock_timeout: '1ms',
      idle_in_transaction_session_timeout: '1ms',
      row_security: 'off',
      quote_all_identifiers: 'on',
      array_nulls: 'off',
      synchronize_seqscans: 'on',
    };
    for (const [name, value] of Object.entries(hostile)) {
      await database.admin.query(`ALTER ROLE ${user} SET ${name} = '${value}'`);
    }
    const password = randomBytes(8).toString('hex');
    await database.admin.query(`ALTER ROLE ${user} PASSWORD '${password}'`);
    await using pool = poolOn(database, { user, password, schema: 'Some "schema"' });
    await using session = await pool.take(useWithin(60_000));
    const names = Object.keys(hostile);
    const rows = await ask(
      session,
      `SELECT ${names.map((name) => `current_setting('${name}')`).join(', ')}, current_setting('application_name')`,
    );
    expect(Object.fromEntries([...names, 'application_name'].map((name, at) => [name, rows[0]?.[at]]))).toEqual({
      search_path: '"Some ""schema""", pg_temp',
      timezone: 'UTC',
      datestyle: 'ISO, MDY',
      intervalstyle: 'iso_8601',
      extra_float_digits: '1',
      bytea_output: 'hex',
      standard_conforming_strings: 'on',
      client_encoding: 'UTF8',
      xmlbinary: 'base64',
      transform_null_equals: 'off',
      default_transaction_read_only: 'on',
      statement_timeout: '1min',
      lock_timeout: '0',
      idle_in_transaction_session_timeout: '1min',
      row_security: 'on',
      quote_all_identifiers: 'off',
      array_nulls: 'on',
      synchronize_seqscans: 'off',
      application_name: 'parqueue fill',
    });
  });

  it('are not taken from PG* variables of the environment', async () => {
    vi.stubEnv('PGOPTIONS', '-c enable_seqscan=off');
    vi.stubEnv('PGAPPNAME', 'somebody else');
    vi.stubEnv('PGPASSWORD', 'not-the-password');
    vi.stubEnv('PGSSLMODE', 'verify-full');
    vi.stubEnv('PGSSLNEGOTIATION', 'direct');
    vi.stubEnv('PGREPLICATION', 'database');
    try {
      await using pool = poolOn(database);
      await using session = await pool.take(useOf({ action: 'probe' }));
      expect(
        await ask(session, "SELECT current_setting('enable_seqscan'), current_setting('application_name')"),
      ).toEqual([['on', 'parqueue probe']]);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('let nothing be written', async () => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    await expect(ask(session, 'CREATE TABLE written (id int)')).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      details: { database: '25006' },
    });
  });

  it('that the server refuses are told by name', async () => {
    await using pool = poolOn(database, { session: { timezone: 'Nowhere/City' } });
    await expect(pool.take(useOf())).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      message: '22023: invalid value for parameter "TimeZone": "…"',
    });
  });
});

describe('a server that cannot be read', () => {
  it('because of an encoding that is none is refused with the reason', async () => {
    await using bytes = await openPostgresTestDatabase({
      createWith: "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
    });
    await using pool = poolOn(bytes);
    await expect(pool.take(useOf())).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      message: expect.stringContaining('SQL_ASCII'),
    });
  });
});

describe('a database of another encoding', () => {
  it('is read as UTF-8', async () => {
    await using latin = await openPostgresTestDatabase({ createWith: "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'" });
    await latin.execute("CREATE TABLE t AS SELECT 'für Ærø'::text AS v");
    await using pool = poolOn(latin);
    await using session = await pool.take(useOf());
    expect(await askText(session, 'SELECT v FROM t')).toBe('für Ærø');
  });
});

describe('logging on', () => {
  it('with a wrong password is tried once, and no part of it is shown', async () => {
    const { user } = await database.createUser();
    await using pool = poolOn(database, { user, password: 'not-the-password' });
    const error: unknown = await pool.take(useOf()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PQ_SOURCE_REJECTED', details: { database: '28P01', reason: 'credentials' } });
    expect(JSON.stringify([String(error), error])).not.toContain('not-the-password');
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });

  it('without a password does not look for one elsewhere', async () => {
    vi.stubEnv('PGPASSWORD', database.password);
    try {
      await using pool = poolOn(database, { password: '' });
      await expect(pool.take(useOf())).rejects.toMatchObject({
        code: 'PQ_SOURCE_REJECTED',
        details: { reason: 'credentials' },
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('to a name that nobody knows, to a database that is not there, or where nobody listens, is told as that', async () => {
    await using nowhere = poolOn(database, { port: 1 });
    await expect(nowhere.take(useOf())).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNAVAILABLE',
      details: { database: 'ECONNREFUSED' },
    });
    await using nobody = poolOn(database, { host: 'no-such-host.invalid' });
    await expect(nobody.take(useOf())).rejects.toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
    await using unknown = poolOn(database, { database: 'no_such_database' });
    await expect(unknown.take(useOf())).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      details: { database: '3D000' },
    });
  });

  it.each(['off', 'require'] as const)(
    'to a server that says nothing ends after its time, with tls: %s',
    async (mode) => {
      await using silent = await openFreezingProxy(null);
      const [host = '', port = ''] = silent.address.split(':');
      await using pool = poolOn(database, { host, port: Number(port), connectTimeoutMs: 200, tls: { mode, ca: null } });
      await expect(pool.take(useOf())).rejects.toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
    },
  );
});

describe('TLS', () => {
  const encrypted = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
  const own = async (): Promise<string> => {
    const path = join(folder, 'ca.pem');
    await writeFile(path, database.ca ?? expect.unreachable());
    return path;
  };

  it('off is off', async () => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    expect(await askText(session, encrypted)).toBe('f');
  });

  it('require encrypts, whoever signed the certificate, and statements can be cancelled', async () => {
    await using pool = poolOn(database, { tls: { mode: 'require', ca: null } });
    await using session = await pool.take(useOf());
    expect(await askText(session, encrypted)).toBe('t');
    const stop = new AbortController();
    await using stopped = await pool.take(useOf({ signal: stop.signal }));
    const sleeping = ask(stopped, 'SELECT pg_sleep(60)');
    setTimeout(() => stop.abort(), 50);
    await expect(sleeping).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
  });

  it('verify trusts the authority that is given, and no other', async () => {
    await using pool = poolOn(database, { tls: { mode: 'verify', ca: await own() } });
    await using session = await pool.take(useOf());
    expect(await askText(session, encrypted)).toBe('t');
    await using publicOnly = poolOn(database, { tls: { mode: 'verify', ca: null } });
    await expect(publicOnly.take(useOf())).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNAVAILABLE',
      message: expect.stringContaining('check tls and ca of the source'),
    });
  });

  it('verify trusts a certificate for its own host only', async () => {
    // Another name of 127.0.0.1, which is in the certificate.
    await using pool = poolOn(database, { host: '127.1', tls: { mode: 'verify', ca: await own() } });
    await expect(pool.take(useOf())).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNAVAILABLE',
      details: { database: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    await using anyway = poolOn(database, { host: '127.1', tls: { mode: 'require', ca: null } });
    await using session = await anyway.take(useOf());
    expect(await askText(session, encrypted)).toBe('t');
  });

  it('with certificates that cannot be read is an error of the configuration', async () => {
    await using pool = poolOn(database, { tls: { mode: 'verify', ca: join(folder, 'none.pem') } });
    await expect(pool.take(useOf())).rejects.toMatchObject({
      code: 'PQ_CONFIG',
      message: expect.stringContaining('ENOENT'),
    });
  });
});

describe('a connection that was lost', () => {
  it('while it was idle is replaced unseen', async () => {
    await using pool = poolOn(database);
    const first = await pool.take(useOf());
    const pid = await askText(first, 'SELECT pg_backend_pid()');
    await first[Symbol.asyncDispose]();
    await database.admin.query('SELECT pg_terminate_backend($1)', [pid]);
    const next = async (): Promise<string | null> => {
      await using session = await pool.take(useOf());
      return await askText(session, 'SELECT pg_backend_pid()');
    };
    await expect.poll(next).not.toBe(pid);
  });

  it('under a statement is transient, and not used again', async () => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    const pid = await askText(session, 'SELECT pg_backend_pid()');
    const sleeping = ask(session, 'SELECT pg_sleep(60)');
    sleeping.catch(() => undefined);
    const running = async (): Promise<number> => {
      const text = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND query LIKE '%sleep%'";
      return (await database.admin.query(text, [pid])).rows.length;
    };
    await expect.poll(running).toBe(1);
    await database.admin.query('SELECT pg_terminate_backend($1)', [pid]);
    await expect(sleeping).rejects.toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE', details: { database: '57P01' } });
    await session[Symbol.asyncDispose]();
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });
});

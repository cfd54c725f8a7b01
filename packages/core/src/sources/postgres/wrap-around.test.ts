/**
 * Transaction numbers at their 32-bit limit, on a cluster of this test's own: its counter is set shortly before 2^32
 * (pg_resetwal), with frozen rows from the beginning, and goes on past the turn of the epoch until old numbers come again.
 */
import { execFile } from 'node:child_process';
import { writeFile, chown, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PostgresLogin } from '../../testing/postgres-database.ts';
import { postgresVersion } from '../../testing/postgres-transactions.ts';
import { findProgram, type ServerProcess } from '../../testing/server-process.ts';
import { hasPostgres, startPostgresServer } from '../../testing/postgres-server.ts';

const EPOCH = 2n ** 32n;
const NEAR = EPOCH - 300n;

let server: ServerProcess;
let login: PostgresLogin;
let client: pg.Client;

describe.skipIf(!hasPostgres())('at the 32-bit limit of transaction numbers', () => {
  beforeAll(async () => {
    server = await startPostgresServer();
    const { hostname, username, password } = new URL(server.url);
    const user = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
    login = { host: hostname, port: server.port, database: 'postgres', ...user };
    client = await connected();
  });

  afterAll(async () => {
    await client.end().catch(() => undefined);
    await server[Symbol.asyncDispose]();
  });

  it('a version is that of the same rows before, at and after the turn, and of no others', async () => {
    await client.query('CREATE TABLE once (id int)');
    const first = await written('INSERT INTO once VALUES (1)');
    await client.query('CREATE TABLE old (id int); INSERT INTO old SELECT generate_series(1, 10)');
    const before = await versions();

    for (const database of ['template1', 'postgres']) {
      const other = await connected(database);
      await other.query('VACUUM (FREEZE)');
      await other.end();
    }
    expect(await versions()).toEqual(before);

    await moveCounter(NEAR);
    expect(await counter()).toBeGreaterThanOrEqual(NEAR);
    expect(await versions()).toEqual(before);

    await client.query('CREATE TABLE young (id int)');
    await client.query('INSERT INTO young VALUES (1)');
    const young = await postgresVersion(login, 'SELECT * FROM young');
    expect(await counter()).toBeLessThan(EPOCH);
    await spend(EPOCH + 4n);
    expect(await postgresVersion(login, 'SELECT * FROM young')).toBe(young);
    expect(await versions()).toEqual(before);
    // Its xmin is smaller than that of the row before it.
    await client.query('INSERT INTO young VALUES (2)');
    expect(await postgresVersion(login, 'SELECT * FROM young')).not.toBe(young);

    // The same 32 bits, in the same place: one row of another content, 2^32 transactions later.
    await spend(EPOCH + first);
    expect(await written('TRUNCATE once; INSERT INTO once VALUES (2)')).toBe(EPOCH + first);
    const { rows } = await client.query<{ ctid: string; xmin: string }>('SELECT ctid, xmin FROM once');
    expect(rows).toEqual([{ ctid: '(0,1)', xmin: String(first) }]);
    expect(before[1]).toContain('=1@');
    expect(await postgresVersion(login, 'SELECT * FROM once')).toContain('=1@');
    expect(await postgresVersion(login, 'SELECT * FROM once')).not.toBe(before[1]);
    // Rows of 2^32 transactions ago cannot be told from new ones: then a load too many.
    expect(await postgresVersion(login, 'SELECT * FROM old')).toBe(before[0]);
    await spend(EPOCH + first + 10n);
    expect(await postgresVersion(login, 'SELECT * FROM old')).not.toBe(before[0]);
  });
});

async function connected(database = 'postgres'): Promise<pg.Client> {
  const made = new pg.Client({ ...login, database });
  made.on('error', () => undefined);
  await made.connect();
  return made;
}

async function versions(): Promise<readonly string[]> {
  return [await postgresVersion(login, 'SELECT * FROM old'), await postgresVersion(login, 'SELECT * FROM once')];
}

/** The number, with its epoch, of the transaction that does this. */
async function written(sql: string): Promise<bigint> {
  await client.query('BEGIN');
  await client.query(sql);
  const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
  await client.query('COMMIT');
  return BigInt(rows[0]?.xid ?? '');
}

/** Of the next transaction. */
async function counter(): Promise<bigint> {
  const { rows } = await client.query<{ xid: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xid');
  return BigInt(rows[0]?.xid ?? '');
}

/** Takes numbers until `next` is the next one. */
async function spend(next: bigint): Promise<void> {
  await client.query(`DO $$ BEGIN
    WHILE pg_snapshot_xmax(pg_current_snapshot())::text::bigint < ${next} LOOP
      PERFORM pg_current_xact_id(); COMMIT;
    END LOOP; END $$`);
  expect(await counter()).toBe(next);
}

async function moveCounter(next: bigint): Promise<void> {
  await client.query('CHECKPOINT');
  await client.end();
  await server.kill();
  const data = join(server.folder, 'data');
  const { uid, gid } = await stat(data);
  // The server looks up the state of transactions near its counter: a segment of 2^20 of them, none committed.
  const segment = join(data, 'pg_xact', (next >> 20n).toString(16).toUpperCase().padStart(4, '0'));
  await writeFile(segment, Buffer.alloc(256 * 1024));
  await chown(segment, uid, gid);
  const program = findProgram('pg_resetwal', ['/usr/lib/postgresql/*/bin', '/usr/pgsql-*/bin']);
  if (program === null) throw new Error('pg_resetwal is not installed beside the server');
  await promisify(execFile)(program, ['-f', '-x', String(next), data], { uid, gid, cwd: server.folder });
  await server.start();
  client = await connected();
}

/** Rows on a real server: whole or not at all, in bounded memory, and nothing left running where nobody reads. */
import { afterAll, beforeAll, describe as suite, expect, it } from 'vitest';
import { openFreezingProxy } from '../../testing/freezing-proxy.ts';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { poolOn } from '../../testing/mysql-sessions.ts';
import { useOf, useWithin } from '../../testing/sql-sessions.ts';
import type { Session } from '../sql/session.ts';
import { boundStatement, type MysqlValue } from './bind.ts';
import type { MysqlConnection } from './connection.ts';
import { ask, askText } from './query.ts';
import { describe, rowsOf } from './rows.ts';

let database: MysqlTestDatabase;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

type Rows = AsyncGenerator<unknown[][], void, undefined>;

async function rows(session: Session<MysqlConnection>, text: string, binds: readonly MysqlValue[] = []): Promise<Rows> {
  const described = await describe(session, { text, binds });
  return rowsOf(session, { text, binds }, { described, columns: described.length });
}

async function counted(chunks: Rows): Promise<number> {
  let count = 0;
  for await (const chunk of chunks) count += chunk.length;
  return count;
}

/** What the server does for the user of the tests, this connection excepted. */
async function running(): Promise<readonly string[]> {
  const [list] = await database.admin.query({
    sql: "SELECT INFO FROM information_schema.PROCESSLIST WHERE USER = ? AND COMMAND <> 'Sleep' AND INFO IS NOT NULL",
    values: [database.user],
    rowsAsArray: true,
  });
  return (list as unknown as string[][]).map(([info = '']) => info);
}

/** More than fits in the sockets' buffers, by far. */
const MANY = 'SELECT seq, REPEAT(CHAR(65 + seq % 26), 100) FROM seq_1_to_50000000';

suite('all rows', () => {
  it.each([0, 1, 999, 1000, 1001, 2000, 123_456])('of %i come, in order', async (count) => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    let next = 1;
    for await (const chunk of await rows(session, `SELECT seq FROM seq_1_to_200000 WHERE seq <= ${count}`)) {
      expect(chunk.length).toBeLessThanOrEqual(1000);
      for (const [value] of chunk) expect(value).toBe(String(next++));
    }
    expect(next - 1).toBe(count);
    expect(await askText(session, 'SELECT 1')).toBe('1');
  });

  it('of a statement with values are described as they come, not as it was prepared', async () => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    const { text, binds } = boundStatement(
      'SELECT :A, CONCAT(:A,:B), :N',
      {
        A: { type: 'string', value: 'ä'.repeat(400) },
        B: { type: 'string', value: 'b' },
        N: { type: 'integer', value: '5' },
      },
      '+00:00',
    );
    const got: unknown[][] = [];
    for await (const chunk of await rows(session, text, binds)) got.push(...chunk);
    expect(got).toEqual([['ä'.repeat(400), `${'ä'.repeat(400)}b`, 5]]);
  });

  it('of wide texts come in chunks of a bounded size', async () => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    const sizes: number[] = [];
    for await (const chunk of await rows(session, "SELECT REPEAT('x', 1000000) FROM seq_1_to_100"))
      sizes.push(chunk.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100);
    // 32 MiB at two bytes a character.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(17);
  });

  // A packet has 2²⁴ - 1 bytes at most: a row of exactly as many is followed by an empty one.
  it.each([16_777_208, 16_777_209, 16_777_210, 34_000_000])('of %i characters arrive whole', async (length) => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    const got: unknown[] = [];
    const text = `SELECT REPEAT('x', ${length}) UNION ALL SELECT 'y'`;
    for await (const chunk of await rows(session, text)) got.push(...chunk.flat());
    expect(got.map((value) => String(value).length)).toEqual([length, 1]);
    expect(/^x+$/.test(String(got[0]))).toBe(true);
  });

  it('wait at the server for a reader that takes its time', async () => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    const chunks = await rows(session, MANY);
    await chunks.next();
    // What it has sent is bounded by the sockets' buffers: the statement goes on to run, and waits.
    await expect.poll(async () => (await stateOf(database, MANY)) ?? '').toMatch(/^(Writing to net|Sending data)$/);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 300; i += 1) await chunks.next();
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    await chunks.return();
    await session[Symbol.asyncDispose]();
    await expect.poll(running).toEqual([]);
  });

  it('of other columns than were planned for are refused as a state that was lost', async () => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    const described = await describe(session, { text: 'SELECT 1 AS A', binds: [] });
    await counted(rowsOf(session, { text: 'SELECT 1 AS A', binds: [] }, { described, columns: 1 }));
    const other = rowsOf(session, { text: "SELECT '1' AS A", binds: [] }, { described, columns: 1 });
    await expect(other.next()).rejects.toMatchObject({ code: 'PQ_SOURCE_UNSTABLE', retryable: true });
  });
});

suite('rows that end in the middle', () => {
  /** The number of rows that came before the error. */
  async function brokenBy(
    end: (id: string) => Promise<void>,
    statement = MANY,
  ): Promise<{ error: unknown; count: number }> {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    const id = (await askText(session, 'SELECT CONNECTION_ID()')) ?? '';
    let count = 0;
    try {
      for await (const chunk of await rows(session, statement)) {
        if (count === 0) await end(id);
        count += chunk.length;
      }
    } catch (error) {
      return { error, count };
    }
    throw new Error(`all is well after ${count} rows`);
  }

  it('because somebody killed the statement are an error, never a short result', async () => {
    const { error, count } = await brokenBy(async (id) => void (await database.admin.query(`KILL QUERY ${id}`)));
    expect(error).toMatchObject({ code: 'PQ_CANCELLED', details: { database: 'ER_QUERY_INTERRUPTED (1317)' } });
    expect(count).toBeGreaterThan(999);
  });

  it('because somebody killed the connection are transient', async () => {
    const { error } = await brokenBy(async (id) => void (await database.admin.query(`KILL CONNECTION ${id}`)));
    expect(error).toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE', retryable: true });
  });

  it('because an expression failed in a later row are an error', async () => {
    const { error } = await brokenBy(
      async () => undefined,
      "SELECT seq, CASE WHEN seq = 500000 THEN (SELECT 1 UNION SELECT 2) ELSE REPEAT('x', 100) END FROM seq_1_to_1000000",
    );
    expect(error).toMatchObject({ code: 'PQ_SOURCE_REJECTED', details: { database: 'ER_SUBQUERY_NO_1_ROW (1242)' } });
  });

  it('because the server is out of time are told as that', async () => {
    await using pool = poolOn(database);
    await using session = await pool.take(useOf());
    await ask(session, 'SET SESSION max_statement_time = 0.3');
    const all = async (): Promise<number> => await counted(await rows(session, MANY));
    await expect(all()).rejects.toMatchObject({ code: 'PQ_FILL_TIMEOUT' });
  });

  it('because the network was cut are transient', async () => {
    const proxy = await openFreezingProxy(`${database.host}:${database.port}`);
    const [host = '', port = ''] = proxy.address.split(':');
    await using pool = poolOn(database, { host, port: Number(port) });
    await using session = await pool.take(useOf());
    const chunks = await rows(session, MANY);
    await chunks.next();
    await proxy[Symbol.asyncDispose]();
    await expect(counted(chunks)).rejects.toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
  });
});

suite('work that is broken off', () => {
  it('while it sends rows ends on the server', async () => {
    await using pool = poolOn(database);
    const stop = new AbortController();
    await using session = await pool.take(useOf({ signal: stop.signal }));
    const chunks = await rows(session, MANY);
    await chunks.next();
    expect(await running()).toEqual([MANY]);
    stop.abort();
    await expect(counted(chunks)).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    await session[Symbol.asyncDispose]();
    await expect.poll(running).toEqual([]);
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });

  it('before it sends any ends on the server', async () => {
    await using pool = poolOn(database);
    const stop = new AbortController();
    await using session = await pool.take(useOf({ signal: stop.signal }));
    const slow = 'SELECT COUNT(*) FROM seq_1_to_1000000 a JOIN seq_1_to_1000000 b ON a.seq <> b.seq';
    const described = describe(session, { text: slow, binds: [] });
    described.catch(() => undefined);
    await expect.poll(running).toEqual([slow]);
    stop.abort();
    await expect(
      described.then(() => counted(rowsOf(session, { text: slow, binds: [] }, { described: [], columns: 1 }))),
    ).rejects.toMatchObject({
      code: 'PQ_CANCELLED',
    });
    await session[Symbol.asyncDispose]();
    await expect.poll(running).toEqual([]);
  });

  it('after it was described, before its rows were asked for, ends on the server', async () => {
    await using pool = poolOn(database);
    const session = await pool.take(useOf());
    await session.transact((connection) => connection.query('START TRANSACTION READ ONLY'));
    await describe(session, { text: MANY, binds: [] });
    await session[Symbol.asyncDispose]();
    await expect.poll(running).toEqual([]);
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });

  it("out of time ends on the server, by the server's own limit", async () => {
    await using pool = poolOn(database);
    await using session = await pool.take(useWithin(1000));
    const all = async (): Promise<number> => await counted(await rows(session, MANY));
    await expect(all()).rejects.toMatchObject({ code: 'PQ_FILL_TIMEOUT' });
    await expect.poll(running).toEqual([]);
  });

  it('on a network that swallows everything ends here all the same', async () => {
    await using proxy = await openFreezingProxy(`${database.host}:${database.port}`);
    const [host = '', port = ''] = proxy.address.split(':');
    await using pool = poolOn(database, { host, port: Number(port) });
    const stop = new AbortController();
    const session = await pool.take(useOf({ signal: stop.signal }));
    const chunks = await rows(session, MANY);
    await chunks.next();
    proxy.freeze();
    const rest = counted(chunks);
    stop.abort();
    await expect(rest).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    await session[Symbol.asyncDispose]();
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });

  it('on a network that swallows everything ends by its own limit, where nobody breaks it off', async () => {
    await using proxy = await openFreezingProxy(`${database.host}:${database.port}`);
    const [host = '', port = ''] = proxy.address.split(':');
    await using pool = poolOn(database, { host, port: Number(port) });
    const session = await pool.take(useWithin(1000));
    proxy.freeze();
    await expect(askText(session, 'SELECT 1')).rejects.toMatchObject({ code: 'PQ_FILL_TIMEOUT' });
    await session[Symbol.asyncDispose]();
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });
});

async function stateOf({ admin, user }: MysqlTestDatabase, statement: string): Promise<string | undefined> {
  const [list] = await admin.query({
    sql: 'SELECT STATE FROM information_schema.PROCESSLIST WHERE USER = ? AND INFO = ?',
    values: [user, statement],
    rowsAsArray: true,
  });
  return (list as unknown as string[][])[0]?.[0];
}

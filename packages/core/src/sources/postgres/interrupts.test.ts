/** Work that is stopped, or out of time, ends on the server, too, and on no server for longer than HUNG_MS here. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFreezingProxy } from '../../testing/freezing-proxy.ts';
import { hurrying } from '../../testing/host-clock.ts';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { poolOn } from '../../testing/postgres-sessions.ts';
import { useOf, useWithin } from '../../testing/sql-sessions.ts';
import type { Session } from '../sql/session.ts';
import type { PostgresConnection } from './connection.ts';
import { ask, askText } from './query.ts';
import { rowsOf } from './rows.ts';

/** The session's own limit for a call that does not end when it is broken off. */
const HUNG_MS = 5000;

/** Sorts for long before its first row, and would give rows for ever after. */
const SORTING = {
  text: 'SELECT a.g, b.g FROM generate_series(1, 3000) AS a(g), generate_series(1, 30000) AS b(g) ORDER BY md5((a.g * b.g)::text)',
  binds: [],
  columns: 2,
};
/** In FROM the server would write all of them into a file first. */
const ENDLESS = {
  text: 'SELECT g, repeat(md5(g::text), 10) FROM (SELECT generate_series(1, 1000000000) AS g) AS s',
  binds: [],
  columns: 2,
};

type Rows = ReturnType<typeof rowsOf>;

let database: PostgresTestDatabase;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

/** What the server runs for us now, by its process. */
async function running(pid: string | null): Promise<readonly unknown[]> {
  const { rows } = await database.admin.query<{ query: string }>(
    "SELECT query FROM pg_stat_activity WHERE pid = $1 AND state = 'active'",
    [pid],
  );
  return rows;
}

const processOf = (session: Session<PostgresConnection>) => askText(session, 'SELECT pg_backend_pid()');
const gone = (pid: string | null) => expect.poll(() => running(pid)).toEqual([]);

describe('a load that is stopped', () => {
  it.each([
    ['while the server sorts', SORTING, async (rows: Rows) => await rows.next()],
    [
      'while its rows wait to be read',
      ENDLESS,
      async (rows: Rows) => {
        await rows.next();
        await pause(300);
        return await rows.next();
      },
    ],
  ])('%s ends on the server', async (_, wish, next) => {
    await using pool = poolOn(database);
    const stop = new AbortController();
    const session = await pool.take(useOf({ signal: stop.signal }));
    const pid = await processOf(session);
    const rows = rowsOf(session, wish);
    const ending = next(rows);
    ending.catch(() => undefined);
    await expect.poll(() => running(pid)).toHaveLength(1);
    stop.abort();
    await expect(ending).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    await session[Symbol.asyncDispose]();
    await gone(pid);
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });

  it('between two chunks, by leaving its rows, ends on the server', async () => {
    await using pool = poolOn(database);
    const session = await pool.take(useOf());
    const pid = await processOf(session);
    for await (const rows of rowsOf(session, ENDLESS)) {
      expect(rows.length).toBeGreaterThan(0);
      break;
    }
    await session[Symbol.asyncDispose]();
    await gone(pid);
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });
});

describe('a statement over its deadline', () => {
  it('ends on the server, which knows the deadline itself', async () => {
    await using pool = poolOn(database);
    const before = await pool.take(useOf());
    const pid = await processOf(before);
    await before[Symbol.asyncDispose]();
    const session = await pool.take(useWithin(1500));
    await expect(ask(session, 'SELECT pg_sleep(60)')).rejects.toMatchObject({ code: 'PQ_FILL_TIMEOUT' });
    await session[Symbol.asyncDispose]();
    await gone(pid);
  });

  it('ends where a network swallows everything, the cancellation too', async () => {
    await using proxy = await openFreezingProxy(`${database.host}:${database.port}`);
    const [host = '', port = ''] = proxy.address.split(':');
    await using pool = poolOn(database, { host, port: Number(port) });
    // Its connection was made before: only what is under test counts.
    await (await pool.take(useOf()))[Symbol.asyncDispose]();
    const session = await pool.take(useWithin(1500));
    proxy.freeze();
    await expect(ask(session, 'SELECT 1')).rejects.toMatchObject({ code: 'PQ_FILL_TIMEOUT' });
    await session[Symbol.asyncDispose]();
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });
});

describe('a network that swallows everything', () => {
  it('under a stopped load holds it no longer than HUNG_MS', async () => {
    await using proxy = await openFreezingProxy(`${database.host}:${database.port}`);
    const [host = '', port = ''] = proxy.address.split(':');
    const clock = hurrying(HUNG_MS);
    await using pool = poolOn(database, { host, port: Number(port), clock });
    const stop = new AbortController();
    const session = await pool.take(useOf({ signal: stop.signal, clock }));
    const rows = rowsOf(session, ENDLESS);
    await rows.next();
    proxy.freeze();
    const draining = (async () => {
      for await (const chunk of rows) expect(chunk.length).toBeGreaterThan(0);
    })();
    setTimeout(() => stop.abort(), 100);
    await expect(draining).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    await session[Symbol.asyncDispose]();
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });
});

describe('a server process that is ended', () => {
  it('in the middle of a load is transient', async () => {
    await using pool = poolOn(database);
    const session = await pool.take(useOf());
    const pid = await processOf(session);
    const rows = rowsOf(session, ENDLESS);
    await rows.next();
    const draining = (async () => {
      for await (const chunk of rows) expect(chunk.length).toBeGreaterThan(0);
    })();
    draining.catch(() => undefined);
    await database.admin.query('SELECT pg_terminate_backend($1)', [pid]);
    await expect(draining).rejects.toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
    await session[Symbol.asyncDispose]();
    expect(pool.size).toEqual({ open: 0, idle: 0 });
  });
});

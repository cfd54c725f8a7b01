/** Connections: made late, used again, counted, given up, and refused. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../ports/clock.ts';
import { openFreezingProxy } from '../../testing/freezing-proxy.ts';
import {
  hostClock,
  onTestServer,
  openOracleTestDatabase,
  oracleRequest,
  SERVER_ONLY,
  type OracleTestDatabase,
  type OracleTestServer,
} from '../../testing/oracle-database.ts';
import { sourceContext } from '../../testing/source-contract.ts';

const ALL = oracleRequest('SELECT ID FROM PQ_CONNECTIONS ORDER BY ID');
/** The source's own limit for a call that does not end when it is broken off. */
const HUNG_MS = 5000;

let database: OracleTestDatabase;
let out: string;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'pq-oracle-connections-'));
  database = await openOracleTestDatabase();
  await database.drop('TABLE PQ_CONNECTIONS');
  await database.execute('CREATE TABLE PQ_CONNECTIONS (ID NUMBER(9))');
  await database.execute('INSERT INTO PQ_CONNECTIONS SELECT LEVEL FROM DUAL CONNECT BY LEVEL <= 5000');
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(out, { recursive: true });
});

function server(): OracleTestServer {
  return database.server ?? expect.unreachable();
}

const mine = () =>
  server()
    .sessions()
    .filter(({ program }) => program === 'parqueue');

/** Waits of `ms` are over at once; the others take their time. */
function hurrying(ms: number): Clock {
  return { now: hostClock.now, sleep: (wait, signal) => hostClock.sleep(wait === ms ? 50 : wait, signal) };
}

describe.skipIf(SERVER_ONLY)(onTestServer('connections'), () => {
  it('are made with the first question, used again, known to the database, and closed with the source', async () => {
    // Those of other tests are gone there a moment after they were closed here.
    await expect.poll(mine).toEqual([]);
    const source = await database.source();
    expect(mine()).toEqual([]);
    for (let i = 0; i < 5; i += 1) await source.probe(ALL, sourceContext());
    expect(mine()).toHaveLength(1);
    expect(mine()[0]?.identity.get('module')).toBe('parqueue');
    await source[Symbol.asyncDispose]();
    await expect.poll(mine).toEqual([]);
  });

  it('that died while they were idle are replaced unseen', async () => {
    await using source = await database.source();
    const { version } = await source.probe(ALL, sourceContext());
    await server().killSessions(({ program }) => program === 'parqueue');
    expect((await source.probe(ALL, sourceContext())).version).toBe(version);
  });

  it('outlive a short rest, and are closed after a long one', async () => {
    let nowMs = 0;
    let rested: () => void = () => undefined;
    const clock: Clock = {
      now: () => nowMs,
      sleep: (ms, signal) =>
        ms === 60_000
          ? new Promise((resolve, reject) => {
              rested = resolve;
              signal?.addEventListener('abort', () => reject(signal.reason as Error));
            })
          : hostClock.sleep(ms, signal),
    };
    await expect.poll(mine).toEqual([]);
    await using source = await database.source({ clock });
    await source.probe(ALL, sourceContext());
    nowMs = 30_000;
    await source.probe(ALL, sourceContext());
    expect(mine()).toHaveLength(1);
    nowMs = 100_000;
    rested();
    await expect.poll(mine).toEqual([]);
  });

  it('are at most as many as the pool allows: who comes later waits, and may be told to stop', async () => {
    await expect.poll(mine).toEqual([]);
    await using source = await database.source({ pool: { max: 1 } });
    const first = await source.open(ALL, sourceContext());
    await first.version();
    const waiting = source.probe(ALL, sourceContext());
    const stop = new AbortController();
    const stopped = source.probe(ALL, sourceContext({ signal: stop.signal }));
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    expect(mine()).toHaveLength(1);
    await first[Symbol.asyncDispose]();
    expect((await waiting).version).toMatch(/^rowscn:/);
    expect(mine()).toHaveLength(1);
  });
});

describe('connecting', () => {
  it('with a wrong password is refused at once, and no part of it is shown', async () => {
    await using source = await database.source({ password: 'not-the-password' });
    const before = database.server?.counters.sessionsTotal ?? 0;
    const error: unknown = await source.probe(ALL, sourceContext()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      details: { database: 'ORA-01017', reason: 'credentials' },
    });
    expect(JSON.stringify([String(error), error])).not.toContain('not-the-password');
    // Accounts are locked after a few of these.
    expect((database.server?.counters.sessionsTotal ?? 1) - before).toBe(1);
  });

  it('to where nobody listens, or to a service nobody knows, is PQ_SOURCE_UNAVAILABLE', async () => {
    const [host] = database.connectString.split('/');
    for (const connectString of ['127.0.0.1:1/NOWHERE', `${host}/NO_SUCH_SERVICE`]) {
      await using source = await database.source({ connectString });
      await expect(source.probe(ALL, sourceContext())).rejects.toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
    }
  });

  it('to a server that accepts and says nothing can be stopped at once, and ends by itself', async () => {
    await using silent = await openFreezingProxy(null);
    await using source = await database.source({ connectString: `${silent.address}/PARQ`, connectTimeoutMs: 1000 });
    const stop = new AbortController();
    const stopped = source.probe(ALL, sourceContext({ signal: stop.signal }));
    setImmediate(() => stop.abort());
    await expect(stopped).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    await expect(source.probe(ALL, sourceContext())).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNAVAILABLE',
      details: { database: 'NJS-510' },
    });
  });

  it('is not done for a request that was made under other session settings', async () => {
    await using source = await database.source();
    await expect(
      source.probe(oracleRequest('SELECT 1 FROM DUAL', { session: { NLS_SORT: 'GERMAN' } }), sourceContext()),
    ).rejects.toMatchObject({ code: 'PQ_CONFIG', message: expect.stringContaining('NLS_SORT') });
  });
});

describe.skipIf(SERVER_ONLY)(onTestServer('a network that swallows everything'), () => {
  it('in the middle of a load does not hold the thread: the load is given up when it is stopped', async () => {
    await using proxy = await openFreezingProxy(database.connectString.split('/')[0] ?? '');
    await using source = await database.source({ connectString: `${proxy.address}/PARQ`, clock: hurrying(HUNG_MS) });
    const stop = new AbortController();
    server().hooks.onFetch = (sql, piece) => {
      if (piece !== 2 || !sql.includes('ORDER BY ID')) return;
      proxy.freeze();
      stop.abort();
    };
    try {
      await using snapshot = await source.open(ALL, sourceContext({ signal: stop.signal }));
      // The driver cannot cut a socket: that is for whoever ends this thread.
      await expect(snapshot.extract({ path: join(out, 'frozen.parquet') })).rejects.toMatchObject({
        code: 'PQ_CANCELLED',
        details: { recycleThread: true },
      });
    } finally {
      server().hooks.onFetch = null;
    }
  });
});

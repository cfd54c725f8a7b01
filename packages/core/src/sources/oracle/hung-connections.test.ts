/** Connections that hang without an error: none of them holds a place of the pool, or a question, for ever. */
import oracledb, { type Connection } from 'oracledb';
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
} from '../../testing/oracle-database.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { redactionOf } from './faults.ts';
import { SessionPool } from './session-pool.ts';
import type { Use } from './session.ts';

const ALL = oracleRequest('SELECT ID FROM PQ_HUNG');
const CONNECT_TIMEOUT_MS = 30_000;
/** The source's own limits: on logging on, on the sign of life of a connection that rested, on closing one. */
const LIMITS_MS = new Set([2 * CONNECT_TIMEOUT_MS, 5000, 2000]);

let database: OracleTestDatabase;

beforeAll(async () => {
  database = await openOracleTestDatabase();
  await database.drop('TABLE PQ_HUNG');
  await database.execute('CREATE TABLE PQ_HUNG (ID NUMBER(9))');
});

afterAll(() => database[Symbol.asyncDispose]());

/** The source's limits are over soon, every other wait takes its time. */
const hurrying: Clock = {
  now: hostClock.now,
  sleep: (ms, signal) => hostClock.sleep(LIMITS_MS.has(ms) ? 200 : ms, signal),
};

function use(signal: AbortSignal = new AbortController().signal): Use {
  return { signal, clock: hurrying, deadlineMs: hurrying.now() + 60_000, redact: redactionOf([]), action: 'probe' };
}

/** A pool of one connection whose first logon never ends. */
function poolHangingOnce(): SessionPool {
  const { connectString, user, password } = database;
  let attempts = 0;
  const connect = (): Promise<Connection> => {
    attempts += 1;
    return attempts === 1 ? new Promise(() => undefined) : oracledb.getConnection({ connectString, user, password });
  };
  return new SessionPool({
    connect,
    setUp: async () => undefined,
    max: 1,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    clock: hurrying,
  });
}

describe('a logon that never ends', () => {
  it('gives its place up, and asks for another thread, since nothing else cuts its socket', async () => {
    await using pool = poolHangingOnce();
    await expect(pool.take(use())).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNAVAILABLE',
      details: { database: 'NJS-510', recycleThread: true },
    });
    await using session = await pool.take(use());
    await session.call((connection) => connection.ping());
  });

  it('gives its place up where nobody waited for its end', async () => {
    await using pool = poolHangingOnce();
    const stop = new AbortController();
    const stopped = pool.take(use(stop.signal));
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    await using session = await pool.take(use());
    await session.call((connection) => connection.ping());
    expect(pool.size).toEqual({ open: 1, idle: 0 });
  });
});

describe.skipIf(SERVER_ONLY)(onTestServer('a network that swallows everything'), () => {
  it('while a connection rests does not hold the next question: another connection answers it', async () => {
    await using proxy = await openFreezingProxy(database.connectString.split('/')[0] ?? '');
    let restedMs = 0;
    const clock: Clock = { now: () => hostClock.now() + restedMs, sleep: hurrying.sleep };
    await using source = await database.source({
      connectString: `${proxy.address}/PARQ`,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      clock,
    });
    const { version } = await source.probe(ALL, sourceContext());
    proxy.freeze();
    proxy.thaw();
    restedMs = 10_000;
    expect((await source.probe(ALL, sourceContext())).version).toBe(version);
    expect(source.connections?.()).toEqual({ busy: 0, idle: 1 });
  });

  it('while a session is set up is told as a database that cannot be had', async () => {
    await using proxy = await openFreezingProxy(database.connectString.split('/')[0] ?? '');
    await using source = await database.source({
      connectString: `${proxy.address}/PARQ`,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      pool: { max: 1 },
      clock: hurrying,
    });
    const { hooks } = database.server ?? expect.unreachable();
    hooks.onExecute = (sql) => {
      if (sql.startsWith('ALTER SESSION')) proxy.freeze();
    };
    try {
      await expect(source.probe(ALL, sourceContext())).rejects.toMatchObject({
        code: 'PQ_SOURCE_UNAVAILABLE',
        details: { recycleThread: true },
      });
    } finally {
      hooks.onExecute = null;
    }
    proxy.thaw();
    expect((await source.probe(ALL, sourceContext())).version).toMatch(/^rowscn:/);
  });
});

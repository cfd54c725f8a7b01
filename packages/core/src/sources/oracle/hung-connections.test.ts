/** Connections that hang without an error: none of them holds a place of the pool, or a question, for ever. */
import type { Connection } from 'oracledb';
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
import { redactionOf } from '../sql/faults.ts';
import { SessionPool } from '../sql/session-pool.ts';
import type { Use } from '../sql/session.ts';
import { OracleDriver } from './driver.ts';

const ALL = oracleRequest('SELECT ID FROM PQ_HUNG');
const CONNECT_TIMEOUT_MS = 30_000;
/** The source's own limits: on logging on, and on the sign of life of a connection that rested. */
const LOGON_MS = 2 * CONNECT_TIMEOUT_MS;
const PING_MS = 5000;

let database: OracleTestDatabase;

beforeAll(async () => {
  database = await openOracleTestDatabase();
  await database.drop('TABLE PQ_HUNG');
  await database.execute('CREATE TABLE PQ_HUNG (ID NUMBER(9))');
});

afterAll(() => database[Symbol.asyncDispose]());

/** A clock by which `expire` ends a wait of so many ms as soon as there is one; other waits take their time. */
class Limits implements Clock {
  restedMs = 0;
  readonly #waiting = new Map<number, Set<() => void>>();

  now(): number {
    return hostClock.now() + this.restedMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const waiting = this.#waiting.get(ms) ?? new Set();
    this.#waiting.set(ms, waiting);
    let over = (): void => undefined;
    const expired = new Promise<void>((resolve) => {
      over = resolve;
    });
    waiting.add(over);
    const settled = new AbortController();
    try {
      const signals = signal === undefined ? [settled.signal] : [signal, settled.signal];
      await Promise.race([hostClock.sleep(ms, AbortSignal.any(signals)), expired]);
    } finally {
      waiting.delete(over);
      settled.abort();
    }
  }

  async expire(ms: number): Promise<void> {
    await expect.poll(() => this.#waiting.get(ms)?.size ?? 0).toBeGreaterThan(0);
    for (const over of this.#waiting.get(ms) ?? []) over();
  }
}

function use(clock: Clock, signal: AbortSignal = new AbortController().signal): Use {
  return { signal, clock, deadlineMs: clock.now() + 60_000, redact: redactionOf([]), action: 'probe' };
}

/** Its first logon never ends. */
class HangingOnce extends OracleDriver {
  #attempts = 0;

  override connect(): Promise<Connection> {
    this.#attempts += 1;
    return this.#attempts === 1 ? new Promise(() => undefined) : super.connect();
  }
}

function poolHangingOnce(clock: Clock): SessionPool<Connection> {
  const { connectString, user, password, schema } = database;
  const driver = new HangingOnce({
    connectString,
    user,
    password,
    schema,
    session: {},
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    configDir: null,
    walletLocation: null,
    walletPassword: null,
  });
  return new SessionPool({ driver, max: 1, connectTimeoutMs: CONNECT_TIMEOUT_MS, clock });
}

describe('a logon that never ends', () => {
  it('gives its place up, and asks for another thread, since nothing else cuts its socket', async () => {
    const clock = new Limits();
    await using pool = poolHangingOnce(clock);
    const hanging = pool.take(use(clock));
    void clock.expire(LOGON_MS);
    await expect(hanging).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNAVAILABLE',
      details: { recycleThread: true },
    });
    await using session = await pool.take(use(clock));
    await session.call((connection) => connection.ping());
  });

  it('gives its place up where nobody waited for its end', async () => {
    const clock = new Limits();
    await using pool = poolHangingOnce(clock);
    const stop = new AbortController();
    const stopped = pool.take(use(clock, stop.signal));
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    const next = pool.take(use(clock));
    await clock.expire(LOGON_MS);
    await using session = await next;
    await session.call((connection) => connection.ping());
    expect(pool.size).toEqual({ open: 1, idle: 0 });
  });
});

describe.skipIf(SERVER_ONLY)(onTestServer('a network that swallows everything'), () => {
  it('while a connection rests does not hold the next question: another connection answers it', async () => {
    await using proxy = await openFreezingProxy(database.connectString.split('/')[0] ?? '');
    const clock = new Limits();
    await using source = await database.source({
      connectString: `${proxy.address}/PARQ`,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      clock,
    });
    const { version } = await source.probe(ALL, sourceContext());
    proxy.freeze();
    proxy.thaw();
    clock.restedMs = 10_000;
    const next = source.probe(ALL, sourceContext());
    await clock.expire(PING_MS);
    expect((await next).version).toBe(version);
    expect(source.connections?.()).toEqual({ busy: 0, idle: 1 });
  });

  it('while a session is set up is told as a database that cannot be had', async () => {
    const clock = new Limits();
    await using proxy = await openFreezingProxy(database.connectString.split('/')[0] ?? '');
    await using source = await database.source({
      connectString: `${proxy.address}/PARQ`,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      pool: { max: 1 },
      clock,
    });
    const { hooks } = database.server ?? expect.unreachable();
    hooks.onExecute = (sql) => {
      if (!sql.startsWith('ALTER SESSION')) return;
      proxy.freeze();
      void clock.expire(LOGON_MS);
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

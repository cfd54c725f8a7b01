/** What the gate lets through when Redis restarts, forgets, hangs or is gone (I11). Each test has a Redis of its own. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectRedis } from './connection.ts';
import { openCoordination, type Coordination } from './coordination.ts';
import { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import { EpochLost, isEpochLost } from '../ports/coordination.ts';
import { openEpoch } from '../testing/coordination-contract.ts';
import { randomId, STORE_ID, systemClock } from '../testing/redis-harness.ts';
import { RedisProcess } from '../testing/redis-process.ts';

const TARGET = { key: 'k-00000000000000000000000000000000', scopes: [], probeTargets: [] };

let server: RedisProcess;
let coordination: Coordination;
const opened: Coordination[] = [];

const open = async (reconnectMs = 5000): Promise<Coordination> => {
  const made = await openCoordination({
    url: server.url,
    storeId: STORE_ID,
    clock: systemClock,
    randomId,
    reconnectMs,
  });
  opened.push(made);
  return made;
};

/** One read on a connection of its own, past the gate. */
const peek = async (key: string): Promise<string | null> => {
  const redis = connectRedis({ url: server.url }, 'worker');
  const value = await redis.get(key);
  redis.disconnect();
  return value;
};

const raw = async (...command: [string, ...string[]]): Promise<void> => {
  const redis = connectRedis({ url: server.url }, 'worker');
  await redis.call(...command);
  redis.disconnect();
};

beforeEach(async () => {
  server = await RedisProcess.start();
  coordination = await open();
  await openEpoch({ ports: coordination, storeId: STORE_ID }, 1);
});

afterEach(async () => {
  for (const made of opened.splice(0)) await made.close();
  await server[Symbol.asyncDispose]();
});

describe('the gate', () => {
  test('a command that was in flight when Redis restarted with its data is not executed by the new process', async () => {
    await coordination.ticks.invalidate('source:s', 'soft');
    const clock = await peek(KEYS.clock);
    server.pause();
    const verdict = coordination.ticks.invalidate('source:s', 'hard').then(
      () => 'executed',
      (error: unknown) => (isEpochLost(error) ? 'refused' : error),
    );
    // One turn of the loop: the command is in the hands of the paused process.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    await server.kill();
    await server.start();
    expect(await verdict).toBe('refused');
    expect(await peek(KEYS.clock)).toBe(clock);
  });

  test('a restart is noticed without any command', async () => {
    const lost = new Promise<void>((resolve) => {
      coordination.register.onLost(resolve);
    });
    await server.kill();
    await server.start();
    await lost;
    await expect(coordination.ticks.epoch()).rejects.toSatisfy(isEpochLost);
  });

  test('after a restart the next epoch is opened and work goes on; the older process hears of it', async () => {
    const other = await open();
    const { marker } = await coordination.register.read();
    if (marker === null) throw new Error('no marker');
    other.register.adopt(marker);
    await server.kill();
    await server.start();
    await openEpoch({ ports: coordination, storeId: STORE_ID }, 2);
    expect((await coordination.heads.look(TARGET, null)).seen.epoch).toBe(2);
    await expect(other.heads.look(TARGET, null)).rejects.toSatisfy(isEpochLost);
  });

  test.each(['FLUSHALL', 'FLUSHDB'])(
    '%s is noticed by the next command, and its listeners hear it once',
    async (command) => {
      let lost = 0;
      coordination.register.onLost(() => {
        lost += 1;
      });
      await raw(command);
      await expect(
        coordination.leases.acquire({ key: TARGET.key, fillId: 'f', holder: 'h', ttlMs: 1, scopes: [] }),
      ).rejects.toBeInstanceOf(EpochLost);
      await expect(coordination.heads.look(TARGET, null)).rejects.toSatisfy(isEpochLost);
      expect(lost).toBe(1);
      expect(await peek(KEYS.clock)).toBeNull();
    },
  );

  test('a connection that broke while Redis went on costs nothing but a reconnect', async () => {
    const tick = await coordination.ticks.invalidate('source:s', 'soft');
    await raw('CLIENT', 'KILL', 'TYPE', 'normal');
    expect(await coordination.ticks.invalidate('source:s', 'soft')).toBe(tick + 1);
  });

  test('a socket that ended and did not say so yet is not tried twice', async () => {
    const redis = connectRedis({ url: server.url }, 'commands');
    const gate = new RedisGate({ redis, url: server.url, clock: systemClock, reconnectMs: 5000 });
    expect(await gate.plain((client) => client.ping())).toBe('PONG');
    redis.stream.end();
    expect(redis.status).toBe('ready');
    expect(await gate.plain((client) => client.ping())).toBe('PONG');
    await gate.close();
  });

  test('scripts survive SCRIPT FLUSH', async () => {
    await coordination.heads.look(TARGET, null);
    await raw('SCRIPT', 'FLUSH');
    expect((await coordination.heads.look(TARGET, null)).head).toBeNull();
  });

  test('a Redis that is gone is PQ_COORDINATION_DOWN for every port, and one that comes back serves again', async () => {
    const hasty = await open(2_000);
    await server.kill();
    const down = { code: 'PQ_COORDINATION_DOWN' };
    await Promise.all([
      expect(coordination.ping()).rejects.toMatchObject(down),
      expect(hasty.heads.look(TARGET, null)).rejects.toSatisfy(isEpochLost),
      expect(hasty.register.read()).rejects.toMatchObject(down),
      expect(hasty.entries.list({ prefix: '', dataset: null, limit: 1, after: null })).rejects.toMatchObject(down),
      expect(hasty.jobs.status(`lake.fill.${'0'.repeat(32)}`)).rejects.toMatchObject(down),
      expect(hasty.notices.subscribe(TARGET.key, () => undefined)).rejects.toMatchObject(down),
      expect(hasty.statMemo.get('a')).resolves.toBeNull(),
    ]);
    await server.start();
    await openEpoch({ ports: coordination, storeId: STORE_ID }, 2);
    expect((await coordination.heads.look(TARGET, null)).seen.epoch).toBe(2);
  });

  test('a Redis that hangs is PQ_COORDINATION_DOWN', async () => {
    server.pause();
    await expect(coordination.heads.look(TARGET, null)).rejects.toMatchObject({ code: 'PQ_COORDINATION_DOWN' });
  });

  test('a Redis that hangs from the start is told apart from one that is not there', async () => {
    server.pause();
    const failure = await open(200).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'PQ_COORDINATION_DOWN' });
    expect(String(failure)).toContain('no answer within 0.2 s');
  });

  test('a Redis that is not there at the start is PQ_COORDINATION_DOWN', async () => {
    await server.kill();
    await expect(open(200)).rejects.toMatchObject({
      code: 'PQ_COORDINATION_DOWN',
      message: expect.stringContaining(server.url) as string,
    });
  });

  test('a Redis that belongs to another store is refused', async () => {
    const other = await openCoordination({ url: server.url, storeId: 'another-store', clock: systemClock, randomId });
    opened.push(other);
    await expect(other.register.read()).rejects.toMatchObject({ code: 'PQ_CONFIG' });
  });

  test('after a broken connection listeners are called once Redis knows their channel again', async () => {
    const heard: string[] = [];
    const calls = new Map<string, () => void>();
    const next = (key: string) =>
      new Promise<void>((resolve) => {
        calls.set(key, resolve);
      });
    const listen = (key: string) =>
      coordination.notices.subscribe(key, () => {
        heard.push(key);
        calls.get(key)?.();
      });
    await listen('a');
    const gone = await listen('b');
    await gone.close();
    const lostHint = next('a');
    await raw('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await lostHint;
    const published = next('a');
    await coordination.outcomes.record({ id: 'lake.fill.00', key: 'a' }, { kind: 'cancelled' });
    await coordination.outcomes.record({ id: 'lake.fill.01', key: 'b' }, { kind: 'cancelled' });
    await published;
    expect(heard).toEqual(['a', 'a']);
  });
});

/** Heartbeats, records of chores, and Redis looked at, on a real Redis. */
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { connectRedis } from './connection.ts';
import { openCoordination, type Coordination } from './coordination.ts';
import { inspectRedis } from './inspection.ts';
import { KEYS } from './keys.ts';
import { Presence } from '../presence.ts';
import type { ProcessRecord } from '../ports/processes.ts';
import { openEpoch } from '../testing/coordination-contract.ts';
import { openFreezingProxy } from '../testing/freezing-proxy.ts';
import { randomId, STORE_ID, systemClock } from '../testing/redis-harness.ts';

const URL = `${inject('redisUrl')}/118`;
let admin: ReturnType<typeof connectRedis>;
let coordination: Coordination;

beforeEach(async () => {
  admin = connectRedis({ url: URL }, 'worker');
  await admin.flushdb();
  coordination = await openCoordination({ url: URL, storeId: STORE_ID, clock: systemClock, randomId });
});
afterEach(async () => {
  await coordination.close();
  admin.disconnect();
});

function record(id: string, change: Partial<ProcessRecord> = {}): Omit<ProcessRecord, 'skewMs'> {
  const self = {
    role: 'worker',
    host: id,
    pid: 1,
    version: '1',
    node: 'v20',
    url: 'http://h',
    startedAtMs: 1,
  } as const;
  return { id, ...self, config: {}, ...change };
}

const idsOf = async (): Promise<readonly string[]> => (await coordination.processes.list()).map(({ id }) => id);

describe('processes', () => {
  test('are listed while they tell that they live, and no longer', async () => {
    const { processes } = coordination;
    await processes.tell({ ...record('b'), skewMs: 0 }, 60_000);
    await processes.tell({ ...record('a', { role: 'api' }), skewMs: 0 }, 60_000);
    expect(await idsOf()).toEqual(['a', 'b']);
    expect(await admin.pttl(KEYS.process('b')), 'a process that dies is forgotten by itself').toBeGreaterThan(0);
    await admin.del(KEYS.process('b'));
    expect(await idsOf()).toEqual(['a']);
    expect(await admin.smembers(KEYS.processes), 'and its name goes with the next look').toEqual(['a']);
  });

  test('beat by themselves, know how far their clock is off, and leave when they stop', async () => {
    const clock = { now: () => systemClock.now() + 60_000, sleep: systemClock.sleep };
    const presence = new Presence(record('a'), { processes: () => coordination.processes, clock, everyMs: 50 });
    presence.start();
    try {
      const skew = async (): Promise<number> => (await coordination.processes.list())[0]?.skewMs ?? 0;
      await expect.poll(skew).toBeGreaterThan(30_000);
      // Redis forgets, and is told again.
      await admin.flushdb();
      await expect.poll(idsOf).toEqual(['a']);
    } finally {
      await presence.stop();
    }
    expect(await idsOf()).toEqual([]);
  });

  test('that have no connection are quiet', async () => {
    const presence = new Presence(record('a'), { processes: () => null, clock: systemClock });
    presence.start();
    await presence.stop();
    expect(await idsOf()).toEqual([]);
  });
});

test('the last run of each chore is kept', async () => {
  const { processes } = coordination;
  expect(await processes.chores()).toEqual({});
  await processes.noteChore('collect', { by: 'w', outcome: { ok: true, report: { keys: 3 } } });
  await processes.noteChore('reconcile', { by: 'w', outcome: { ok: false, code: 'PQ_STORE_IO', message: 'EIO' } });
  await processes.noteChore('collect', { by: 'v', outcome: { ok: true, report: null } });
  const at = expect.any(Number) as number;
  expect(await processes.chores()).toEqual({
    collect: { by: 'v', outcome: { ok: true, report: null }, finishedAtMs: at },
    reconcile: { by: 'w', outcome: { ok: false, code: 'PQ_STORE_IO', message: 'EIO' }, finishedAtMs: at },
  });
});

describe('a Redis that is looked at', () => {
  const LOOK = { clock: systemClock, now: () => 0 };

  test('tells what it is and which epoch is open in it, and is left as it was', async () => {
    expect(await inspectRedis(URL, LOOK)).toMatchObject({ role: 'master', marker: null });
    expect(await admin.dbsize()).toBe(0);
    await openEpoch({ ports: coordination, storeId: STORE_ID }, 3);
    await coordination.reconciler.savePassPosition(3, '7f');
    const { marker, pass, runId } = await inspectRedis(URL, LOOK);
    expect(marker).toMatchObject({ epoch: 3, storeId: STORE_ID, runId });
    expect(pass).toEqual({ position: '7f', completedAtMs: null });
  });

  test('that does not answer is down', async () => {
    await expect(inspectRedis('redis://127.0.0.1:1', LOOK)).rejects.toMatchObject({ code: 'PQ_COORDINATION_DOWN' });
  });

  test('that takes the connection and says nothing is told so, in words of its own', async () => {
    await using proxy = await openFreezingProxy(null);
    const clock = { ...systemClock, sleep: () => systemClock.sleep(50) };
    await expect(inspectRedis(`redis://${proxy.address}`, { ...LOOK, clock })).rejects.toMatchObject({
      code: 'PQ_COORDINATION_DOWN',
      message: 'Redis did not answer within 4 s',
      details: { silent: true },
    });
  });

  test('tells how many workers ask it for jobs, those of its own database', async () => {
    const looked = async (url: string) => (await inspectRedis(url, LOOK)).connectedWorkers;
    // `admin` is one; that of the test before may not have left yet.
    await expect.poll(() => looked(URL)).toBe(1);
    const worker = connectRedis({ url: URL }, 'worker');
    await worker.ping();
    expect([await looked(URL), await looked(`${inject('redisUrl')}/119`)]).toEqual([2, 0]);
    worker.disconnect();
    await expect.poll(() => looked(URL)).toBe(1);
  });
});

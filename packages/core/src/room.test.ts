/** Admission on the memory ports: what is refused before it starts, what is stopped, and what is told of it. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { WantedRoom } from './gc.ts';
import type { StoreRules } from './model/retention.ts';
import { StoreRoom, type HeldRoom } from './room.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { KEY } from './testing/store-fixtures.ts';

const RULES: StoreRules = {
  graceMs: 100,
  keep: { generations: 1, maxAgeMs: 0 },
  quotaBytes: 100,
  reserveBytes: 0,
  unreadMs: null,
  datasets: { small: { quotaBytes: 30, keep: { generations: 1, maxAgeMs: 0 } } },
};

let store: MemoryStore;
let redis: MemoryRedis;
let coordination: MemoryCoordination;
let nowMs: number;
let made: WantedRoom[];
let onMake: () => void;
let looks: (() => void)[];
let told: string[];

beforeEach(async () => {
  nowMs = 1_000_000;
  made = [];
  onMake = () => undefined;
  looks = [];
  told = [];
  store = new MemoryStore({ storeId: 'room' });
  redis = new MemoryRedis({ now: () => nowMs });
  coordination = new MemoryCoordination(redis);
  await openEpoch({ ports: coordination, storeId: 'room' }, 1);
});

describe('before it starts a fill', () => {
  test('reserves what the head takes, and what it reserved is free when it is over', async () => {
    const held = await hold(room(), 'a', 40);
    await hold(room(), 'b', 40);
    expect((await coordination.usage.read()).reservedBytes).toBe(80);
    await held.release();
    expect((await coordination.usage.read()).reservedBytes).toBe(40);
  });

  test('is refused where it passes a quota, after room was made, with what to do', async () => {
    const admission = room();
    await hold(admission, 'a', 40);
    await hold(admission, 'b', 40);
    await expect(hold(admission, 'c', 40)).rejects.toMatchObject({
      code: 'PQ_STORE_FULL',
      retryable: true,
      message:
        'the store has no room: 80 B of its quota of 100 B are taken and this load needs 40 B; what nobody reads goes after its '
        + 'grace (store.retention.grace): ask again then, or raise the quota, give the filesystem more, or purge what is not needed',
      details: { limit: 'quota', quotaBytes: 100, takenBytes: 80, wantedBytes: 40 },
    });
    expect(made).toEqual([{ bytes: 40, dataset: null, guessed: false }]);
    expect(told).toEqual(['room-refused']);
    expect((await coordination.usage.read()).reservedBytes).toBe(80);
  });

  test('finds the room that was made for it', async () => {
    const admission = room();
    await hold(admission, 'a', 45);
    onMake = () => void coordination.usage.release('a');
    await hold(admission, 'b', 45);
    await hold(admission, 'c', 45);
    expect(made).toEqual([{ bytes: 45, dataset: null, guessed: false }]);
  });

  test('is refused by the quota of its dataset, and by what is free of the filesystem', async () => {
    await expect(hold(room(), 'a', 14, 'small')).resolves.toBeDefined();
    await expect(hold(room(), 'b', 15, 'small')).resolves.toBeDefined();
    await expect(hold(room(), 'c', 2, 'small')).rejects.toMatchObject({ details: { limit: 'datasetQuota' } });
    store.capacityBytes = 50;
    const filesystem = { ...RULES, quotaBytes: null, reserveBytes: 20 };
    await expect(hold(room(filesystem), 'd', 31)).rejects.toMatchObject({
      code: 'PQ_STORE_FULL',
      message: expect.stringContaining('this load needs 31 B more') as string,
      details: { limit: 'reserve', freeBytes: 50, reserveBytes: 20 },
    });
    await expect(hold(room(filesystem), 'e', 30)).resolves.toBeDefined();
  });

  test('has no room made for it where an empty store had none: its own head stays until it is replaced', async () => {
    await expect(hold(room(), 'a', 60)).resolves.toBeDefined();
    await expect(hold(room(), 'b', 60)).rejects.toMatchObject({ code: 'PQ_STORE_FULL' });
    expect(made).toEqual([]);
  });

  test('waits for one collection together with others, and the next one is not at once', async () => {
    const admission = room();
    await hold(admission, 'a', 45);
    await hold(admission, 'b', 45);
    const refused = await Promise.allSettled(['c', 'd', 'e'].map((fillId) => hold(admission, fillId, 45)));
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(hold(admission, 'f', 45)).rejects.toMatchObject({ code: 'PQ_STORE_FULL' });
    expect(made).toHaveLength(1);
    nowMs += 5000;
    for (const fillId of ['a', 'b']) await hold(admission, fillId, 45);
    await expect(hold(admission, 'g', 45)).rejects.toMatchObject({ code: 'PQ_STORE_FULL' });
    expect(made).toHaveLength(2);
  });
});

describe('while it runs a fill', () => {
  test('is stopped when it takes more than there is, and nothing goes for so large a guess', async () => {
    await hold(room(), 'other', 45);
    const held = await hold(room(), 'f1', null);
    await write('f1', 40);
    await look();
    expect(held.passed.aborted).toBe(false);
    await write('f1', 56);
    await look();
    expect(held.passed.reason).toMatchObject({ code: 'PQ_STORE_FULL', details: { wantedBytes: 56 } });
    await held.release();
    expect((await coordination.usage.read()).reservedBytes).toBe(45);
    expect(made).toEqual([]);
  });

  test('has twice of what it had made room for, as a guess, and holds nothing itself by then', async () => {
    await hold(room(), 'other', 45);
    await hold(room(), 'another', 40);
    const held = await hold(room(), 'f1', null);
    await write('f1', 16);
    let reservedBytes = 0;
    onMake = () => {
      reservedBytes = [...redis.state.reserved.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    };
    await look();
    expect(held.passed.aborted).toBe(true);
    expect(made).toEqual([{ bytes: 32, dataset: null, guessed: true }]);
    expect(reservedBytes).toBe(85);
  });

  test('that was stopped is remembered: the next one is refused before anything goes for it, for as long as a grace', async () => {
    const other = await hold(room(), 'other', 45);
    const held = await hold(room(), 'f1', null);
    await write('f1', 56);
    await look();
    await held.release();
    await expect(hold(room(), 'f2', null)).rejects.toMatchObject({
      message:
        'the store has no room: 45 B of its quota of 100 B are taken and this load needs 56 B; so much is not made free for a load '
        + 'whose size nobody knows (a quarter of a quota at most): raise the quota, or purge what is not needed',
    });
    expect(made).toEqual([]);
    await other.release();
    await expect(hold(room(), 'f3', null)).resolves.toBeDefined();
    await coordination.usage.release('f3');
    await hold(room(), 'other', 45);
    nowMs += 60_000;
    await hold(room(), 'others', 45);
    await expect(hold(room(), 'f4', null)).resolves.toBeDefined();
  });

  test('that was quicker than the first look is looked at before it publishes', async () => {
    const held = await hold(room(), 'f1', null);
    await write('f1', 101);
    await held.settle();
    expect(held.passed.reason).toMatchObject({ code: 'PQ_STORE_FULL', details: { wantedBytes: 101 } });
    await held.release();
  });

  test('that a full filesystem stopped is not remembered: what others wrote there is none of its own', async () => {
    store.capacityBytes = 50;
    const filesystem = room({ ...RULES, quotaBytes: null, reserveBytes: 20 });
    const held = await hold(filesystem, 'f1', null);
    await write('f1', 40);
    await look();
    expect(held.passed.reason).toMatchObject({
      message: expect.stringContaining('this load has written 40 B so far') as string,
      details: { limit: 'reserve' },
    });
    await held.release();
    expect([redis.state.outgrown.size, redis.state.reserved.size]).toEqual([0, 0]);
  });

  test('that was looked at for the last time is not any more: its commit counts what it reserved', async () => {
    const held = await hold(room(), 'f1', null);
    await write('f1', 40);
    await held.settle();
    expect((await coordination.usage.read()).reservedBytes).toBe(40);
    nowMs += 30_000;
    expect((await coordination.usage.read()).reservedBytes).toBe(40);
    await coordination.usage.release('f1');
    await look();
    expect((await coordination.usage.read()).reservedBytes).toBe(0);
    await held.release();
  });

  test('gives back what it reserved after a commit where its last look was not answered', async () => {
    const held = await hold(room(), 'f1', 40);
    const { marker } = redis.state;
    coordination.register.adopt({ epoch: 1, runId: 'another', incarnation: 'x', storeId: 'room' });
    await held.settle();
    if (marker !== null) coordination.register.adopt(marker);
    await held.counted();
    expect((await coordination.usage.read()).reservedBytes).toBe(0);
  });

  test('leaves what it reserved to its commit after a last look', async () => {
    const held = await hold(room(), 'f1', 40);
    await held.settle();
    await held.counted();
    expect((await coordination.usage.read()).reservedBytes).toBe(40);
  });

  test('is not stopped by a Redis that does not answer', async () => {
    const held = await hold(room(), 'f1', null);
    coordination.register.adopt({ epoch: 1, runId: 'another', incarnation: 'x', storeId: 'room' });
    await look();
    expect(held.passed.aborted).toBe(false);
    await held.release();
  });
});

function room(rules: StoreRules = RULES): StoreRoom {
  return new StoreRoom({
    usage: coordination.usage,
    space: store.space,
    rules,
    clock: {
      now: () => nowMs,
      sleep: (_ms, signal) =>
        new Promise((resolve, reject) => {
          looks.push(resolve);
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
    },
    makeRoom: async (wanted) => {
      made.push(wanted);
      onMake();
      return { waitingFor: null };
    },
    onStep: (name) => void told.push(name),
    lookEveryMs: 1000,
  });
}

async function hold(
  admission: StoreRoom,
  fillId: string,
  headBytes: number | null,
  dataset: string | null = null,
): Promise<HeldRoom> {
  return await admission.hold({ key: KEY, fence: 7, fillId, dataset, headBytes });
}

async function write(fillId: string, bytes: number): Promise<void> {
  const staged = store.allStaging().find((directory) => directory.fillId === fillId);
  const path = staged === undefined ? (await store.writer.stage(KEY, 7, fillId)).partPath : partPaths.get(fillId);
  partPaths.set(fillId, path ?? '');
  await store.writePart(path ?? '', 'rows', { bytes });
}

const partPaths = new Map<string, string>();

/** Every fill that sleeps looks once, and has done so when this resolves. */
async function look(): Promise<void> {
  for (const wake of looks.splice(0)) wake();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

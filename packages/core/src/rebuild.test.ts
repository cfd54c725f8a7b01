/** What reconciliation takes from a key's directory, on the memory ports. */
import { beforeEach, expect, test } from 'vitest';
import { reconcileKey, reconcilePass, shardsOfUnfinishedPass } from './rebuild.ts';
import type { Head } from './model/generation.ts';
import { epochStart, type Tick } from './model/ticks.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { KEY, publishGeneration, stageGeneration } from './testing/store-fixtures.ts';

const OLDER = epochStart(1) + 5;
const NEWEST = epochStart(1) + 8;

let store: MemoryStore;
let coordination: MemoryCoordination;

beforeEach(async () => {
  store = new MemoryStore({ storeId: 'rebuild' });
  coordination = new MemoryCoordination(new MemoryRedis({ now: () => 1_000_000 }));
  await openEpoch({ ports: coordination, storeId: 'rebuild' }, 2);
});

test('the newest generation of an older epoch becomes the head', async () => {
  await publish(OLDER);
  await publish(NEWEST);
  expect((await reconciledHead())?.fence).toBe(NEWEST);
});

test('a damaged generation is passed over for an older whole one', async () => {
  await publish(OLDER);
  await publish(NEWEST);
  store.corruptPart(KEY, NEWEST);
  expect((await reconciledHead())?.fence).toBe(OLDER);
});

test('nothing at or below a hard mark of the key is restored', async () => {
  await publish(OLDER);
  await store.marks.raiseMark({ target: `key:${KEY}`, hard: NEWEST, purge: 0 });
  expect(await reconciledHead()).toBeNull();
});

test('a generation that a fill of this epoch has published and not yet committed hides none of the older ones', async () => {
  await publish(OLDER);
  await publish(epochStart(2) + 1);
  expect((await reconciledHead())?.fence).toBe(OLDER);
});

test('fills of older epochs lose their staging directories, those of this epoch keep them', async () => {
  await stageGeneration(store, { key: KEY, fence: OLDER, fillId: 'old' });
  await stageGeneration(store, { key: KEY, fence: epochStart(2) + 1, fillId: 'new' });
  await reconciledHead();
  expect(store.allStaging().map(({ fillId }) => fillId)).toEqual(['new']);
});

test('a view is known again by the tables it reads, and takes over their marks before its head is there', async () => {
  await publish(NEWEST, { reads: { 'APP.V': ['APP.SALES'] } });
  const tick = await coordination.ticks.invalidate('table:lake/APP.SALES', 'purge');
  await reconciledHead();
  expect(await coordination.parts.readers('lake/APP.SALES')).toEqual(['lake/APP.V']);
  const look = await coordination.heads.look({ key: KEY, scopes: ['table:lake/APP.V'], probeTargets: [] }, null);
  expect(look).toMatchObject({ head: null, seen: { hard: tick, purge: tick } });
});

test.each([undefined, 'x', { 'APP.V': 'APP.SALES' }, { 'APP.V': [7] }])(
  'details that tell no tables (%j) are no reason to lose a generation',
  async (reads) => {
    await publish(NEWEST, { reads });
    expect((await reconciledHead())?.fence).toBe(NEWEST);
  },
);

test('a pass that was interrupted goes on after the last shard that it finished, a few keys at a time', async () => {
  const keys = Array.from({ length: 12 }, (_, at) => `k-${at < 5 ? '0a' : 'b1'}${String(at).padStart(30, '0')}`);
  for (const key of keys) await publishGeneration(store, { key, fence: NEWEST, fillId: key });
  const stop = new AbortController();
  const visited: string[] = [];
  const under = { now: 0, most: 0 };
  const { reconciler, ticks, parts } = coordination;
  const { directories, reader } = store;
  const deps = { reconciler, ticks, parts, directories, reader, onStep: () => undefined };
  const listWithMark: typeof directories.listWithMark = async (key, told) => {
    under.now += 1;
    under.most = Math.max(under.most, under.now);
    visited.push(key);
    if (visited.length === 8) stop.abort(new Error('Ctrl-C'));
    const listed = await directories.listWithMark(key, told);
    under.now -= 1;
    return listed;
  };
  const keysOf = directories.keys.bind(directories);
  const watched = { ...deps, directories: { listWithMark, keys: keysOf } as typeof directories };
  await expect(reconcilePass(watched, { signal: stop.signal, keysAtOnce: 3 })).rejects.toThrow('Ctrl-C');
  expect(visited.slice(0, 5).toSorted()).toEqual(keys.slice(0, 5));
  visited.length = 0;
  expect(await shardsOfUnfinishedPass(coordination), 'up to 0a').toBe(11);
  await reconcilePass(watched, { signal: new AbortController().signal, keysAtOnce: 3 });
  expect(visited.toSorted()).toEqual(keys.slice(5));
  expect(under.most).toBe(3);
  expect(await shardsOfUnfinishedPass(coordination)).toBeNull();
});

async function publish(fence: Tick, sourceDetails = {}): Promise<void> {
  await publishGeneration(store, { key: KEY, fence, fillId: `f${fence}`, sourceDetails });
}

async function reconciledHead(): Promise<Head | null> {
  const { reconciler, ticks, parts, heads } = coordination;
  const { directories, reader } = store;
  await reconcileKey(KEY, { reconciler, ticks, parts, directories, reader, onStep: () => undefined });
  return (await heads.look({ key: KEY, scopes: [], probeTargets: [] }, null)).head;
}

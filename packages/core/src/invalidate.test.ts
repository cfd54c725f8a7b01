/** What an invalidation marks, in Redis and on the store, on the ports in memory. */
import { beforeEach, expect, test } from 'vitest';
import { Epochs } from './epoch.ts';
import { invalidate } from './invalidate.ts';
import type { InvalidateMode } from './ports/coordination.ts';
import { READERS_MAX } from './ports/parts.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';

let coordination: MemoryCoordination;
let store: MemoryStore;
let epochs: Epochs;

beforeEach(async () => {
  store = new MemoryStore({ storeId: 'invalidate' });
  coordination = new MemoryCoordination(new MemoryRedis({ now: () => 1_000_000 }));
  let ids = 0;
  epochs = new Epochs({
    register: coordination.register,
    store: store.epochs,
    clock: { now: () => 0, sleep: async () => undefined },
    randomId: () => `id${(ids += 1)}`,
    onStep: () => undefined,
  });
  await epochs.open();
});

test.each(['soft', 'hard', 'purge'] as const)('%s on a table marks each view that reads it as well', async (mode) => {
  await coordination.parts.learn('wh/APP.V', ['wh/APP.SALES', 'wh/APP.REGIONS']);
  await coordination.parts.learn('wh/APP.W', ['wh/APP.REGIONS']);
  const { tick, reached } = await mark('table:wh/APP.SALES', mode);
  expect(reached).toEqual(['table:wh/APP.V']);
  const field = mode === 'purge' ? 'purge' : mode;
  expect((await seenAt('table:wh/APP.SALES'))[field]).toBe(tick);
  expect((await seenAt('table:wh/APP.V'))[field]).toBeGreaterThan(tick);
  expect((await seenAt('table:wh/APP.W'))[field]).toBe(0);
});

test('what a table and its views were marked with is on the store before it is acknowledged, unless it is soft', async () => {
  await coordination.parts.learn('wh/APP.V', ['wh/APP.SALES']);
  await mark('table:wh/APP.SALES', 'soft');
  expect(await store.epochs.scopeMarks()).toEqual([]);
  const { tick } = await mark('table:wh/APP.SALES', 'purge');
  const marks = (await store.epochs.scopeMarks()).toSorted((a, b) => a.hard - b.hard);
  expect(marks).toEqual([
    { target: 'table:wh/APP.SALES', hard: tick, purge: tick },
    { target: 'table:wh/APP.V', hard: tick + 1, purge: tick + 1 },
  ]);
});

test('a table with more readers than can be told apart takes the whole source with it', async () => {
  for (let i = 0; i <= READERS_MAX; i += 1) await coordination.parts.learn(`wh/APP.V${i}`, ['wh/APP.SALES']);
  expect((await mark('table:wh/APP.SALES', 'hard')).reached).toEqual(['source:wh']);
});

test('keys, datasets and sources reach nothing but themselves', async () => {
  for (const target of ['key:k', 'dataset:d', 'source:wh']) expect((await mark(target, 'hard')).reached).toEqual([]);
});

function mark(target: string, mode: InvalidateMode) {
  return invalidate(target, mode, { ticks: coordination.ticks, parts: coordination.parts, marks: store.marks, epochs });
}

async function seenAt(scope: string) {
  return (await coordination.heads.look({ key: 'any', scopes: [scope], probeTargets: [] }, null)).seen;
}

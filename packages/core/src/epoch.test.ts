/** The last epoch there can be. What else an epoch is, the contracts of coordination and the simulation tell. */
import { expect, test } from 'vitest';
import { Epochs } from './epoch.ts';
import { EPOCH_MAX } from './model/ticks.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';

test('a store that has had all epochs is refused before its ticks are no longer told apart', async () => {
  const store = new MemoryStore({ storeId: 'old' });
  const coordination = new MemoryCoordination(new MemoryRedis({ now: () => 0 }));
  const epochs = new Epochs({
    register: coordination.register,
    store: store.epochs,
    clock: { now: () => 0, sleep: async () => undefined },
    randomId: () => 'id',
    onStep: () => undefined,
  });
  expect(await store.epochs.claim(EPOCH_MAX - 1)).toBe(true);
  expect(await epochs.open()).toBe(EPOCH_MAX);
  await expect(epochs.openNext()).rejects.toMatchObject({ code: 'PQ_CONFIG' });
  expect(await store.epochs.latest()).toBe(EPOCH_MAX);
});

/** The tie to Redis over the ports in memory, where the moment is certain in which it breaks. */
import { ParqueueError } from '@parqueue/core';
import type { Coordination } from '@parqueue/core/redis';
import { MemoryCoordination, MemoryRedis, MemoryStore } from '@parqueue/core/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CoordinationLink, type LinkOptions } from './coordination-link.ts';

const down = new ParqueueError('PQ_COORDINATION_DOWN', 'Redis is away');

let silent: boolean;
let lose: () => void;
/** When the background says that the epoch is open. */
let onOpen: () => void;
let link: CoordinationLink;

beforeEach(async () => {
  silent = false;
  lose = () => undefined;
  onOpen = () => undefined;
  const memory = new MemoryCoordination(new MemoryRedis({ now: () => 0 }));
  const register: Coordination['register'] = {
    ...memory.register,
    read: async () => {
      if (silent) throw down;
      return await memory.register.read();
    },
    onLost: (listener) => {
      lose = listener;
      return () => undefined;
    },
  };
  const ping = async (): Promise<void> => {
    if (silent) throw down;
  };
  const { heads, pins } = memory;
  const coordination = { heads, pins, register, ping, close: async () => undefined };
  const store = new MemoryStore({ storeId: 'linked' });
  const told = (message: unknown): void => {
    if (message === 'the epoch is open') onOpen();
  };
  let named = 0;
  link = new CoordinationLink({
    connect: async () => coordination as unknown as Coordination,
    store,
    clock: { now: () => 0, sleep: () => new Promise((resolve) => setImmediate(resolve)) },
    randomId: () => `id-${(named += 1)}`,
    waitersMax: 1,
    onStep: () => undefined,
    log: { info: told, warn: () => undefined },
  } as unknown as LinkOptions);
  await link.start();
});
afterEach(() => link.close());

const isReady = async (): Promise<void> =>
  await expect.poll(() => link.ready, { interval: 1, timeout: 20_000 }).toBe(true);

test('an epoch that is lost at the very moment in which it was opened again is opened once more', async () => {
  let losses = 0;
  onOpen = () => {
    losses += 1;
    if (losses < 3) lose();
  };
  lose();
  expect(link.ready).toBe(false);
  await isReady();
  expect(losses).toBe(3);
});

test('a failure for want of Redis closes it where Redis is silent, and not where it was somebody else who had lost it', async () => {
  link.suspect(down);
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(link.ready).toBe(true);
  silent = true;
  link.suspect(down);
  await expect.poll(() => link.ready, { interval: 1, timeout: 20_000 }).toBe(false);
  expect(() => link.current()).toThrow(expect.objectContaining({ code: 'PQ_COORDINATION_DOWN' }));
  silent = false;
  await isReady();
});

/** The coordination contract, on the memory port and on a real Redis. */
import { inject } from 'vitest';
import { redisHarness, STORE_ID } from './testing.ts';
import { coordinationContract } from '../testing/coordination-contract.ts';
import type { CoordinationHarness } from '../testing/coordination-harness.ts';
import { MemoryCoordination, MemoryRedis } from '../testing/memory/redis.ts';

coordinationContract('memory', async () => memoryHarness());
coordinationContract('Redis', async () => await redisHarness(`${inject('redisUrl')}/101`));

function memoryHarness(): CoordinationHarness {
  let nowMs = 1_700_000_000_000;
  const server = new MemoryRedis({ now: () => (nowMs += 1) });
  const keyState = (key: string) => {
    const known = server.state.keys.get(key);
    if (known === undefined) throw new Error(`nothing is known of ${key}`);
    return known;
  };
  return {
    ports: new MemoryCoordination(server),
    storeId: STORE_ID,
    another: async () => new MemoryCoordination(server),
    ageLease: async (key) => { const { lease } = keyState(key); if (lease !== null) lease.expiresAtMs = 1; },
    agePin: async (key, pinId) => { const pin = keyState(key).pins.get(pinId); if (pin !== undefined) pin.expiresAtMs = 1; },
    ageRetired: async (key, fence, byMs) => {
      const old = keyState(key).retired.get(fence);
      if (old !== undefined) old.retiredAtMs -= byMs;
    },
    close: async () => undefined,
  };
}

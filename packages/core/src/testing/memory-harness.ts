/** The coordination ports in memory, held by a contract suite. */
import { PINS_PER_KEY_MAX_UNDER_TEST, type CoordinationHarness } from './coordination-harness.ts';
import { MemoryCoordination, MemoryRedis } from './memory/redis.ts';
import { notedBucket } from '../redis/noted-reads.ts';
import { emptyState } from './memory/state.ts';
import { STORE_ID } from './redis-harness.ts';

export function memoryHarness(): CoordinationHarness {
  let nowMs = 1_700_000_000_000;
  const server = new MemoryRedis({ now: () => (nowMs += 1), pinsPerKeyMax: PINS_PER_KEY_MAX_UNDER_TEST });
  const keyState = (key: string) => server.state.keys.get(key);
  return {
    ports: new MemoryCoordination(server),
    storeId: STORE_ID,
    another: async () => new MemoryCoordination(server),
    ageLease: async (key) => {
      const lease = keyState(key)?.lease;
      if (lease) lease.expiresAtMs = 1;
    },
    agePin: async (key, pinId) => {
      const pin = keyState(key)?.pins.get(pinId);
      if (pin !== undefined) pin.expiresAtMs = 1;
    },
    ageRunning: async (asked, target) => {
      const part = server.state.parts.get(`${asked}:${target}`);
      if (part?.running) part.running = { ...part.running, untilMs: 1 };
    },
    ageCooling: async (source) => {
      const known = server.state.cooling.get(source);
      if (known === undefined) return;
      if (known.untilMs > 0) known.untilMs = 1;
      if (known.trialUntilMs > 0) known.trialUntilMs = 1;
    },
    ageNoted: async (name, byMs) => {
      for (const read of server.state.noted.get(notedBucket(name))?.get(name) ?? []) {
        read.begunAtMs -= byMs;
        read.usedAtMs -= byMs;
      }
    },
    ageReservation: async (fillId) => {
      const known = server.state.reserved.get(fillId);
      if (known !== undefined) server.state.reserved.set(fillId, { ...known, expiresAtMs: 1 });
    },
    ageOutgrown: async (key) => {
      const known = server.state.outgrown.get(key);
      if (known !== undefined) server.state.outgrown.set(key, { ...known, untilMs: 1 });
    },
    ageRetired: async (key, fence, byMs) => {
      const old = keyState(key)?.retired.get(fence);
      if (old !== undefined) old.retiredAtMs -= byMs;
    },
    forget: async () => {
      server.restart(server.state.runId, emptyState(server.state.runId));
    },
    close: async () => undefined,
  };
}

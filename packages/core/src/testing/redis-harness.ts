/** Coordination ports over a database of a real Redis, held by a contract suite. */
import { randomBytes } from 'node:crypto';
import { connectRedis } from '../redis/connection.ts';
import { RedisGate } from '../redis/gate.ts';
import { redisHeads, redisPins } from '../redis/heads.ts';
import { KEYS } from '../redis/keys.ts';
import { redisCooling } from '../redis/cooling.ts';
import { notedBucket, redisNotedReads } from '../redis/noted-reads.ts';
import { redisParts, partKeys } from '../redis/parts.ts';
import { redisLeases, redisTicks } from '../redis/leases.ts';
import { redisRegister } from '../redis/register.ts';
import { redisReconciler, redisRetirement } from '../redis/retirement.ts';
import { redisEviction } from '../redis/eviction.ts';
import { redisUsage } from '../redis/usage.ts';
import type { Clock } from '../ports/clock.ts';
import {
  PINS_PER_KEY_MAX_UNDER_TEST,
  type CoordinationHarness,
  type CoordinationPorts,
} from './coordination-harness.ts';

export const STORE_ID = 'store-under-test';

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          reject(signal.reason);
        },
        { once: true },
      );
    }),
};

export const randomId = (): string => randomBytes(16).toString('hex');

export function redisPorts(gate: RedisGate, storeId = STORE_ID): CoordinationPorts {
  return {
    register: redisRegister(gate, storeId, randomId),
    heads: redisHeads(gate, PINS_PER_KEY_MAX_UNDER_TEST),
    pins: redisPins(gate, PINS_PER_KEY_MAX_UNDER_TEST),
    leases: redisLeases(gate),
    ticks: redisTicks(gate),
    parts: redisParts(gate),
    cooling: redisCooling(gate),
    notedReads: redisNotedReads(gate),
    retirement: redisRetirement(gate),
    eviction: redisEviction(gate),
    usage: redisUsage(gate),
    reconciler: redisReconciler(gate),
  };
}

/** A harness over an emptied database. */
export async function redisHarness(
  url: string,
): Promise<CoordinationHarness & { readonly redis: ReturnType<typeof connectRedis> }> {
  const raw = connectRedis({ url }, 'worker');
  await raw.flushdb();
  const gates: RedisGate[] = [];
  const process = (): CoordinationPorts => {
    const gate = new RedisGate({
      redis: connectRedis({ url }, 'commands'),
      url,
      clock: systemClock,
      reconnectMs: 3000,
    });
    gates.push(gate);
    return redisPorts(gate);
  };
  return {
    redis: raw,
    ports: process(),
    storeId: STORE_ID,
    another: async () => process(),
    ageLease: async (key) => {
      if ((await raw.exists(KEYS.lease(key))) === 1) await raw.hset(KEYS.lease(key), 'expiresAt', '1');
    },
    agePin: async (key, pinId) => {
      await raw.zadd(KEYS.pins(key), 'XX', 1, pinId);
    },
    ageRunning: async (asked, target) => {
      const [name = ''] = partKeys({ asked, targets: [target] });
      if ((await raw.hexists(name, 'running')) === 1) await raw.hset(name, 'runningUntil', '1');
    },
    ageCooling: async (source) => {
      for (const field of ['until', 'trialUntil']) {
        if ((await raw.hexists(KEYS.cooling(source), field)) === 1) await raw.hset(KEYS.cooling(source), field, '1');
      }
    },
    ageNoted: async (name, byMs) => {
      const bucket = KEYS.noted(notedBucket(name));
      const text = await raw.hget(bucket, name);
      if (text === null) return;
      const reads = JSON.parse(text) as { begun: number; used: number }[];
      const aged = reads.map((read) => ({ ...read, begun: read.begun - byMs, used: read.used - byMs }));
      await raw.hset(bucket, name, JSON.stringify(aged));
    },
    ageReservation: async (fillId) => {
      const known = await raw.hget(KEYS.reserved, fillId);
      if (known === null) return;
      const [bytes, , ...dataset] = known.split(':');
      await raw.hset(KEYS.reserved, fillId, [bytes, 1, ...dataset].join(':'));
    },
    ageOutgrown: async (key) => {
      if ((await raw.pttl(KEYS.outgrown(key))) > 0) await raw.del(KEYS.outgrown(key));
    },
    ageRetired: async (key, fence, byMs) => {
      const known = await raw.hget(KEYS.retired(key), String(fence));
      if (known === null) return;
      const [at, ...fillId] = known.split(':');
      await raw.hset(KEYS.retired(key), String(fence), `${Number(at) - byMs}:${fillId.join(':')}`);
    },
    forget: async () => {
      await raw.flushdb();
    },
    close: async () => {
      for (const gate of gates) await gate.close();
      raw.disconnect();
    },
  };
}

/** Leases and ticks on Redis: everything that moves the clock (I3, I13). */
import type { RedisGate } from './gate.ts';
import { inChunks } from './chunks.ts';
import { KEYS, markKey } from './keys.ts';
import { PART_LIFE_MS, partKeys } from './parts.ts';
import { asArray, asNumber, leaseHolderOf } from './replies.ts';
import { assertInvariant } from '../model/errors.ts';
import { epochOf } from '../model/ticks.ts';
import {
  EpochLost,
  type LeasedFill,
  type LeaseGrant,
  type Leases,
  type Mark,
  type Ticks,
} from '../ports/coordination.ts';

export function redisLeases(gate: RedisGate): Leases {
  return {
    acquire: async ({ key, fillId, holder, ttlMs, scopes }) =>
      grantOf(
        await gate.script(
          'lease-acquire',
          [KEYS.key(key), KEYS.lease(key), KEYS.clock, KEYS.pass, KEYS.leases],
          [fillId, holder, ttlMs, key, JSON.stringify(scopes)],
        ),
      ),
    renew: async ({ key, fillId, ttlMs, scopes }, fence) =>
      (await gate.script(
        'lease-renew',
        [KEYS.key(key), KEYS.lease(key), KEYS.leases, ...scopes.map(KEYS.scope)],
        [fillId, fence, ttlMs, key],
      )) === 1,
    release: async ({ key, fillId }, fence) => {
      await gate.script('lease-release', [KEYS.lease(key), KEYS.leases], [fillId, fence, key]);
    },
    list: async () =>
      await gate.plain(async (redis) => {
        const fills: LeasedFill[] = [];
        for (const keys of inChunks(await redis.zrange(KEYS.leases, '0', '-1'), LEASES_PER_READ)) {
          const leases = await Promise.all(keys.map((key) => redis.hmget(KEYS.lease(key), 'fence', 'scopes')));
          for (const [at, [fence, scopes]] of leases.entries()) {
            const key = keys[at];
            if (key === undefined || fence === null || fence === undefined) continue;
            if (epochOf(Number(fence)) !== gate.marker?.epoch) continue;
            // Written by lease-acquire alone; a lease of an earlier release has none.
            fills.push({ key, fence: Number(fence), scopes: JSON.parse(scopes ?? '[]') as readonly string[] });
          }
        }
        return fills;
      }),
  };
}

const LEASES_PER_READ = 200;

export function redisTicks(gate: RedisGate): Ticks {
  return {
    startProbe: async ({ key, probeTargets }, announcement) => {
      const parts = announcement === undefined ? [] : partKeys({ asked: announcement.asked, targets: probeTargets });
      const [tick, now] = asArray(
        await gate.script(
          'probe-start',
          [KEYS.clock, KEYS.key(key), ...probeTargets.map(KEYS.target), ...parts],
          [parts.length, announcement?.forMs ?? 0, PART_LIFE_MS],
        ),
      );
      return { tick: asNumber(tick), nowMs: asNumber(now) };
    },
    invalidate: async (target, mode) =>
      asNumber(await gate.script('invalidate', [KEYS.clock, markKey(target)], [mode])),
    restoreMarks: async (epoch, marks) => {
      gate.requireEpoch(epoch);
      for (const some of inChunks(marks, MARKS_PER_CALL)) {
        await gate.script(
          'marks-restore',
          some.map(({ target }) => markKey(target)),
          some.flatMap(markTicks),
        );
      }
    },
    epoch: async () => {
      if (gate.marker === null) throw new EpochLost('no epoch is open in this process');
      return gate.marker.epoch;
    },
  };
}

/** Each is raise-only by itself, so a list may be split: bounds the time one script holds Redis. */
const MARKS_PER_CALL = 200;

export function markTicks({ hard, purge }: Mark): readonly [number, number] {
  return [Math.max(hard, purge), purge];
}

function grantOf(reply: unknown): LeaseGrant {
  const [kind, ...rest] = asArray(reply);
  switch (kind) {
    case 'unreconciled':
      return { kind };
    case 'granted':
      return { kind, fence: asNumber(rest[0]), grantedAtMs: asNumber(rest[1]), expiresAtMs: asNumber(rest[2]) };
    case 'busy': {
      const holder = leaseHolderOf(rest.slice(0, 4));
      assertInvariant(holder !== null, 'a busy lease has a holder');
      return { kind, holder, nowMs: asNumber(rest[4]) };
    }
    default:
      throw new Error(`lease-acquire answered ${String(kind)}`);
  }
}

/** Heads and pins by name on Redis: head-pin, mark-verified, head-commit, head-damage, pin-* (I3, I7). */
import { CHANNELS, KEYS } from './keys.ts';
import type { RedisGate } from './gate.ts';
import { asArray, asNumber, asNumberOrNull, fieldsOf, headOf, leaseHolderOf } from './replies.ts';
import { PINS_PER_KEY_MAX, tooManyPins } from '../model/pin.ts';
import type { Heads, Look, LookTarget, LookWish, Pins } from '../ports/coordination.ts';

const NO_PIN_LEFT = -1;

export function redisHeads(gate: RedisGate, pinsPerKeyMax = PINS_PER_KEY_MAX): Heads {
  return {
    look: async (target, wish) => {
      const epoch = gate.marker?.epoch ?? 0;
      const pin = wish === 'read' ? null : wish;
      const reply = await gate.script('head-pin', lookKeys(target), [
        target.scopes.length,
        target.key,
        wish === null || wish === 'read' ? (wish ?? '') : 'pin',
        pin?.id ?? '',
        pin?.ttlMs ?? 0,
        pinsPerKeyMax,
      ]);
      const look = lookOf(epoch, target, wish, reply);
      if (look.pin?.expiresAtMs === NO_PIN_LEFT) throw tooManyPins(target.key, pinsPerKeyMax);
      return look;
    },
    markVerified: async (key, { version, tick, beganAtMs }) => {
      const reply = await gate.script(
        'mark-verified',
        [KEYS.head(key)],
        [version, tick, beganAtMs, CHANNELS.notice(key)],
      );
      return reply === 1;
    },
    commit: async (request) => {
      const { key, fence, fillId, version, sha256, bytes, rows, consistency, source, dataset, startedAtMs } = request;
      const [committed, latestFence] = asArray(
        await gate.script(
          'head-commit',
          [
            KEYS.key(key),
            KEYS.head(key),
            KEYS.retired(key),
            KEYS.entries,
            KEYS.dataset(dataset ?? ''),
            KEYS.changes,
            KEYS.sizes(key),
            KEYS.usage,
            KEYS.reserved,
            ...request.scopes.map(KEYS.scope),
          ],
          [
            key,
            fence,
            fillId,
            startedAtMs,
            CHANNELS.notice(key),
            version,
            sha256,
            bytes,
            rows,
            consistency,
            source,
            dataset ?? '',
          ],
        ),
      );
      return committed === 1 ? { kind: 'committed' } : { kind: 'fenced', latestFence: asNumber(latestFence) };
    },
    markDamaged: async (key, fence, reason) => {
      await gate.script('head-damage', [KEYS.head(key)], [fence, reason, CHANNELS.notice(key)]);
    },
  };
}

export function redisPins(gate: RedisGate, pinsPerKeyMax = PINS_PER_KEY_MAX): Pins {
  return {
    pinGeneration: async ({ key, fence }, wish) => {
      const expiresAtMs = asNumberOrNull(
        await gate.script(
          'pin-generation',
          [KEYS.key(key), KEYS.head(key), KEYS.retired(key), KEYS.pins(key), KEYS.pinned(key), KEYS.reads],
          [key, fence, wish.id, wish.ttlMs, pinsPerKeyMax],
        ),
      );
      if (expiresAtMs === NO_PIN_LEFT) throw tooManyPins(key, pinsPerKeyMax);
      return expiresAtMs === null ? null : { id: wish.id, key, fence, expiresAtMs };
    },
    renew: async (key, pinId, ttlMs) => {
      const reply = await gate.script('pin-renew', [KEYS.key(key), KEYS.pins(key), KEYS.pinned(key)], [pinId, ttlMs]);
      if (reply === null) return null;
      const [fence, expiresAt] = asArray(reply);
      return { id: pinId, key, fence: asNumber(fence), expiresAtMs: asNumber(expiresAt) };
    },
    release: async (key, pinId) => {
      await gate.script('pin-release', [KEYS.pins(key), KEYS.pinned(key)], [pinId]);
    },
  };
}

function lookKeys({ key, scopes, probeTargets }: LookTarget): readonly string[] {
  return [
    KEYS.key(key),
    KEYS.head(key),
    KEYS.lease(key),
    KEYS.pins(key),
    KEYS.pinned(key),
    KEYS.reads,
    KEYS.pass,
    KEYS.clock,
    ...scopes.map(KEYS.scope),
    ...probeTargets.map(KEYS.target),
  ];
}

function lookOf(epoch: number, { key }: LookTarget, wish: LookWish, reply: unknown): Look {
  const [ticks, flatHead, pinExpiresAt, reconciled, latestFence, lease, now] = asArray(reply);
  const [started = 0, soft = 0, hard = 0, purge = 0, clock = 0, learned = 0] = asArray(ticks).map(asNumber);
  const head = headOf(fieldsOf(flatHead));
  const expiresAtMs = asNumberOrNull(pinExpiresAt);
  return {
    seen: { epoch, started, soft, hard, purge, clock, learned },
    head,
    pin:
      wish === null || wish === 'read' || head === null || expiresAtMs === null
        ? null
        : { id: wish.id, key, fence: head.fence, expiresAtMs },
    reconciled: reconciled === 1,
    latestFence: asNumber(latestFence),
    lease: leaseHolderOf(lease),
    nowMs: asNumber(now),
  };
}

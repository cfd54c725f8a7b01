/** keys-survey, head-evict and key-forget: what gc asks of many keys at once, how a head without a successor goes, and its key (I6). */
import { EVICTION_REASONS } from '../model/retention.ts';
import type { Eviction, KeySurvey, Size } from '../ports/retention.ts';
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import { asArray, asNumber, asNumberOrNull, fieldsOf } from './replies.ts';

export function redisEviction(gate: RedisGate): Eviction {
  return {
    survey: async (keys) => {
      const named = keys.flatMap((key) => [
        KEYS.key(key),
        KEYS.head(key),
        KEYS.lease(key),
        KEYS.retired(key),
        KEYS.removing(key),
        KEYS.sizes(key),
      ]);
      const [now, told] = asArray(await gate.script('keys-survey', [KEYS.reads, ...named], keys));
      const surveys = asArray(told);
      return { nowMs: asNumber(now), keys: keys.map((key, at) => surveyOf(key, surveys[at])) };
    },
    evict: async ({ key, fence, dataset, readAtMs }, { epoch, reason, dryRun }) => {
      gate.requireEpoch(epoch);
      const reply = await gate.script(
        'head-evict',
        [
          KEYS.key(key),
          KEYS.head(key),
          KEYS.lease(key),
          KEYS.retired(key),
          KEYS.pins(key),
          KEYS.pinned(key),
          KEYS.reads,
          KEYS.clock,
          KEYS.entries,
          KEYS.dataset(dataset ?? ''),
          KEYS.changes,
          KEYS.leases,
        ],
        [key, fence, reason, readAtMs ?? '', dryRun ? 1 : 0],
      );
      return reply === 1 ? 'evicted' : 'refused';
    },
    forget: async (key, { epoch, toldMs }) => {
      gate.requireEpoch(epoch);
      const own = [KEYS.key, KEYS.head, KEYS.lease, KEYS.retired, KEYS.removing, KEYS.sizes, KEYS.pins, KEYS.pinned];
      const named = own.map((name) => name(key));
      const reply = await gate.script('key-forget', [...named, KEYS.reads, KEYS.leases], [key, toldMs]);
      return reply === 1 ? 'forgotten' : 'refused';
    },
  };
}

function surveyOf(key: string, reply: unknown): KeySurvey {
  const [known, head, readAt, leased, retired, removing, sizes] = asArray(reply);
  const [latestFence, purge, evicted, evictedFor, evictedAt] = asArray(known);
  const [fence, source, dataset, committedAt, restoredAt, verifiedAt] = asArray(head);
  const reason = EVICTION_REASONS.find((candidate) => candidate === evictedFor);
  return {
    key,
    latestFence: asNumberOrNull(latestFence) ?? 0,
    purge: asNumberOrNull(purge) ?? 0,
    leased: leased === 1,
    head:
      fence === null
        ? null
        : {
            fence: asNumber(fence),
            source: String(source),
            dataset: dataset === '' ? null : String(dataset),
            committedAtMs: asNumber(committedAt),
            verifiedAtMs: asNumber(verifiedAt),
            restoredAtMs: asNumberOrNull(restoredAt),
            readAtMs: asNumberOrNull(readAt),
          },
    retired: Object.entries(fieldsOf(retired)).map(([at, value]) => {
      const colon = value.indexOf(':');
      return { fence: Number(at), retiredAtMs: Number(value.slice(0, colon)), committed: colon < value.length - 1 };
    }),
    removing: asArray(removing).map(Number),
    sizes: new Map(Object.entries(fieldsOf(sizes)).map(([at, size]) => [Number(at), sizeOf(size)])),
    evicted: reason === undefined ? null : { fence: asNumber(evicted), atMs: asNumber(evictedAt), reason },
  };
}

function sizeOf(text: string): Size {
  const colon = text.indexOf(':');
  const dataset = text.slice(colon + 1);
  return { bytes: Number(text.slice(0, colon)), dataset: dataset === '' ? null : dataset };
}

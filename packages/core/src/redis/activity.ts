/**
 * What happens, from Redis's streams: the one that commits write, and those that BullMQ writes for each queue, of which
 * only the ids of jobs are taken. Two commands a look, however many jobs there are; nothing blocks.
 */
import type { Redis } from 'ioredis';
import type { RedisGate } from './gate.ts';
import type { JobQueues } from './queues.ts';
import { queueName } from './queues.ts';
import { EVICTED_FIELDS, evictedOf } from './entries.ts';
import { KEYS, PREFIX } from './keys.ts';
import { headOf } from './replies.ts';
import { assertInvariant } from '../model/errors.ts';
import { SharedLook } from '../model/shared-look.ts';
import type { Activity, Happened } from '../ports/activity.ts';

/** Entries of each stream per look: more wait for the next one. */
const ENTRIES_MAX = 1_000;
/** Changes told to who comes back, the latest: they go out at once. */
const MISSED_MAX = 500;

type StreamEntry = readonly [id: string, fields: readonly string[]];

export function redisActivity(gate: RedisGate, queues: JobQueues): Activity {
  // Streams that a network broke come back at once, each with an id of its own: one read, behind the oldest, tells them all.
  const missed = new SharedLook((ids: readonly string[]) => {
    const oldest = ids.reduce((first, id) => (isBehind(first, id) ? id : first));
    return gate.plain((redis) => missedSince(redis, oldest));
  });
  return {
    start: async () => {
      const [seconds, micros] = await gate.plain((redis) => redis.time());
      // Ids of streams are times. What happens in this very millisecond is told.
      const nowMs = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
      return { since: `${nowMs - 1}-${Number.MAX_SAFE_INTEGER}`, read: {} };
    },
    since: async ({ since, read }) => {
      const names = (await queues.all()).map(({ kind, source }) => `${PREFIX}:${queueName(kind, source)}:events`);
      const streams = [KEYS.changes, ...names];
      return await gate.plain(async (redis) => {
        const from = streams.map((stream) => read[stream] ?? since);
        const told = new Map(await redis.xread('COUNT', ENTRIES_MAX, 'STREAMS', ...streams, ...from));
        const last = [...told].flatMap(([stream, entries]) => {
          const id = entries.at(-1)?.[0];
          return id === undefined ? [] : [[stream, id] as const];
        });
        const changes = await changesOf(redis, told.get(KEYS.changes) ?? []);
        told.delete(KEYS.changes);
        const jobIds = [...told.values()].flatMap((entries) => entries.flatMap(jobIdsOf));
        return {
          position: { since, read: { ...read, ...Object.fromEntries(last) } },
          jobIds: [...new Set(jobIds)],
          changes,
        };
      });
    },
    changesAfter: async (id) => {
      const { changes, from, to } = await missed.take(id);
      // What was told once is in the stream until it is trimmed: an id before or behind all of it is of one that was lost.
      const isKnown = from !== null && to !== null && !isBehind(from, id) && !isBehind(id, to);
      return { changes: changes.filter((change) => isBehind(change.id, id)), complete: isKnown };
    },
  };
}

/** All changes behind `from`, the last of them `to`; null where there are none to tell from. */
interface Missed {
  readonly changes: Happened['changes'];
  readonly from: string | null;
  readonly to: string | null;
}

async function missedSince(redis: Redis, id: string): Promise<Missed> {
  const [oldest] = await redis.xrange(KEYS.changes, '-', '+', 'COUNT', 1);
  const [newest] = await redis.xrevrange(KEYS.changes, '+', '-', 'COUNT', 1);
  if (oldest === undefined || newest === undefined) return { changes: [], from: null, to: null };
  const entries = await redis.xrevrange(KEYS.changes, '+', `(${id}`, 'COUNT', MISSED_MAX + 1);
  const untold = entries[MISSED_MAX]?.[0];
  const changes = await changesOf(redis, entries.slice(0, MISSED_MAX).toReversed());
  return { changes, from: untold ?? (isBehind(oldest[0], id) ? oldest[0] : id), to: newest[0] };
}

function fieldOf(fields: readonly string[], name: string): string {
  return fields[fields.indexOf(name) + 1] ?? '';
}

function jobIdsOf([, fields]: StreamEntry): readonly string[] {
  const id = fields[fields.indexOf('jobId') + 1];
  return id === undefined || !fields.includes('jobId') ? [] : [id];
}

/** Whether the change of the first id came after that of the second. */
export function isBehind(id: string, other: string): boolean {
  const [ms = 0, number = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherNumber = 0] = other.split('-').map(Number);
  return ms === otherMs ? number > otherNumber : ms > otherMs;
}

/** What is told of a key is what is there now; an eviction that another change follows is told by that one. */
async function changesOf(redis: Redis, entries: readonly StreamEntry[]): Promise<Happened['changes']> {
  const last = new Map<string, { readonly id: string; readonly fence: string }>();
  for (const [id, fields] of entries) {
    const key = fieldOf(fields, 'key');
    // Set anew, so that keys are in the order of their last changes.
    last.delete(key);
    last.set(key, { id, fence: fieldOf(fields, 'fence') });
  }
  const pipeline = redis.pipeline();
  for (const key of last.keys()) pipeline.hgetall(KEYS.head(key)).hmget(KEYS.key(key), ...EVICTED_FIELDS);
  const replies = last.size === 0 ? [] : await pipeline.exec();
  assertInvariant(replies !== null, 'a pipeline answers');
  return [...last].flatMap(([key, { id, fence }], at): Happened['changes'] => {
    const [[headError, headFields] = [], [keyError, keyFields] = []] = replies.slice(2 * at, 2 * at + 2);
    if (headError || keyError) throw headError ?? keyError;
    const head = headOf(headFields as Readonly<Record<string, string>>);
    if (head !== null) return [{ id, key, head }];
    const evicted = evictedOf(keyFields as readonly (string | null)[]);
    return evicted === null || String(evicted.fence) !== fence ? [] : [{ id, key, head, evicted }];
  });
}

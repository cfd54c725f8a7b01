/**
 * What happens, from Redis's streams: the one that commits write, and those that BullMQ writes for each queue, of which
 * only the ids of jobs are taken. Two commands a look, however many jobs there are; nothing blocks.
 */
import type { Redis } from 'ioredis';
import type { RedisGate } from './gate.ts';
import type { JobQueues } from './queues.ts';
import { queueName } from './queues.ts';
import { KEYS, PREFIX } from './keys.ts';
import { headOf } from './replies.ts';
import { assertInvariant } from '../model/errors.ts';
import type { Activity, HeadChange } from '../ports/activity.ts';

/** Entries of each stream per look: more wait for the next one. */
const ENTRIES_MAX = 1_000;
/** Changes told to who comes back: they go out at once. */
const MISSED_MAX = 500;

type StreamEntry = readonly [id: string, fields: readonly string[]];

export function redisActivity(gate: RedisGate, queues: JobQueues): Activity {
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
    changesAfter: async (id) =>
      await gate.plain(async (redis) => {
        const [oldest] = await redis.xrange(KEYS.changes, '-', '+', 'COUNT', 1);
        const entries = await redis.xrange(KEYS.changes, `(${id}`, '+', 'COUNT', MISSED_MAX + 1);
        const isWhole = entries.length <= MISSED_MAX && (oldest === undefined || !isBehind(oldest[0], id));
        return { changes: await changesOf(redis, entries.slice(0, MISSED_MAX)), complete: isWhole };
      }),
  };
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

async function changesOf(redis: Redis, entries: readonly StreamEntry[]): Promise<readonly HeadChange[]> {
  const ids = new Map<string, string>();
  for (const [id, fields] of entries) {
    const key = fields[fields.indexOf('key') + 1] ?? '';
    // Set anew, so that keys are in the order of their last changes.
    ids.delete(key);
    ids.set(key, id);
  }
  const pipeline = redis.pipeline();
  for (const key of ids.keys()) pipeline.hgetall(KEYS.head(key));
  const replies = ids.size === 0 ? [] : await pipeline.exec();
  assertInvariant(replies !== null, 'a pipeline answers');
  return [...ids].flatMap(([key, id], at) => {
    const [error, fields] = replies[at] ?? [];
    if (error) throw error;
    const head = headOf(fields as Readonly<Record<string, string>>);
    return head === null ? [] : [{ id, key, head }];
  });
}

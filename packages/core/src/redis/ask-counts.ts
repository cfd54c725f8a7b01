/** Counts of asks on Redis: a hash per minute and per hour, each ending by itself. */
import type { Redis } from 'ioredis';
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import { assertInvariant } from '../model/errors.ts';
import {
  ASK_OUTCOMES,
  NO_ASKS,
  type AskBucket,
  type AskCounts,
  type AskOutcome,
  type AskTotals,
  type OutcomeCounts,
} from '../ports/ask-counts.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Resolution {
  readonly key: (bucket: string) => string;
  readonly lengthMs: number;
  readonly kept: number;
}

const MINUTES: Resolution = { key: KEYS.asksMinute, lengthMs: MINUTE_MS, kept: 60 };
const HOURS: Resolution = { key: KEYS.asksHour, lengthMs: HOUR_MS, kept: 24 };

/** Longer than a process holds a batch back while Redis is away and remembers nothing new. */
const BATCH_LIFE_MS = 10 * MINUTE_MS;

export function redisAskCounts(gate: RedisGate): AskCounts {
  return {
    add: async ({ id, totals }) => {
      const nowMs = await gate.plain(timeOf);
      const buckets = [MINUTES, HOURS].map((resolution) => keyAt(resolution, nowMs));
      const ttls = [MINUTES, HOURS].map(({ lengthMs, kept }) => (kept + 1) * lengthMs);
      await gate.script('ask-count', [KEYS.asksBatch(id), ...buckets], [BATCH_LIFE_MS, ...ttls, ...fieldsOf(totals)]);
    },
    history: async () =>
      await gate.plain(async (redis) => {
        const nowMs = await timeOf(redis);
        const [minutes, hours] = await Promise.all([bucketsOf(redis, MINUTES, nowMs), bucketsOf(redis, HOURS, nowMs)]);
        return { minutes, hours };
      }),
  };
}

async function timeOf(redis: Redis): Promise<number> {
  const [seconds] = await redis.time();
  return Number(seconds) * 1000;
}

function keyAt({ key, lengthMs }: Resolution, atMs: number): string {
  return key(String(Math.floor(atMs / lengthMs)));
}

/** Of a field: the outcome, then the dataset, whose name has no colon. */
function fieldsOf(totals: AskTotals): readonly (string | number)[] {
  return [...totals].flatMap(([dataset, counts]) =>
    ASK_OUTCOMES.flatMap((outcome) => (counts[outcome] === 0 ? [] : [`${outcome}:${dataset}`, counts[outcome]])),
  );
}

async function bucketsOf(redis: Redis, resolution: Resolution, nowMs: number): Promise<readonly AskBucket[]> {
  const { lengthMs, kept } = resolution;
  const lastMs = Math.floor(nowMs / lengthMs) * lengthMs;
  const times = Array.from({ length: kept }, (_, at) => lastMs - (kept - 1 - at) * lengthMs);
  const pipeline = redis.pipeline();
  for (const atMs of times) pipeline.hgetall(keyAt(resolution, atMs));
  const replies = await pipeline.exec();
  assertInvariant(replies !== null, 'a pipeline answers');
  return times.map((atMs, at) => {
    const [error, fields] = replies[at] ?? [];
    if (error) throw error;
    return { atMs, totals: totalsOf(fields as Readonly<Record<string, string>>) };
  });
}

/** An outcome that only a later release knows is not shown by this one. */
function totalsOf(fields: Readonly<Record<string, string>>): AskTotals {
  const totals = new Map<string, OutcomeCounts>();
  for (const [field, asks] of Object.entries(fields)) {
    const colon = field.indexOf(':');
    const outcome = field.slice(0, colon);
    const dataset = field.slice(colon + 1);
    if (!isOutcome(outcome)) continue;
    totals.set(dataset, { ...(totals.get(dataset) ?? NO_ASKS), [outcome]: Number(asks) });
  }
  return totals;
}

function isOutcome(text: string): text is AskOutcome {
  return (ASK_OUTCOMES as readonly string[]).includes(text);
}

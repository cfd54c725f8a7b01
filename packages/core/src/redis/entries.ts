/** Listing what Redis remembers. Reads without the marker: what it finds is shown to people and decides nothing. */
import type { Redis } from 'ioredis';
import type { RedisGate } from './gate.ts';
import { inChunks } from './chunks.ts';
import { KEYS } from './keys.ts';
import { asArray, asNumber, asNumberOrNull, headOf } from './replies.ts';
import { assertInvariant } from '../model/errors.ts';
import { EVICTION_REASONS } from '../model/retention.ts';
import type { Entries, EntryFilter, EntryPage, EntrySummary, EvictedHead, StoredSum } from '../ports/entries.ts';

/** Heads read per round trip, and round trips per page: a dataset's index may hold keys that another dataset took over. */
const KEYS_PER_READ = 200;
const READS_PER_PAGE_MAX = 20;

/** Of the record of a key, as `evictedOf` reads them. */
export const EVICTED_FIELDS = ['evicted', 'evictedAt', 'evictedFor', 'evictedOf'] as const;

/** @returns null where no head was evicted */
export function evictedOf([fence, at, why, dataset]: readonly (string | null)[]): EvictedHead | null {
  const reason = EVICTION_REASONS.find((candidate) => candidate === why);
  if (reason === undefined) return null;
  return { fence: Number(fence), atMs: Number(at), reason, dataset: dataset || null };
}

export function redisEntries(gate: RedisGate): Entries {
  return {
    list: async (filter) => await gate.plain((redis) => listPage(redis, filter)),
    sum: async (dataset, keysMax) => {
      const keys = await gate.plain((redis) => redis.zrange(KEYS.dataset(dataset), '0', String(keysMax)));
      const sums: StoredSum[] = [];
      for (const some of inChunks(keys.slice(0, keysMax), KEYS_PER_READ)) sums.push(await sumOf(gate, dataset, some));
      return { ...sums.reduce(together), complete: keys.length <= keysMax };
    },
    retired: async (key) => {
      const retired = await gate.plain((redis) => redis.hgetall(KEYS.retired(key)));
      return Object.entries(retired)
        .map(([fence, value]) => ({ fence: Number(fence), retiredAtMs: Number(value.slice(0, value.indexOf(':'))) }))
        .toSorted((a, b) => b.fence - a.fence);
    },
    evicted: async (key) => {
      return evictedOf(await gate.plain((redis) => redis.hmget(KEYS.key(key), ...EVICTED_FIELDS)));
    },
    pinCount: async (key) =>
      await gate.plain(async (redis) => {
        const [seconds] = await redis.time();
        return await redis.zcount(KEYS.pins(key), `(${Number(seconds) * 1000}`, '+inf');
      }),
  };
}

async function sumOf(gate: RedisGate, dataset: string, keys: readonly string[]): Promise<StoredSum> {
  const reply = asArray(
    await gate.script(
      'heads-sum',
      keys.flatMap((key) => [KEYS.head(key), KEYS.key(key)]),
      [dataset],
    ),
  );
  const [entries, rows, bytes, damaged, latest, newest, oldest, now] = reply;
  return {
    entries: asNumber(entries),
    rows: asNumber(rows),
    bytes: asNumber(bytes),
    damaged: asNumber(damaged),
    newestCommittedAtMs: asNumberOrNull(latest),
    newestVerifiedAtMs: asNumberOrNull(newest),
    oldestVerifiedAtMs: asNumberOrNull(oldest),
    complete: true,
    nowMs: asNumber(now),
  };
}

function together(a: StoredSum, b: StoredSum): StoredSum {
  return {
    ...b,
    entries: a.entries + b.entries,
    rows: a.rows + b.rows,
    bytes: a.bytes + b.bytes,
    damaged: a.damaged + b.damaged,
    newestCommittedAtMs: ofBoth(Math.max, a.newestCommittedAtMs, b.newestCommittedAtMs),
    newestVerifiedAtMs: ofBoth(Math.max, a.newestVerifiedAtMs, b.newestVerifiedAtMs),
    oldestVerifiedAtMs: ofBoth(Math.min, a.oldestVerifiedAtMs, b.oldestVerifiedAtMs),
  };
}

function ofBoth(pick: (a: number, b: number) => number, a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : pick(a, b);
}

async function listPage(redis: Redis, filter: EntryFilter): Promise<EntryPage> {
  const owners = filter.dataset === null ? null : new Set([filter.dataset, ...(filter.alike ?? [])]);
  const indexes = owners === null ? [KEYS.entries] : [...owners].map(KEYS.dataset);
  const entries: EntrySummary[] = [];
  let after = filter.after;
  for (let reads = 0; reads < READS_PER_PAGE_MAX; reads += 1) {
    const min = after !== null && after >= filter.prefix ? `(${after}` : `[${filter.prefix}`;
    const keys = await keysOf(redis, indexes, { min, max: filter.prefix === '' ? '+' : `[${filter.prefix}\xff` });
    for (const summary of await summaries(redis, keys, filter.withPurged ?? false)) {
      const { dataset } = summary.head;
      if (owners !== null && (dataset === null || !owners.has(dataset))) continue;
      if (filter.isFor?.(dataset) === false) continue;
      if (entries.length === filter.limit) return { entries, next: entries.at(-1)?.key ?? null };
      entries.push(summary);
    }
    if (keys.length < KEYS_PER_READ) return { entries, next: null };
    after = keys.at(-1) ?? null;
  }
  return { entries, next: after };
}

/** The first keys of all the indexes together, each once: as many as of one, unless there are no more. */
async function keysOf(
  redis: Redis,
  indexes: readonly string[],
  { min, max }: { readonly min: string; readonly max: string },
): Promise<readonly string[]> {
  const found = await Promise.all(
    indexes.map((index) => redis.zrangebylex(index, min, max, 'LIMIT', 0, KEYS_PER_READ)),
  );
  const [only = []] = found;
  if (found.length <= 1) return only;
  return [...new Set(found.flat())].toSorted().slice(0, KEYS_PER_READ);
}

async function summaries(redis: Redis, keys: readonly string[], withPurged: boolean): Promise<readonly EntrySummary[]> {
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.hgetall(KEYS.head(key)).zscore(KEYS.reads, key).hget(KEYS.key(key), 'purge');
  const replies = await pipeline.exec();
  assertInvariant(replies !== null, 'a pipeline answers');
  return keys.flatMap((key, i) => {
    const [[headError, fields] = [], [readError, readAt] = [], [markError, purge] = []] = replies.slice(
      3 * i,
      3 * i + 3,
    );
    const failed = headError ?? readError ?? markError;
    if (failed) throw failed;
    const head = headOf(fields as Record<string, string>);
    if (head === null || (!withPurged && head.fence <= Number(purge ?? 0))) return [];
    return [{ key, head, lastReadAtMs: readAt === null || readAt === undefined ? null : Number(readAt) }];
  });
}

/** What an answer costs in Redis while a dataset is within its maxAge, counted on the wire; and what becomes of pins. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { NO_ASKS } from '@parqueue/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';
import { redisCommand, RedisMonitor } from './redis-wire.ts';

interface Entry {
  readonly key: string;
  readonly generation: number;
  readonly storeId: string;
  readonly file: { readonly relative: string; readonly path: string; readonly url: string };
  readonly pin: { readonly id: string; readonly url: string } | null;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const as = (name: string) => ({ authorization: `Bearer ${name}` });
const DATASETS = `  small: { source: lake, path: words.csv, freshness: { maxAge: 1h } }
  large: { source: lake, path: large.csv, freshness: { maxAge: 1h } }
`;
const KEYS = `
auth:
  apiKeys:
    - { name: reader, sha256: ${sha256('reader')}, scopes: [read] }
    - { name: admin, sha256: ${sha256('admin')}, scopes: [read, fill, admin] }
`;

let stage: Stage;
let monitor: RedisMonitor;

beforeAll(async () => {
  // What is counted is told once, when the process closes: whatever else reaches Redis here, answers sent.
  stage = await Stage.open({ datasets: DATASETS, yaml: KEYS, api: { tellAsksMs: 3_600_000, beatMs: 3_600_000 } });
  await stage.writeWords('one', 'two');
  // Hashes do not compress: more than a MiB of Parquet.
  const hashes = Array.from({ length: 40_000 }, (_, id) => `${id},${sha256(`row ${id}`)}`);
  await stage.writeSource('large.csv', `id,hash\n${hashes.join('\n')}\n`);
  for (const name of ['small', 'large']) expect((await body(`/v1/datasets/${name}.parquet`)).status).toBe(200);
  // Its queues would be seen on the wire too.
  await stage.stopWorker();
  monitor = await RedisMonitor.open(stage.redis.url);
});
afterAll(async () => {
  await monitor[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

async function resolve(body: object, name = 'admin', headers: Record<string, string> = {}): Promise<Entry> {
  const response = await stage.post('/v1/resolve', { dataset: 'small', ...body }, { ...as(name), ...headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Entry;
}

async function body(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const response = await stage.get(path, { ...as('admin'), ...headers });
  await response.arrayBuffer();
  return response;
}

const pinCount = async (key: string): Promise<string> =>
  await redisCommand(stage.redis.url, ['ZCARD', `{pq}:pins:${key}`]);

describe('a warm ask', () => {
  test('is one round trip, pinned or not, whoever asks', async () => {
    expect(await monitor.during(() => resolve({}))).toEqual(['head-pin']);
    expect(await monitor.during(() => resolve({}, 'reader'))).toEqual(['head-pin']);
    expect(await monitor.during(() => resolve({ pin: '60s' }))).toEqual(['head-pin']);
    expect(await monitor.during(() => resolve({ pin: '60s' }, 'reader'))).toEqual(['head-pin']);
  });

  test('for rows is one round trip where nothing is sent or all of it fits one read', async () => {
    const small = '/v1/datasets/small.parquet';
    expect(await monitor.during(() => body(small))).toEqual(['head-pin']);
    const { headers } = await body(small);
    // fetch adds no-cache to a conditional request that says nothing of its own.
    const unchanged = { 'if-none-match': headers.get('etag') ?? '', 'cache-control': 'max-age=3600' };
    expect(await monitor.during(async () => expect((await body(small, unchanged)).status).toBe(304))).toEqual([
      'head-pin',
    ]);
  });

  test('for a longer body notes that a read begins, pins before the first byte and gives the pin back after the last', async () => {
    const path = '/v1/datasets/large.parquet';
    const commands = await monitor.during(async () => {
      const response = await body(path);
      expect(Number(response.headers.get('content-length'))).toBeGreaterThan(1024 * 1024);
      // Given back after the last byte, so perhaps after the caller has it. One is the worker's, for callers who come back, one the read's.
      await expect.poll(() => pinCount(response.headers.get('parqueue-key') ?? '')).toBe(':2');
    });
    expect(commands.filter((command) => command !== 'zcard')).toEqual([
      'head-pin',
      'noted-begin',
      'pin-generation',
      'pin-release',
    ]);
  });

  test('is remembered as a read of the entry although nothing was pinned', async () => {
    const { key } = await resolve({});
    await redisCommand(stage.redis.url, ['ZREM', '{pq}:reads', key]);
    await body('/v1/datasets/small.parquet');
    expect(await redisCommand(stage.redis.url, ['ZCARD', '{pq}:reads'])).toBe(':2');
  });
});

describe('a pin of a path reader', () => {
  test('is named with the path below the root, the path on this host and the id of the store', async () => {
    const entry = await resolve({ pin: '60s' });
    const store = join(stage.base, 'store');
    expect(entry.file.path).toBe(join(store, entry.file.relative));
    expect(entry.file.relative).toMatch(
      new RegExp(`^entries/../${entry.key}/g${entry.generation}/part-000\\.parquet$`),
    );
    expect(entry.storeId).toMatch(/^[0-9a-f]{32}$/);
    expect((await resolve({})).pin).toBeNull();
  });

  test('that nobody got, because the ask ended in 202, is given back at once', async () => {
    const { key } = await resolve({});
    const before = await pinCount(key);
    const response = await stage.post(
      '/v1/resolve',
      { dataset: 'small', pin: '1h', freshness: { noCache: true } },
      { ...as('admin'), prefer: 'respond-async' },
    );
    expect(response.status).toBe(202);
    expect(await pinCount(key)).toBe(before);
  });

  test('is one of ten thousand at most; beyond them 429, and reads without a pin go on', async () => {
    const { key } = await resolve({}, 'admin');
    const { pin } = await resolve({ pin: '60s' });
    const far = String(Date.now() + 600_000);
    const others = Array.from({ length: 10_000 }, (_, at) => [far, `other-${at}`]).flat();
    await redisCommand(stage.redis.url, ['ZADD', `{pq}:pins:${key}`, ...others]);
    const refusals = [
      await stage.post('/v1/resolve', { dataset: 'small', pin: '60s' }, as('admin')),
      await stage.post(`/v1/entries/${key}/pins`, {}, as('admin')),
    ];
    for (const refused of refusals) {
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBeTruthy();
      expect(await problemOf(refused)).toMatchObject({ code: 'PQ_RATE_LIMITED' });
    }
    expect((await stage.post(pin?.url ?? '', { ttl: '90s' }, as('admin'), 'PUT')).status).toBe(200);
    expect((await body('/v1/datasets/small.parquet')).status).toBe(200);
    await redisCommand(stage.redis.url, ['ZREMRANGEBYRANK', `{pq}:pins:${key}`, '0', '-1']);
    expect((await resolve({ pin: '60s' })).pin).not.toBeNull();
  });

  test('is ended by a purge: neither renewed nor taken anew', async () => {
    const { key, pin } = await resolve({ pin: '60s' });
    expect((await stage.post('/v1/invalidate', { key, mode: 'purge' }, as('admin'))).status).toBe(200);
    const renewed = await stage.post(pin?.url ?? '', { ttl: '60s' }, as('admin'), 'PUT');
    expect(await problemOf(renewed)).toMatchObject({ status: 410, code: 'PQ_GONE' });
    const again = await stage.post(
      '/v1/resolve',
      { dataset: 'small', pin: '60s' },
      { ...as('admin'), prefer: 'respond-async' },
    );
    expect(again.status).toBe(202);
  });
});

interface DatasetFacts {
  readonly asks: { readonly lastHour: Readonly<Record<string, unknown>>; readonly hours: readonly { hit: number }[] };
  readonly stored: Readonly<Record<string, unknown>>;
}

test('asks are told to the whole cluster when a process closes, in one step beside all answers', async () => {
  await body('/v1/datasets/large.parquet');
  await body('/v1/datasets/large.parquet?nonsense=1');
  const commands = await monitor.during(async () => stage.stopApi());
  expect(commands.filter((command) => command === 'ask-count')).toHaveLength(1);
  // Another process, that was asked nothing.
  await stage.startApi();
  const facts = (await (await stage.get('/v1/datasets/large', as('reader'))).json()) as DatasetFacts;
  // Filled once, then read from the cache; what was refused before it was a question is none.
  expect(facts.asks.lastHour).toMatchObject({ ...NO_ASKS, miss: 1, hit: 2, total: 3, hitRatio: 2 / 3 });
  expect(facts.asks.hours.reduce((sum, { hit }) => sum + hit, 0)).toBe(2);
  expect(facts.stored).toMatchObject({ entries: 1, rows: 40_000, complete: true });
  const catalog = (await (await stage.get('/v1/datasets', as('reader'))).json()) as {
    readonly datasets: readonly (DatasetFacts & { readonly name: string })[];
  };
  const { asks } = catalog.datasets.find(({ name }) => name === 'large') ?? facts;
  expect(asks).toEqual({
    lastHour: facts.asks.lastHour,
    lastDay: expect.objectContaining({ hit: 2 }),
    hours: facts.asks.hours,
  });
});

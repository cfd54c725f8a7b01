/** The API in trouble: without Redis, without workers, told to stop; and with keys that bound what callers may. */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { startApi } from '@parqueue/api';
import { connectRedis, openCoordination, type Coordination } from '@parqueue/core/redis';
import { openStore } from '@parqueue/core/store';
import { problemOf, Stage, type StageOptions } from './api-stage.ts';

const stages: Stage[] = [];

async function open(options: StageOptions = {}): Promise<Stage> {
  const stage = await Stage.open(options);
  stages.push(stage);
  return stage;
}

afterEach(async () => {
  for (const stage of stages.splice(0)) await stage[Symbol.asyncDispose]();
});

const words = '/v1/datasets/words.parquet';

const readiness = async (stage: Stage): Promise<unknown> =>
  ((await (await stage.get('/readyz')).json()) as { status: unknown }).status;

test('without Redis strict data is 503 at once, liveness is untouched, readiness says why; both recover', async () => {
  const stage = await open();
  await stage.writeWords('one');
  expect((await stage.get(words)).status).toBe(200);
  await stage.redis.kill();
  await expect.poll(() => readiness(stage)).toBe('degraded');
  expect((await stage.get('/healthz')).status).toBe(200);
  expect((await stage.get('/v1/datasets')).status).toBe(200);
  const refused = await stage.get(words);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBeTruthy();
  expect((await problemOf(refused)).code).toBe('PQ_COORDINATION_DOWN');
  expect((await stage.get('/metrics')).status).toBe(200);

  await stage.redis.start();
  await expect.poll(() => readiness(stage)).toBe('ok');
  // Ready means all of it: every connection is back, so the very next ask is answered.
  expect((await stage.get(words)).status).toBe(200);
});

test('a Redis that forgot everything costs a check of the store, not the data', async () => {
  const stage = await open();
  await stage.writeWords('one', 'two');
  const before = await stage.get(words);
  await stage.redis.restart({ keepData: false });
  await expect.poll(async () => (await stage.get(words)).status).toBe(200);
  const after = await stage.get(words);
  expect(after.headers.get('parqueue-generation')).toBe(before.headers.get('parqueue-generation'));
});

test('an entry that was evicted says when and why it went, and whoever asks fills it again', async () => {
  const stage = await open();
  await stage.writeWords('one');
  const { headers } = await stage.get(words);
  const [key, generation] = [headers.get('parqueue-key') ?? '', Number(headers.get('parqueue-generation'))];
  const { body } = await stage.get('/v1/events');
  await evict(stage, key);
  let told = '';
  for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    told += piece;
    if (told.includes('event: evicted\n')) break;
  }
  expect(told).toContain(`data: {"key":"${key}","dataset":"words","generation":${generation},"reason":"quota"`);

  const refused = await stage.get(`/v1/entries/${key}/explain`);
  expect(refused.status).toBe(404);
  expect(await problemOf(refused)).toMatchObject({
    code: 'PQ_NOT_FOUND',
    detail: expect.stringMatching(/was evicted at \d{4}-.*Z \(quota\): .* whoever asks for it fills it again/),
  });
  const claim = { key, fillId: randomUUID(), holder: 'elsewhere', ttlMs: 60_000, scopes: ['dataset:words'] };
  await coordinated(stage, async ({ leases }) => {
    const grant = await leases.acquire(claim);
    if (grant.kind !== 'granted') throw new Error(`the lease is ${grant.kind}`);
    expect(await problemOf(await stage.get(`/v1/entries/${key}/explain`))).toMatchObject({
      code: 'PQ_NOT_FOUND',
      detail: expect.stringContaining('has no rows at the moment: elsewhere loads it'),
      lease: { holder: 'elsewhere' },
    });
    await leases.release(claim, grant.fence);
  });
  const again = await stage.get(words);
  expect(again.status).toBe(200);
  expect(Number(again.headers.get('parqueue-generation'))).toBeGreaterThan(generation);
  expect((await stage.get(`/v1/entries/${key}/explain`)).status).toBe(200);
});

/** As a collection over its quota does, when the fill has let go of its lease and the pins of its callers have ended. */
async function evict(stage: Stage, key: string): Promise<void> {
  const redis = connectRedis({ url: stage.redis.url }, 'worker');
  await coordinated(stage, async ({ eviction }, epoch) => {
    const attempt = async (): Promise<string> => {
      await redis.del(`{pq}:pins:${key}`);
      const [seen] = (await eviction.survey([key])).keys;
      if (seen?.head == null) throw new Error('there is no head');
      return await eviction.evict({ key, ...seen.head }, { epoch, reason: 'quota', dryRun: false });
    };
    await expect.poll(attempt).toBe('evicted');
  });
  redis.disconnect();
}

/** Beside the stage's own processes, in the epoch that they opened. */
async function coordinated(stage: Stage, work: (coordination: Coordination, epoch: number) => Promise<void>) {
  const { storeId } = await openStore(stage.config.store);
  const clock = { now: () => Date.now(), sleep: (ms: number) => sleep(ms) };
  const coordination = await openCoordination({ url: stage.redis.url, storeId, clock, randomId: randomUUID });
  const { marker } = await coordination.register.read();
  if (marker === null) throw new Error('no epoch is open');
  coordination.register.adopt(marker);
  await work(coordination, marker.epoch);
  await coordination.close();
}

test('an API started before its Redis answers once that is there', async () => {
  const stage = await open({ worker: false });
  await stage.stopApi();
  await stage.redis.kill();
  const api = await startApi({ config: stage.config, log: stage.log });
  try {
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${api.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${api.url}${words}`)).status).toBe(503);
    await stage.redis.start();
    await expect.poll(async () => (await fetch(`${api.url}/readyz`)).status).toBe(200);
  } finally {
    await api.close();
  }
});

test('without a worker a waiting caller is told 202 when its patience ends, and a plain reader 503', async () => {
  const stage = await open({ worker: false, yaml: 'limits: { fillTimeout: 1s }\n' });
  await stage.writeWords('one');
  expect((await stage.get('/v1/datasets/words/data', { prefer: 'wait=1' })).status).toBe(202);
  const plain = await stage.get(words);
  expect(plain.status).toBe(503);
  expect(await problemOf(plain)).toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
  const { fill } = (await (await stage.get('/v1/datasets/words/data', { prefer: 'wait=0' })).json()) as {
    fill: { url: string };
  };
  expect(((await (await stage.get(fill.url)).json()) as { state: string }).state).toBe('queued');
  // A HEAD of its events does not wait for an end that may be far.
  const head = await stage.get(`${fill.url}/events`, {}, 'HEAD');
  expect(head.headers.get('content-type')).toBe('text/event-stream');
  expect((await stage.get(fill.url, {}, 'DELETE')).status).toBe(202);
  expect(((await (await stage.get(fill.url)).json()) as { outcome: { kind: string } }).outcome.kind).toBe('cancelled');
});

test('who polls and names no fill is a new caller after a hard mark, and gets no row from before it', async () => {
  const stage = await open();
  const poll = async (): Promise<Response> =>
    await stage.get('/v1/datasets/words/data', { prefer: 'wait=0', accept: 'application/json' });
  await stage.writeWords('wrong');
  expect((await poll()).status).toBe(202);
  expect(await stage.words(), 'what the poller would be answered with').toEqual(['wrong']);
  const marked = await stage.post('/v1/invalidate', { dataset: 'words', mode: 'hard' });
  expect(marked.status).toBe(200);
  await stage.writeWords('right');
  let response = await poll();
  while (response.status === 202) {
    await sleep(50);
    response = await poll();
  }
  expect(await response.json()).toEqual([{ id: 1, word: 'right' }]);
});

test('a caller who leaves is neither an error in the log nor in the numbers', async () => {
  const stage = await open({ worker: false });
  await stage.writeWords('one');
  const leaving = new AbortController();
  const asked = fetch(`${stage.url}${words}`, { signal: leaving.signal });
  const queued = async () =>
    ((await (await stage.get('/v1/fills?state=queued')).json()) as { fills: unknown[] }).fills.length;
  await expect.poll(queued).toBe(1);
  leaving.abort();
  await expect(asked).rejects.toThrow();
  // The next caller of the same server comes after the one that left.
  expect((await stage.get('/v1/datasets/words/data', { prefer: 'wait=1' })).status).toBe(202);
  expect(await stage.metric('parqueue_requests_total', { outcome: 'error' })).toBe(0);
  expect(stage.logged.filter((line) => line.includes('"level":50'))).toEqual([]);
});

describe('with API keys', () => {
  const key = (text: string) => createHash('sha256').update(text).digest('hex');
  const yaml = `
auth:
  apiKeys:
    - { name: reader, sha256: ${key('reader')}, scopes: [read], datasets: ["w*"] }
    - { name: filler, sha256: ${key('filler')}, scopes: [read, fill] }
    - { name: analyst, sha256: ${key('analyst')}, scopes: [read, fill, adhoc] }
    - { name: admin, sha256: ${key('admin')}, scopes: [read, admin] }
    - { name: keeper, sha256: ${key('keeper')}, scopes: [read, admin], datasets: [words] }
`;
  const as = (name: string) => ({ authorization: `Bearer ${name}` });

  test('nobody without a key, a miss only with fill, undeclared questions only with adhoc, management only with admin', async () => {
    const stage = await open({ yaml });
    await stage.writeWords('one');
    const stranger = await stage.get(words);
    expect(stranger.status).toBe(401);
    expect(stranger.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect((await problemOf(stranger)).code).toBe('PQ_UNAUTHENTICATED');
    expect((await stage.get(words, as('nobody'))).status).toBe(401);

    const miss = await stage.get(words, as('reader'));
    expect(miss.status).toBe(403);
    expect((await problemOf(miss)).code).toBe('PQ_FORBIDDEN');
    const filled = await stage.get(words, as('filler'));
    expect(filled.status).toBe(200);
    expect(filled.headers.get('cache-control')).toMatch(/^private/);
    expect((await stage.get(words, { 'x-api-key': 'reader' })).status).toBe(200);
    expect((await stage.get('/v1/datasets/lenient.parquet', as('reader'))).status).toBe(404);
    const { datasets } = (await (await stage.get('/v1/datasets', as('reader'))).json()) as {
      datasets: { name: string }[];
    };
    expect(datasets.map(({ name }) => name)).toEqual(['words']);

    const adhoc = { source: 'lake', path: 'words.csv' };
    expect((await stage.post('/v1/query', adhoc, as('filler'))).status).toBe(403);
    const mine = await stage.post('/v1/query', adhoc, as('analyst'));
    expect(mine.status).toBe(200);
    expect((await stage.get(`/v1/entries/${mine.headers.get('parqueue-key')}`, as('reader'))).status).toBe(404);

    expect((await stage.post('/v1/invalidate', { dataset: 'words' }, as('filler'))).status).toBe(403);
    expect((await stage.post('/v1/invalidate', { dataset: 'words' }, as('admin'))).status).toBe(200);
    // Loopback scrapes and the page need no key; the data behind them does.
    expect((await stage.get('/metrics')).status).toBe(200);
    expect((await stage.get('/')).status).toBe(200);
    expect((await stage.get('/v1/entries')).status).toBe(401);
  });

  test('a key bounded to some datasets invalidates nothing of others', async () => {
    const stage = await open({ yaml });
    await stage.writeWords('one');
    const own = await stage.get(words, as('filler'));
    const foreign = await stage.get('/v1/datasets/lenient.parquet', as('filler'));
    const mark = (target: object) => stage.post('/v1/invalidate', { ...target, mode: 'purge' }, as('keeper'));
    for (const target of [{ source: 'lake' }, { table: 'lake/t' }])
      expect((await mark(target)).status, JSON.stringify(target)).toBe(403);
    expect((await mark({ dataset: 'lenient' })).status).toBe(404);
    expect((await mark({ key: foreign.headers.get('parqueue-key') })).status).toBe(404);
    const prefixed = (await (await mark({ prefix: 'lenient' })).json()) as { entries: number };
    expect(prefixed.entries).toBe(0);
    expect((await mark({ dataset: 'words' })).status).toBe(200);
    expect((await stage.post('/v1/sources/lake/pause', {}, as('keeper'))).status).toBe(403);
    expect((await stage.get(foreign.headers.get('content-location') ?? '', as('filler'))).status).toBe(200);
    expect((await stage.get(own.headers.get('content-location') ?? '', as('filler'))).status).toBe(410);
    expect((await stage.post('/v1/sources/lake/pause', {}, as('admin'))).status).toBe(200);
  });

  test('an address beyond loopback without any key is refused before anything opens', async () => {
    const stage = await open({ worker: false });
    const config = { ...stage.config, listen: { host: '0.0.0.0', port: 0 } };
    await expect(startApi({ config, log: stage.log })).rejects.toMatchObject({ code: 'PQ_CONFIG' });
  });
});

test('an API told to stop lets a transfer under way finish', async () => {
  const stage = await open();
  const rows = Array.from(
    { length: 400_000 },
    (_, at) => `${at},${createHash('sha256').update(String(at)).digest('hex')}`,
  );
  await stage.writeSource('words.csv', `id,word\n${rows.join('\n')}\n`);
  const response = await stage.get(words);
  const stopped = stage.stopApi();
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(response.headers.get('etag')).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`);
  await stopped;
});

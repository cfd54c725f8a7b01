/**
 * Datasets that refresh themselves, sources that are paused, and what an invalidation tells, over HTTP on the built
 * program. Times are seconds here; nothing is said about how long anything takes, only that it comes about unasked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

const DATASETS = `  often: { source: lake, path: often.csv, freshness: { maxAge: 1d }, refresh: { every: 1s } }
  named:
    source: lake
    path: "named/{market}.csv"
    params: { market: { type: string, pattern: "[a-z]+" } }
    refresh: { every: 1s, params: [{ market: xetra }] }
  nightly: { source: lake, path: often.csv, refresh: { cron: "0 6 * * 1-5", timeZone: Europe/Berlin, jitter: 10m } }
  strict: { source: lake, path: strict.csv }
  forgiving: { source: lake, path: strict.csv, columns: { id: bigint }, freshness: { staleIfError: 1h } }
`;

interface Entry {
  readonly key: string;
  readonly generation: number;
  readonly version: string;
  readonly sha256: string;
}

interface Refreshed {
  readonly everySeconds: number | null;
  readonly next: string | null;
  readonly last: { readonly due: string; readonly entries: Readonly<Record<string, number>> } | null;
}

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ datasets: DATASETS, worker: false });
  await stage.writeSource('often.csv', 'id,word\n1,one\n');
  await stage.writeSource('strict.csv', 'id,word\n1,one\n');
  await stage.writeSource('named/xetra.csv', 'id,word\n1,dax\n');
  await stage.startWorker();
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

const json = async <T>(path: string): Promise<T> => (await (await stage.get(path)).json()) as T;
const post = async <T>(path: string, body: unknown): Promise<T> => (await (await stage.post(path, body)).json()) as T;

/** Looks until it is so; that it comes about is the claim. */
async function eventually<T>(look: () => Promise<T>, isSo: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await look();
    if (isSo(found)) return found;
    await sleep(100);
  }
}

const entryOf = async (dataset: string): Promise<Entry | undefined> =>
  (await json<{ entries: readonly Entry[] }>(`/v1/entries?dataset=${dataset}`)).entries[0];
const refreshOf = async (dataset: string): Promise<Refreshed> =>
  (await json<{ refresh: Refreshed }>(`/v1/datasets/${dataset}`)).refresh;

describe('a dataset with a refresh', () => {
  test('is loaded again when its source changed, before anybody asks', async () => {
    await stage.get('/v1/datasets/often.parquet');
    const before = await entryOf('often');
    await stage.writeSource('often.csv', 'id,word\n1,one\n2,two\n');
    await eventually(
      () => entryOf('often'),
      (entry) => entry !== undefined && entry.version !== before?.version,
    );
    const answer = await stage.get('/v1/datasets/often.json');
    expect(await answer.json()).toHaveLength(2);
    expect(answer.headers.get('cache-status')).toMatch(/hit/);
  });

  test('keeps its ETag when another version brings the same bytes', async () => {
    const before = await entryOf('often');
    const { headers } = await stage.get('/v1/datasets/often.parquet');
    await stage.writeSource('often.csv', 'id,word\n1,"one"\n2,"two"\n');
    const after = await eventually(
      () => entryOf('often'),
      (entry) => entry !== undefined && entry.generation !== before?.generation,
    );
    expect(after?.version).not.toBe(before?.version);
    const again = await stage.get('/v1/datasets/often.parquet', { 'if-none-match': headers.get('etag') ?? '' });
    expect([again.status, again.headers.get('etag')]).toEqual([304, headers.get('etag')]);
  });

  test('is loaded for the parameters it names although nobody asked', async () => {
    const entry = await eventually(
      () => entryOf('named'),
      (found) => found !== undefined,
    );
    expect(entry?.key).toMatch(/named/);
    const answer = await stage.get('/v1/datasets/named.json?market=xetra', { 'cache-control': 'only-if-cached' });
    expect(answer.status).toBe(504);
    const stale = await stage.get(`/v1/entries/${entry?.key}/data`);
    expect(stale.status).toBe(200);
  });

  test('tells when it is due and what became of the last time', async () => {
    const { everySeconds, next, last } = await eventually(
      () => refreshOf('often'),
      (refresh) => (refresh.last?.entries['verified'] ?? 0) > 0,
    );
    expect(everySeconds).toBe(1);
    expect(Date.parse(next ?? '')).toBeGreaterThan(Date.parse(last?.due ?? ''));
    expect(await refreshOf('nightly')).toMatchObject({
      everySeconds: null,
      cron: '0 6 * * 1-5',
      timeZone: 'Europe/Berlin',
      jitterSeconds: 600,
      readWithinSeconds: 604_800,
      params: 0,
      last: null,
    });
    expect(new Date((await refreshOf('nightly')).next ?? '').getUTCMinutes()).toBe(0);
    expect(await refreshOf('strict')).toBeNull();
    const { datasets } = await json<{ datasets: readonly { name: string; refresh: Refreshed | null }[] }>(
      '/v1/datasets',
    );
    expect(datasets.filter(({ refresh }) => refresh !== null).map(({ name }) => name)).toEqual([
      'often',
      'named',
      'nightly',
    ]);
  });

  test('goes on with another worker, and after Redis forgot everything', async () => {
    await stage.stopWorker();
    await stage.startWorker();
    const before = (await refreshOf('often')).last?.due;
    await eventually(
      () => refreshOf('often'),
      ({ last }) => last !== null && last.due !== before,
    );
    await stage.redis.restart({ keepData: false });
    await eventually(
      async () => (await stage.get('/v1/datasets/often')).status === 200 && (await refreshOf('often')),
      (refresh) => refresh !== false && refresh.last !== null,
    );
    await stage.writeSource('often.csv', 'id,word\n1,three\n');
    await eventually(
      async () => await (await stage.get('/v1/datasets/often.json')).text(),
      (text) => text.includes('three'),
    );
  });
});

describe('a paused source', () => {
  const lake = async () => {
    const { sources } = await json<{ sources: readonly { name: string }[] }>('/v1/sources');
    return sources.find(({ name }) => name === 'lake');
  };

  test('is shown with who paused it, since when and why; and its health before and after', async () => {
    expect(await lake()).toMatchObject({ paused: false, pause: null, health: { state: 'ok', failuresInARow: 0 } });
    const paused = await post<{ pause: { since: string } }>('/v1/sources/lake/pause', { reason: 'index rebuild' });
    expect(paused).toMatchObject({
      source: 'lake',
      paused: true,
      pause: { reason: 'index rebuild', by: expect.stringMatching(/^address:/), since: expect.any(String) },
    });
    expect(await post('/v1/sources/lake/pause', { reason: 'takes longer' })).toMatchObject({
      pause: { reason: 'takes longer', since: paused.pause.since },
    });
    expect(await lake()).toMatchObject({
      paused: true,
      pause: { reason: 'takes longer' },
      health: { state: 'paused', lastAnswerAt: expect.any(String) },
    });
    expect(await post('/v1/sources/lake/resume', {})).toEqual({ source: 'lake', paused: false, pause: null });
    expect(await lake()).toMatchObject({ paused: false, pause: null, health: { state: 'ok' } });
  });

  test('is asked nothing: answers are stale where the dataset allows it, else refused', async () => {
    for (const dataset of ['strict', 'forgiving'])
      expect((await stage.get(`/v1/datasets/${dataset}.json`)).status).toBe(200);
    await stage.post('/v1/sources/lake/pause', {});
    expect((await problemOf(await stage.get('/v1/datasets/strict.json'))).code).toBe('PQ_SOURCE_PAUSED');
    const stale = await stage.get('/v1/datasets/forgiving.json');
    expect(stale.headers.get('cache-status')).toContain('fwd=stale');
    await stage.post('/v1/sources/lake/resume', {});
    expect((await stage.get('/v1/datasets/strict.json')).status).toBe(200);
  });

  test('lets those go who wait already for work that has not begun', async () => {
    await stage.stopWorker();
    const waiting = ['strict', 'forgiving'].map((dataset) => stage.get(`/v1/datasets/${dataset}.json`));
    await eventually(
      () => stage.metric('parqueue_waiters '),
      (waiters) => waiters === waiting.length,
    );
    await stage.post('/v1/sources/lake/pause', { reason: 'the database groans' });
    const [strict, forgiving] = await Promise.all(waiting);
    expect(strict && (await problemOf(strict)).code).toBe('PQ_SOURCE_PAUSED');
    expect(forgiving?.headers.get('cache-status')).toContain('fwd=stale');
    await stage.post('/v1/sources/lake/resume', {});
    await stage.startWorker();
  });
});

test('an invalidation tells how many entries and loads it concerned', async () => {
  await stage.get('/v1/datasets/strict.json');
  const { key = '' } = (await entryOf('strict')) ?? {};
  expect(await post('/v1/invalidate', { dataset: 'strict', mode: 'hard' })).toMatchObject({ entries: 1, fills: 0 });
  // Both datasets read that file: their keys begin with its name.
  expect(await post('/v1/invalidate', { prefix: key.slice(0, 6) })).toMatchObject({
    entries: 2,
    fills: 0,
    mode: 'soft',
  });
  // Of the source other datasets are refreshed meanwhile.
  expect(await post('/v1/invalidate', { source: 'lake' })).toMatchObject({
    entries: expect.any(Number),
    fills: expect.any(Number),
  });
  expect(await post('/v1/invalidate', { key, mode: 'purge' })).toMatchObject({ entries: 1, fills: 0 });
  expect(await post('/v1/invalidate', { key, mode: 'purge' })).toMatchObject({ entries: 0, fills: 0 });
});

/** Answers while Redis is away: who gets which rows, and what a mark forbids that was made where Redis is still there. */
import { startApi, type RunningApi } from '@parqueue/api';
import { openFreezingProxy, type FreezingProxy } from '@parqueue/core/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

const LENIENT = '/v1/datasets/lenient.parquet';
const away = 'parqueue; fwd=stale; detail="coordination-down"';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({
    datasets: '  unverified: { source: lake, path: words.csv, select: [word], freshness: { maxAge: 1h } }\n',
  });
  await stage.writeWords('one', 'two');
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

async function whole(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const response = await stage.get(path, headers);
  await response.clone().arrayBuffer();
  return response;
}

async function expectRefused(response: Response, why: string): Promise<void> {
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBeTruthy();
  expect(await problemOf(response)).toMatchObject({ code: 'PQ_COORDINATION_DOWN', degraded: why });
}

const readiness = async (): Promise<{ status: string; checks: { redis: string; store: string } }> =>
  (await (await stage.get('/readyz')).json()) as Awaited<ReturnType<typeof readiness>>;

describe('without Redis', () => {
  let before: Response;

  beforeAll(async () => {
    for (const name of ['words', 'lenient', 'unverified'])
      before = await whole(name === 'lenient' ? LENIENT : `/v1/datasets/${name}.parquet`);
    before = await whole(LENIENT);
    await stage.redis.kill();
    await vi.waitFor(async () => expect((await readiness()).status).toBe('degraded'), { timeout: 20_000 });
  });

  test('a dataset with staleIfError is answered from the store, marked, with the very bytes there were', async () => {
    const answer = await whole(LENIENT);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-status')).toContain(away);
    expect(answer.headers.get('parqueue-degraded')).toBe('coordination-down');
    // A cache on the way that kept it would say so after the outage too.
    expect(before.headers.get('cache-control')).toContain('stale-if-error');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    for (const name of ['etag', 'parqueue-generation', 'parqueue-version', 'last-modified'])
      expect(answer.headers.get(name), name).toBe(before.headers.get(name));
    expect(answer.headers.get('age')).toMatch(/^[0-9]+$/);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(await before.clone().arrayBuffer()));
    expect(await (await stage.get('/v1/datasets/lenient.json')).json()).toMatchObject([
      { word: 'one' },
      { word: 'two' },
    ]);
    const unchanged = await stage.get(LENIENT, {
      'if-none-match': answer.headers.get('etag') ?? '',
      'cache-control': 'max-age=3600',
    });
    expect(unchanged.status).toBe(304);
    expect(unchanged.headers.get('cache-control')).toBe('no-store');
    expect((await stage.get(LENIENT, { 'cache-control': 'only-if-cached' })).status).toBe(200);
  });

  test('a strict dataset is not, nor one with maxAge alone, nor a caller who wants proof', async () => {
    await expectRefused(await stage.get('/v1/datasets/words.parquet'), 'policy');
    await expectRefused(await stage.get('/v1/datasets/unverified.parquet'), 'policy');
    await expectRefused(await stage.get(LENIENT, { 'cache-control': 'no-cache' }), 'policy');
  });

  test('each ask is counted once, whatever becomes of it', async () => {
    const counted = async (outcome: string): Promise<number> =>
      await stage.metric('parqueue_requests_total', { outcome });
    const [errors, stale] = [await counted('error'), await counted('stale')];
    await expectRefused(await stage.get('/v1/datasets/words.parquet'), 'policy');
    await expectRefused(await stage.get(LENIENT, { range: 'bytes=-8', 'cache-control': 'max-age=3600' }), 'range');
    expect((await whole(LENIENT)).status).toBe(200);
    expect([(await counted('error')) - errors, (await counted('stale')) - stale]).toEqual([1, 2]);
  });

  test('what the store has nothing of is said to be missing, and nothing is made for it', async () => {
    await expectRefused(await stage.get('/v1/datasets/lenient.parquet?columns=id'), 'nothing');
  });

  test('an entry is told, but not pinned', async () => {
    const told = await stage.post('/v1/resolve', { dataset: 'lenient' });
    expect(told.status).toBe(200);
    expect(told.headers.get('parqueue-degraded')).toBe('coordination-down');
    expect(await told.json()).toMatchObject({
      generation: Number(before.headers.get('parqueue-generation')),
      cache: { outcome: 'stale', detail: 'coordination-down' },
      pin: null,
    });
    const pinned = await stage.post('/v1/resolve', { dataset: 'lenient', pin: '60s' });
    expect((await problemOf(pinned)).code).toBe('PQ_COORDINATION_DOWN');
  });

  test('ranges are sent where they say of what, and of the immutable URL', async () => {
    // fetch adds no-cache to a conditional request that says nothing of its own.
    const range = { range: 'bytes=0-3', 'cache-control': 'max-age=3600' };
    await expectRefused(await stage.get(LENIENT, range), 'range');
    await expectRefused(await stage.get(LENIENT, { range: 'bytes=-8' }), 'range');
    await expectRefused(await stage.get(LENIENT, { ...range, 'if-match': '*' }), 'range');
    const etag = before.headers.get('etag') ?? '';
    for (const named of [{ 'if-range': etag }, { 'if-match': `"other", ${etag}` }]) {
      const part = await stage.get(LENIENT, { ...range, ...named });
      expect(part.status).toBe(206);
      expect(await part.text()).toBe('PAR1');
    }
    expect((await whole(LENIENT, { ...range, 'if-range': '"other"' })).status).toBe(200);
    expect((await stage.get(LENIENT, { ...range, 'if-match': '"other"' })).status).toBe(412);
    const immutable = before.headers.get('content-location') ?? '';
    expect(await (await stage.get(immutable, range)).text()).toBe('PAR1');
    const head = await stage.get(LENIENT, {}, 'HEAD');
    expect([head.status, head.headers.get('accept-ranges')]).toEqual([200, 'none']);
  });

  test('liveness, readiness, catalog and metrics answer, and say it', async () => {
    expect((await stage.get('/healthz')).status).toBe(200);
    const ready = await stage.get('/readyz');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      status: 'degraded',
      checks: { store: 'ok', redis: expect.not.stringMatching('^ok$') },
    });
    expect((await stage.get('/v1/datasets')).status).toBe(200);
    expect(await stage.metric('parqueue_coordination_up')).toBe(0);
    expect(await stage.metric('parqueue_degraded_asks_total', { outcome: 'answered' })).toBeGreaterThan(0);
    expect(await stage.metric('parqueue_degraded_asks_total', { outcome: 'policy' })).toBeGreaterThanOrEqual(3);
  });

  test('an API that was started meanwhile knows no time, and is neither ready nor answers', async () => {
    const api = await startApi({ config: { ...stage.config, listen: { host: '127.0.0.1', port: 0 } }, log: stage.log });
    try {
      expect((await fetch(`${api.url}/readyz`)).status).toBe(503);
      await expectRefused(await fetch(`${api.url}${LENIENT}`), 'never-connected');
    } finally {
      await api.close();
    }
  });

  test('when Redis is back the next answer is a proved one', async () => {
    await stage.redis.start();
    await expect.poll(async () => (await readiness()).status, { timeout: 20_000 }).toBe('ok');
    const answer = await whole(LENIENT);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('parqueue-degraded')).toBeNull();
    expect(answer.headers.get('parqueue-generation')).toBe(before.headers.get('parqueue-generation'));
    expect((await whole('/v1/datasets/words.parquet')).status).toBe(200);
  });
});

describe('cut off from Redis while others still reach it', () => {
  let proxy: FreezingProxy;
  let cutOff: RunningApi;

  const there = (): Promise<Response> => fetch(`${cutOff.url}${LENIENT}`);

  beforeAll(async () => {
    expect((await whole(LENIENT)).status).toBe(200);
    proxy = await openFreezingProxy(new URL(stage.redis.url).host);
    const redis = { ...stage.config.redis, url: `redis://${proxy.address}` };
    const config = { ...stage.config, redis, listen: { host: '127.0.0.1', port: 0 } };
    cutOff = await startApi({ config, log: stage.log });
    expect((await there()).headers.get('parqueue-degraded')).toBeNull();
    proxy.freeze();
    // The connection is there and silent: the first to ask finds out.
    await vi.waitFor(async () => expect((await there()).headers.get('parqueue-degraded')).toBe('coordination-down'), {
      timeout: 30_000,
    });
  });
  afterAll(async () => {
    await cutOff.close();
    await proxy[Symbol.asyncDispose]();
  });

  test.each(['key', 'dataset', 'source'] as const)(
    'what is invalidated there by %s is not answered here, until it was loaded again there',
    async (by) => {
      const { headers } = await there();
      const target = { key: headers.get('parqueue-key'), dataset: 'lenient', source: 'lake' }[by];
      expect((await stage.post('/v1/invalidate', { [by]: target, mode: 'hard' })).status).toBe(200);
      await expectRefused(await there(), 'forbidden');
      const loaded = await whole(LENIENT);
      expect(loaded.headers.get('cache-status')).toContain('fwd=miss');
      // head.json follows the commit that answered there.
      const generationHere = async (): Promise<string | null> => (await there()).headers.get('parqueue-generation');
      await expect.poll(generationHere, { timeout: 10_000 }).toBe(loaded.headers.get('parqueue-generation'));
    },
  );

  test('what is purged there is not answered here, not by its own URL either', async () => {
    const url = `${cutOff.url}${(await there()).headers.get('content-location')}`;
    expect((await fetch(url)).status).toBe(200);
    expect((await stage.post('/v1/invalidate', { dataset: 'lenient', mode: 'purge' })).status).toBe(200);
    expect([410, 503]).toContain((await fetch(url)).status);
    expect((await there()).status).toBe(503);
  });

  test('a strict caller is refused at once: nobody waits for a connection that is known to be silent', async () => {
    const asked = Array.from({ length: 50 }, () => fetch(`${cutOff.url}/v1/datasets/words.parquet`));
    for (const response of await Promise.all(asked)) await expectRefused(response, 'policy');
  });
});

/**
 * Every promise of the OpenAPI document, kept at least once by a real server: each operation is driven into each status it
 * may answer, each code is met on a route that promises it, and each answer is checked. What is answered and not promised
 * fails as what is promised and never answered does.
 */
import { appendFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { shardOf } from '@parqueue/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anyOf, asksOf, OpenApiStage, parquetOf, patientOf, rowsOf, storedOf, type Ask } from './openapi-stage.ts';
import { readDocument } from './openapi-promises.ts';

/** Not provoked here, each with the reason. */
const PROVED_ELSEWHERE: Readonly<Record<string, string>> = {
  'code PQ_WORKER_CRASHED': 'takes workers that are killed at the same load twice: test/faults/poison.test.ts',
  'code PQ_STORE_FULL': 'takes a small filesystem, which only root may mount: test/faults/disk-full.test.ts',
  'code PQ_UNSUPPORTED_TYPE': 'takes a database: the suites of types of each source in packages/core',
  'getReadiness 503': 'takes a store that hangs, or a Redis that was never there: test/e2e/store-hung.test.ts',
  'getReadiness 503 type application/json': 'the same',
  'pinEntry 429': 'takes 10,000 pins: the contract of pins in packages/core',
  ...each(
    ['getEntryData', 'getGenerationData', 'getStatistics'],
    [413, 422, 429],
    'takes huge row groups and hundreds of callers: apps/api/src/conversions',
  ),
  ...each(
    ['getMetrics'],
    [401, 'header www-authenticate'],
    'is asked from elsewhere than loopback: apps/api/src/openapi',
  ),
  ...each(
    ['getHealth', 'getReadiness', 'getOpenApi', 'getHomePage'],
    ['header ratelimit', 'header ratelimit-policy'],
    'needs no key, and no key has a rate there',
  ),
};

const ASYNC = { prefer: 'respond-async' };

let stage: OpenApiStage;
/** What paths are filled in with. */
/** Fills that no worker took. */
const waiting: string[] = [];
/** Where the entry of dataset `blocked` would be. */
let folderInTheWay = '';
const names: Record<string, string> = { name: 'words', source: 'lake' };

beforeAll(async () => {
  stage = await OpenApiStage.open();
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

/** A request for each operation that promises the status. */
function promising(status: number, wanted: (id: string) => boolean = () => true): readonly Ask[] {
  return stage.promises.operations
    .filter(({ id, statuses }) => statuses.has(status) && wanted(id))
    .map((operation) => anyOf(operation, names));
}

async function fillOf(answer: { readonly body: unknown }): Promise<{ readonly id: string; readonly key: string }> {
  const { id } = (answer.body as { fill: { id: string } }).fill;
  const { body } = await stage.get(`/v1/fills/${id}`);
  return { id, key: (body as { key: string }).key };
}

describe('before any worker', () => {
  test('the served document is the one checked in', async () => {
    expect((await stage.get('/openapi.json')).body).toEqual(readDocument());
  });

  test('without a key: 401; with one that may not: 403', async () => {
    Object.assign(names, { key: 'words-000000000000000000000000', fence: '1', id: 'lake.fill.0' });
    expect(await stage.others(401, promising(401, notOperator), 'nobody')).toEqual([]);
    expect(
      await stage.others(
        403,
        promising(403, (id) => id !== 'whoAmI'),
        'stranger',
      ),
    ).toEqual([]);
    const elsewhere = { 'sec-fetch-site': 'cross-site' };
    expect(await stage.others(403, [{ method: 'GET', path: '/v1/whoami', headers: elsewhere }])).toEqual([]);
    expect(await stage.others(403, asksOf('words'), 'reader')).toEqual([]);
    await stage.ask({ method: 'GET', path: '/v1/whoami' }, 'hurried');
    expect(await stage.others(429, promising(429), 'hurried')).toEqual([]);
  });

  test('what cannot be read: 400, 413, 414, 415', async () => {
    const long = `?x=${'x'.repeat(8_200)}`;
    expect(
      await stage.others(
        414,
        promising(414).map((one) => ({ ...one, path: `${one.path}${long}` })),
      ),
    ).toEqual([]);
    const named = stage.promises.operations.filter(({ path }) => path.includes('{'));
    const broken = named.map((one) => ({ method: one.method, path: one.path.replaceAll(/\{[A-Za-z]+\}/g, '%zz') }));
    expect(await stage.others(400, broken)).toEqual([]);
    const bodies = promising(415);
    expect(
      await stage.others(
        400,
        bodies.map((one) => ({ ...one, body: '{' })),
      ),
    ).toEqual([]);
    expect(
      await stage.others(
        413,
        bodies.map((one) => ({ ...one, body: `"${'x'.repeat(1_048_576)}"` })),
      ),
    ).toEqual([]);
    const text = { 'content-type': 'text/plain' };
    expect(
      await stage.others(
        415,
        bodies.map((one) => ({ ...one, body: 'x', headers: text })),
      ),
    ).toEqual([]);
  });

  test('nothing in the cache and told not to load: 504', async () => {
    expect(await stage.others(504, asksOf('gone', { 'cache-control': 'only-if-cached' }))).toEqual([]);
  });

  test('not ready: 202, and its fill; a full queue: 429', async () => {
    const [first] = patientOf('words', ASYNC);
    const { id } = await fillOf(await stage.ask(first!));
    names['id'] = id;
    expect(await stage.others(202, patientOf('words', ASYNC))).toEqual([]);
    const [second] = patientOf('untouched', ASYNC);
    waiting.push((await fillOf(await stage.ask(second!))).id);
    expect(await stage.others(429, asksOf('gone', ASYNC))).toEqual([]);
    expect(
      await stage.others(
        200,
        promising(200, (one) => /Fill/.test(one) && one !== 'followFill'),
      ),
    ).toEqual([]);
  });

  test('too many streams of events: 429; a cancelled fill ends with its event, and tells those who come back: 409', async () => {
    const path = `/v1/fills/${names['id']}/events`;
    const left = new AbortController();
    const open = (): Promise<Response> =>
      fetch(`${stage.stage.url}${path}`, { headers: { authorization: 'Bearer admin' }, signal: left.signal });
    await Promise.all(Array.from({ length: 500 }, open));
    expect(
      await stage.others(
        429,
        [path, '/v1/events'].map((one) => ({ method: 'GET', path: one })),
      ),
    ).toEqual([]);
    left.abort();
    expect((await stage.ask({ method: 'DELETE', path: `/v1/fills/${names['id']}` })).status).toBe(202);
    await expect.poll(async () => (await stage.get(path)).body).toMatch(/^event: finished\ndata: .*cancelled.*\n\n$/);
    expect(await stage.others(409, asksOf('words', { 'parqueue-fill': names['id']! }))).toEqual([]);
    for (const id of waiting) await stage.ask({ method: 'DELETE', path: `/v1/fills/${id}` });
  });

  test('a load that waits is known by its entry', async () => {
    const blocked = await fillOf(await stage.post('/v1/resolve', { dataset: 'blocked' }, ASYNC));
    folderInTheWay = join(stage.stage.base, 'store/entries', shardOf(blocked.key), blocked.key);
    await mkdir(dirname(folderInTheWay), { recursive: true });
    await writeFile(folderInTheWay, 'in the way');
  });
});

describe('with a worker', () => {
  beforeAll(async () => {
    await stage.stage.startWorker();
  });

  test('a folder of the store that cannot be written: 503 PQ_STORE_IO', async () => {
    await expect.poll(() => codeOf('blocked')).toBe('PQ_STORE_IO');
    await rm(folderInTheWay);
    await expect.poll(() => codeOf('words')).toBe('200');
  });

  test('rows: 200, 206, 304; 406, 412, 416; and 400', async () => {
    expect(await stage.others(200, asksOf('words'))).toEqual([]);
    expect(await stage.others(200, asksOf('words', { prefer: 'wait=30' }))).toEqual([]);
    const forms = ['parquet', 'arrow', 'csv', 'json', 'ndjson'];
    const { key, generation } = (await stage.post('/v1/resolve', { dataset: 'words', pin: '1m' })).body as Found;
    Object.assign(names, { key, fence: String(generation) });
    const all = [...storedOf(key, generation), ...rowsOf('words').filter(({ path }) => !path.includes('.'))];
    for (const form of forms) {
      const query = form === 'parquet' ? '?format=parquet' : `?format=${form}&limit=1`;
      expect(await stage.others(200, withQuery(all, query))).toEqual([]);
    }
    const windowed = rowsOf('words').filter(({ path }) => path.includes('.') && !path.endsWith('.parquet'));
    expect(await stage.others(200, withQuery(windowed, '?limit=1'))).toEqual([]);
    const everything = [...rowsOf('words'), ...storedOf(key, generation)];
    const parquet = [...parquetOf('words'), ...storedOf(key, generation)];
    const with_ = (headers: Readonly<Record<string, string>>, asks: readonly Ask[] = everything): readonly Ask[] =>
      asks.map((one) => ({ ...one, headers }));
    const gets = everything.filter(({ method }) => method !== 'POST');
    expect(await stage.others(304, with_({ 'if-none-match': '*' }, gets))).toEqual([]);
    expect(await stage.others(304, with_({ 'if-none-match': '*', prefer: 'wait=30' }, gets))).toEqual([]);
    const statistics = { method: 'GET', path: `/v1/entries/${key}/statistics` };
    expect(await stage.others(304, [{ ...statistics, headers: { 'if-none-match': '*' } }])).toEqual([]);
    expect(await stage.others(412, with_({ 'if-match': '"another"' }))).toEqual([]);
    const got = (asks: readonly Ask[]): readonly Ask[] => asks.filter(({ method }) => method !== 'HEAD');
    expect(await stage.others(206, with_({ range: 'bytes=0-3' }, got(parquet)))).toEqual([]);
    expect(await stage.others(416, with_({ range: 'bytes=99999999-' }, got(parquet)))).toEqual([]);
    expect(await stage.others(406, with_({ 'accept-encoding': '*;q=0' }))).toEqual([]);
    expect(await stage.others(400, withQuery(everything, '?limit=x'))).toEqual([]);
  });

  test('large texts come in the coding that was asked for', async () => {
    await stage.stage.writeSource(
      'big.csv',
      `id,word\n${Array.from({ length: 45 }, (_, row) => `${row},${'word '.repeat(50)}`).join('\n')}\n`,
    );
    const texts = rowsOf('big', { 'accept-encoding': 'gzip' });
    expect(await stage.others(200, texts)).toEqual([]);
    expect(
      await stage.others(
        200,
        withQuery(
          texts.filter(({ path }) => /data$|query$/.test(path)),
          '?format=csv',
        ),
      ),
    ).toEqual([]);
    const { key, generation } = (await stage.post('/v1/resolve', { dataset: 'big' })).body as Found;
    expect(
      await stage.others(200, withQuery(storedOf(key, generation, { 'accept-encoding': 'gzip' }), '?format=csv')),
    ).toEqual([]);
    await stage.stage.writeSource('big.csv', `id\n${Array.from({ length: 60 }, (_, row) => row).join('\n')}\n`);
  });

  test('what the source has not, refuses, or has wrongly: 404, 502, 422, 413', async () => {
    expect(await stage.others(404, asksOf('gone'))).toEqual([]);
    expect(await stage.others(404, asksOf('nowhere'))).toEqual([]);
    expect(await stage.others(502, asksOf('rejected'))).toEqual([]);
    expect(await stage.others(422, asksOf('malformed'))).toEqual([]);
    expect(await stage.others(413, asksOf('big'))).toEqual([]);
    expect(await codeOf('imprecise')).toBe('PQ_VALUE_OUT_OF_RANGE');
    const untracked = await stage.post('/v1/resolve', { source: 'mute', sql: 'select sysdate now from dual' });
    expect(untracked.body).toMatchObject({ code: 'PQ_UNTRACKABLE' });
    expect((await stage.post('/v1/query', { source: 'nowhere', path: 'words.csv' })).body).toMatchObject({
      code: 'PQ_UNKNOWN_SOURCE',
    });
  });

  test('a source that cannot be reached, or is paused: 503; too slow: 504; never at rest: 409', async () => {
    expect(await stage.others(503, asksOf('dead'))).toEqual([]);
    const slow = stage.get('/v1/datasets/timely.parquet');
    const late = await fillOf(await stage.post('/v1/resolve', { dataset: 'timely' }, ASYNC));
    expect((await slow).body).toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
    await expect.poll(() => codeOf('timely', { 'parqueue-fill': late.id })).toBe('PQ_FILL_TIMEOUT');
    expect(await restless(() => codeOf('unstable'))).toBe('PQ_SOURCE_UNSTABLE');
    expect(await stage.others(200, [{ method: 'POST', path: '/v1/sources/lake/pause', body: {} }])).toEqual([]);
    expect(await stage.others(503, asksOf('words'))).toEqual([]);
    expect(await codeOf('words')).toBe('PQ_SOURCE_PAUSED');
    expect(await stage.others(200, [{ method: 'POST', path: '/v1/sources/lake/resume', body: {} }])).toEqual([]);
  });

  test('the catalog, entries, pins and sources: 200, 201, 204; 404, 406, 410, 429', async () => {
    const { key } = names;
    const made = await stage.post(`/v1/entries/${key}/pins`, { ttl: '1m' });
    expect(made.status).toBe(201);
    names['id'] = (made.body as { id: string }).id;
    const quiet = (id: string): boolean =>
      !/Data$|Dataset[A-Z]|Fill|^query$|^resolve$|^invalidate$|^purge|Source$|^followCache$/.test(id);
    expect(await stage.others(200, promising(200, quiet))).toEqual([]);
    expect(await stage.others(204, promising(204))).toEqual([]);
    expect(await stage.others(406, [{ method: 'GET', path: '/v1/datasets/words.xml' }])).toEqual([]);
    expect(await stage.others(410, [{ method: 'PUT', path: `/v1/pins/${names['id']}`, body: {} }])).toEqual([]);
    for (const body of [{ dataset: 'words' }, { source: 'fragile' }, { key, mode: 'hard' }, { prefix: 'untouched' }])
      expect(await stage.others(200, [{ method: 'POST', path: '/v1/invalidate', body }])).toEqual([]);
    Object.assign(names, { name: 'nowhere', source: 'nowhere', key: 'nowhere', id: 'nowhere' });
    expect(
      await stage.others(
        404,
        promising(404, (id) => !['invalidate', 'query', 'resolve', 'followCache'].includes(id)),
      ),
    ).toEqual([]);
    expect(
      await stage.others(404, [
        { method: 'POST', path: '/v1/invalidate', body: { dataset: 'nowhere' } },
        { method: 'GET', path: '/v1/events?dataset=nowhere' },
      ]),
    ).toEqual([]);
    expect(
      await stage.others(
        400,
        ['/v1/entries?limit=0', '/v1/fills?limit=0', '/v1/events?limit=0'].map((path) => ({ method: 'GET', path })),
      ),
    ).toEqual([]);
    Object.assign(names, { name: 'words', source: 'lake', key, id: (made.body as { id: string }).id });
  });

  test('a purge: 200, then 410', async () => {
    const { key, fence } = names;
    await stage.ask({ method: 'HEAD', path: '/v1/datasets/words.parquet' });
    await stage.post('/v1/invalidate', { dataset: 'words', mode: 'hard' });
    const range = await stage.get('/v1/datasets/words.parquet', { range: 'bytes=4-9' });
    expect(range.body).toMatchObject({ code: 'PQ_GENERATION_CHANGED' });
    expect(await stage.others(200, [{ method: 'DELETE', path: `/v1/entries/${key}` }])).toEqual([]);
    expect(await stage.others(410, storedOf(key!, fence!).slice(2))).toEqual([]);
    const lenient = (await stage.post('/v1/resolve', { dataset: 'lenient' })).body as Found;
    const pin = { method: 'POST', path: `/v1/entries/${lenient.key}/pins`, body: { generation: 1 } };
    expect(await stage.others(410, [pin])).toEqual([]);
    await rm(dirname(lenient.file.path), { recursive: true });
    const statistics = { method: 'GET', path: `/v1/entries/${lenient.key}/statistics` };
    expect(await stage.others(410, [...storedOf(lenient.key, lenient.generation), statistics])).toEqual([]);
  });

  test('without Redis: 503 everywhere but where the document says otherwise', async () => {
    const followed = await fetch(`${stage.stage.url}/v1/events`, { headers: { authorization: 'Bearer admin' } });
    expect(await stage.others(200, asksOf('lenient'))).toEqual([]);
    await stage.stage.redis.kill();
    expect(await stage.promises.check('GET', '/v1/events', followed)).toMatch(
      /event: bye\ndata: .*PQ_COORDINATION_DOWN/,
    );
    await expect.poll(async () => (await stage.get('/readyz')).body).toMatchObject({ status: 'degraded' });
    expect(await stage.others(200, asksOf('lenient'))).toEqual([]);
    expect(
      await stage.others(
        503,
        promising(503, (id) => !/Dataset|Readiness|GenerationData|^query$|^resolve$|^invalidate$/.test(id)),
      ),
    ).toEqual([]);
    expect(await stage.others(503, asksOf('words'))).toEqual([]);
    // What is on the store is sent, and what is not there may only be out of sight.
    expect(await stage.others(503, storedOf(names['key'] ?? '', 7))).toEqual([]);
    const known = async (): Promise<unknown> => (await stage.get('/v1/datasets/words')).body;
    await expect.poll(known).toMatchObject({ name: 'words', asks: null, stored: null, entries: null });
    expect((await stage.post('/v1/invalidate', { dataset: 'words' })).status).toBe(503);
  });
});

test('nothing was answered that is not promised, and nothing is promised that was never answered', () => {
  expect([...stage.promises.broken].toSorted()).toEqual([]);
  expect(
    stage.promises
      .unseen()
      .filter((promise) => !(promise in PROVED_ELSEWHERE))
      .toSorted(),
  ).toEqual([]);
});

interface Found {
  readonly key: string;
  readonly generation: number;
  readonly file: { readonly path: string };
}

function each(
  ids: readonly string[],
  kinds: readonly (string | number)[],
  why: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(ids.flatMap((id) => kinds.map((kind) => [`${id} ${kind}`, why])));
}

/** Asked from this host, it needs no key. */
function notOperator(id: string): boolean {
  return id !== 'getMetrics';
}

function withQuery(asks: readonly Ask[], query: string): readonly Ask[] {
  return asks.map((one) => ({ ...one, path: `${one.path}${query}` }));
}

async function codeOf(dataset: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const { status, body } = await stage.post('/v1/resolve', { dataset }, headers);
  return status < 400 ? String(status) : (body as { code: string }).code;
}

/**
 * While a writer that never rests writes into the file. What it writes is malformed, which every load believes only of
 * a file that then stands still for a while: in that time it is written to, on however busy a machine.
 */
async function restless<T>(work: () => Promise<T>): Promise<T> {
  const path = join(stage.stage.base, 'lake/unstable.csv');
  await writeFile(path, 'id\nnone\n');
  const writing = setInterval(() => appendFileSync(path, 'none\n'), 1);
  try {
    return await work();
  } finally {
    clearInterval(writing);
  }
}

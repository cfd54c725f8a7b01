/** The HTTP interface on real Redis, real store and a real worker: what users and their caches rely on. */
import { createHash } from 'node:crypto';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { problemOf, Stage } from './api-stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
  await stage.writeSource('prices/eu-2026.csv', 'id,price\n1,10.5\n2,\n');
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await stage.writeWords('one', 'two', 'three');
});

const words = '/v1/datasets/words.parquet';

describe('asking', () => {
  test('a cold ask is a miss, a warm one a hit with the same bytes, a changed source is loaded again', async () => {
    const cold = await stage.get(words);
    expect(cold.status).toBe(200);
    expect(cold.headers.get('cache-status')).toMatch(/^parqueue; fwd=miss; stored;/);
    const bytes = Buffer.from(await cold.arrayBuffer());
    expect(cold.headers.get('etag')).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`);
    expect(cold.headers.get('repr-digest')).toBe(`sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`);

    const warm = await stage.get(words);
    expect(warm.headers.get('cache-status')).toMatch(/^parqueue; hit;/);
    expect(Buffer.from(await warm.arrayBuffer()).equals(bytes)).toBe(true);

    await stage.writeWords('uno');
    const changed = await stage.get(words);
    expect(changed.headers.get('cache-status')).toMatch(/^parqueue; fwd=miss; stored;/);
    expect(changed.headers.get('etag')).not.toBe(cold.headers.get('etag'));
    expect(await stage.words()).toEqual(['uno']);
  });

  test('fifty callers at once get one generation', async () => {
    await stage.writeWords('fresh', 'for', 'fifty');
    const answers = await Promise.all(Array.from({ length: 50 }, () => stage.get(words)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ headers }) => headers.get('parqueue-generation'))).size).toBe(1);
  });

  test('a data answer tells what it is, how old, whence, and where its bytes stay', async () => {
    const { headers } = await stage.get(words);
    for (const name of [
      'etag',
      'last-modified',
      'age',
      'cache-control',
      'vary',
      'cache-status',
      'repr-digest',
      'content-location',
      'parqueue-key',
      'parqueue-generation',
      'parqueue-version',
      'parqueue-consistency',
      'x-request-id',
    ])
      expect(headers.get(name), name).toBeTruthy();
    expect(headers.get('content-type')).toBe('application/vnd.apache.parquet');
    expect(headers.get('cache-control')).toBe('public, no-cache');
  });

  test('a request id is kept when it is harmless', async () => {
    expect((await stage.get('/healthz', { 'x-request-id': 'abc-1' })).headers.get('x-request-id')).toBe('abc-1');
    expect((await stage.get('/healthz', { 'x-request-id': 'a b' })).headers.get('x-request-id')).toMatch(
      /^[0-9a-f]{32}$/,
    );
  });

  test('resolve names the file, which any Parquet reader opens; a pin keeps it', async () => {
    const response = await stage.post('/v1/resolve', { dataset: 'words', pin: '60s' });
    expect(response.status).toBe(200);
    const entry = (await response.json()) as {
      key: string;
      generation: number;
      file: { path: string; url: string };
      pin: { id: string; url: string };
      rows: number;
      columns: number;
    };
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(entry.file.path) });
    expect(rows.map(({ word }) => word)).toEqual(['one', 'two', 'three']);
    expect(entry).toMatchObject({ rows: 3, columns: 2 });
    expect((await fetch(entry.file.url)).status).toBe(200);

    const renewed = await stage.post(entry.pin.url, { ttl: '90s' }, {}, 'PUT');
    expect(renewed.status).toBe(200);
    const misnamed = entry.pin.url.replace(/\.([0-9]+)\./, (_, fence: string) => `.${Number(fence) + 1}.`);
    expect((await stage.post(misnamed, { ttl: '90s' }, {}, 'PUT')).status).toBe(410);
    expect((await stage.get(entry.pin.url, {}, 'DELETE')).status).toBe(204);
    expect((await problemOf(await stage.post(entry.pin.url, {}, {}, 'PUT'))).code).toBe('PQ_GONE');
  });

  test('query sends the rows of an undeclared question in one call', async () => {
    const response = await stage.post(
      '/v1/query',
      { source: 'lake', path: 'prices/eu-2026.csv' },
      { accept: 'text/csv' },
    );
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('id,price\r\n1,10.5\r\n2,\r\n');
    expect(
      (await problemOf(await stage.post('/v1/query', { source: 'closed', path: 'prices/eu-2026.csv' }))).code,
    ).toBe('PQ_FORBIDDEN');
    expect((await problemOf(await stage.post('/v1/query', { source: 'nowhere', path: 'x.csv' }))).code).toBe(
      'PQ_UNKNOWN_SOURCE',
    );
    expect((await problemOf(await stage.post('/v1/query', { source: 'lake', sql: 'select 1' }))).code).toBe(
      'PQ_INVALID_REQUEST',
    );
  });

  test('rows come as JSON, NDJSON or CSV in windows that link to the next', async () => {
    const json = await stage.get('/v1/datasets/words.json?limit=2');
    expect(await json.json()).toEqual([
      { id: 1, word: 'one' },
      { id: 2, word: 'two' },
    ]);
    expect(json.headers.get('link')).toBe('</v1/datasets/words.json?limit=2&offset=2>; rel="next"');
    expect(json.headers.get('parqueue-rows')).toBe('3');
    const rest = await stage.get('/v1/datasets/words.ndjson?limit=2&offset=2&numbers=string');
    expect(await rest.text()).toBe('{"id":"3","word":"three"}\n');
    expect(rest.headers.get('link')).toBeNull();
    expect(await (await stage.get('/v1/datasets/words/data?columns=word', { accept: 'text/csv' })).text()).toBe(
      'word\r\none\r\ntwo\r\nthree\r\n',
    );
  });

  test('no-cache and max-age narrow a lenient policy, only-if-cached never touches the source', async () => {
    const lenient = '/v1/datasets/lenient.parquet';
    const never = await stage.get(lenient, { 'cache-control': 'only-if-cached' });
    expect(never.status).toBe(504);
    expect((await problemOf(never)).code).toBe('PQ_NOT_CACHED');

    const first = await stage.get(lenient);
    await stage.writeWords('new', 'words');
    const lazy = await stage.get(lenient, { 'cache-control': 'only-if-cached' });
    expect(lazy.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(lazy.headers.get('cache-status')).toMatch(/^parqueue; hit; ttl=3[56]\d\d;/);
    expect((await stage.get(lenient, { 'cache-control': 'no-cache' })).headers.get('etag')).not.toBe(
      first.headers.get('etag'),
    );
  });
});

describe('not waiting', () => {
  test('a 202 asked again ends, by its fill and by its caller alike', async () => {
    for (const follow of ['fill', 'caller'] as const) {
      await stage.writeWords('asked', 'again', 'by', follow);
      let response = await stage.get('/v1/datasets/words/data', { prefer: 'wait=0' });
      expect(response.status).toBe(202);
      expect(response.headers.get('retry-after')).toBeTruthy();
      const { fill } = (await response.json()) as { fill: { id: string; url: string } };
      expect(response.headers.get('location')).toBe(fill.url);
      while (response.status === 202) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        response = await stage.get('/v1/datasets/words/data', {
          prefer: 'respond-async',
          ...(follow === 'fill' ? { 'parqueue-fill': fill.id } : {}),
        });
      }
      expect(response.status).toBe(200);
      expect(await stage.words()).toEqual(['asked', 'again', 'by', follow]);
    }
  });

  test('after it was answered, the next ask of the same caller is a new one', async () => {
    const poll = async (): Promise<Response> => {
      for (;;) {
        const response = await stage.get('/v1/datasets/words/data', { prefer: 'wait=0', accept: 'application/json' });
        if (response.status !== 202) return response;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    expect(await (await poll()).json()).toHaveLength(3);
    await stage.writeWords('changed');
    expect(await (await poll()).json()).toEqual([{ id: 1, word: 'changed' }]);
  });

  test('an async ask for what cannot be loaded is told the failure', async () => {
    await stage.writeSource('broken.csv', 'id,word\n1,a\nnot a number,b\n');
    const ask = async (): Promise<Response> => await stage.get('/v1/datasets/broken/data', { prefer: 'wait=0' });
    let response = await ask();
    while (response.status === 202) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      response = await ask();
    }
    expect(response.status).toBe(422);
    expect(await problemOf(response)).toMatchObject({ code: 'PQ_MALFORMED_SOURCE', line: 3 });
  });

  test('a fill is followed by its URL and by events, and ends', async () => {
    await stage.writeWords('followed');
    const { fill } = (await (await stage.get('/v1/datasets/words/data', { prefer: 'wait=0' })).json()) as {
      fill: { id: string; url: string };
    };
    const events = await (await stage.get(`${fill.url}/events`)).text();
    expect(events).toMatch(/event: finished\ndata: \{/);
    const view = (await (await stage.get(fill.url)).json()) as { state: string; outcome: { kind: string } };
    expect(view.state).toBe('finished');
    const listed = (await (await stage.get('/v1/fills')).json()) as { fills: { id: string }[] };
    expect(listed.fills.map(({ id }) => id)).toContain(fill.id);
    expect((await problemOf(await stage.get('/v1/fills/lake.fill.00000000000000000000000000000000'))).code).toBe(
      'PQ_NOT_FOUND',
    );
  });
});

describe('what is refused', () => {
  test.each([
    ['/v1/datasets/nope.parquet', 404, 'PQ_UNKNOWN_DATASET'],
    ['/v1/datasets/nope', 404, 'PQ_UNKNOWN_DATASET'],
    ['/v1/datasets/prices.parquet', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.parquet?market=eu&colour=red', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.parquet?market=eu&year=soon', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.parquet?market=eu&year=1999', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.parquet?market=eu&market=us', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.parquet?market=eu&at=2026-01-01', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.parquet?market=eu&limit=5', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.json?market=eu&limit=many', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.json?market=eu&limit=-1', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.parquet?market=..%2F..%2Fetc%2Fpasswd', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.parquet?market=%2Fetc%2Fpasswd', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/prices.parquet?market=nowhere', 404, 'PQ_NOT_FOUND'],
    ['/v1/datasets/words.xlsx', 406, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/words.feather', 406, 'PQ_INVALID_REQUEST'],
    ['/v1/datasets/words/data?format=xml', 406, 'PQ_INVALID_REQUEST'],
    ['/v1/entries/nope', 404, 'PQ_NOT_FOUND'],
    ['/v1/entries?limit=0', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/entries?colour=red', 400, 'PQ_INVALID_REQUEST'],
    ['/v1/nothing/here', 404, 'PQ_NOT_FOUND'],
  ])('%s → %i %s', async (path, status, code) => {
    const response = await stage.get(path);
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toMatchObject({ status, code });
  });

  test('paths that climb reach nothing', async () => {
    for (const path of [
      '/v1/datasets/../../etc/passwd',
      '/v1/datasets/%2e%2e%2fx.parquet',
      '/v1/entries/..%2f..%2fx/data',
    ]) {
      expect(await stage.raw(path)).toBe(404);
    }
    for (const path of ['../outside.csv', '/etc/passwd', 'a/../../x.csv', 'x\u0000.csv']) {
      const problem = await problemOf(await stage.post('/v1/resolve', { source: 'lake', path }));
      expect(problem.code).toBe('PQ_INVALID_REQUEST');
    }
  });

  test('bodies: malformed, of the wrong kind, too large, with too much in them', async () => {
    const send = (body: string, type = 'application/json') =>
      fetch(`${stage.url}/v1/resolve`, { method: 'POST', body, headers: { 'content-type': type } });
    expect((await send('{"dataset":')).status).toBe(400);
    expect((await send('x', 'text/plain')).status).toBe(415);
    expect((await send('')).status).toBe(400);
    const large = await send(JSON.stringify({ dataset: 'x'.repeat(1_100_000) }));
    expect(large.status).toBe(413);
    expect((await problemOf(large)).code).toBe('PQ_LIMIT_EXCEEDED');
    expect((await problemOf(await send('{"dataset":"words","colour":1}'))).detail).toContain('colour');
    expect((await problemOf(await send('{"dataset":"words","pin":"2d"}'))).code).toBe('PQ_INVALID_REQUEST');
    expect((await problemOf(await send('{"dataset":"words","source":"lake"}'))).code).toBe('PQ_INVALID_REQUEST');
  });

  test('a method that a resource does not have is 405 and names those it has; a URL beyond bounds is 414', async () => {
    const response = await stage.get('/v1/datasets', {}, 'DELETE');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    await problemOf(response);
    expect((await stage.get(`/v1/datasets?x=${'y'.repeat(9_000)}`)).status).toBe(414);
  });

  test('what the router itself refuses is a problem like any other', async () => {
    const broken = await stage.get('/v1/datasets/%zz');
    expect(broken.headers.get('x-request-id')).toBeTruthy();
    expect(await problemOf(broken)).toMatchObject({ status: 400, code: 'PQ_INVALID_REQUEST' });
    const long = await stage.get(`/v1/datasets/${'n'.repeat(300)}.parquet`);
    expect(await problemOf(long)).toMatchObject({ status: 414, code: 'PQ_LIMIT_EXCEEDED' });
  });
});

describe('damage', () => {
  test.each([
    ['the part is gone', 'part-missing', (folder: string) => rm(join(folder, 'part-000.parquet'))],
    ['the part is cut', 'part-size', (folder: string) => truncate(join(folder, 'part-000.parquet'), 20)],
    [
      'a bit of the part flipped',
      'part-hash',
      async (folder: string) => {
        const bytes = await readFile(join(folder, 'part-000.parquet'));
        bytes[10]! ^= 1;
        await writeFile(join(folder, 'part-000.parquet'), bytes);
      },
    ],
    ['the manifest is gone', 'manifest', (folder: string) => rm(join(folder, 'manifest.json'))],
    [
      'the manifest is not JSON',
      'manifest',
      (folder: string) => writeFile(join(folder, 'manifest.json'), '{"digest":'),
    ],
    [
      'the manifest says something else',
      'manifest',
      async (folder: string) => {
        const path = join(folder, 'manifest.json');
        await writeFile(path, (await readFile(path, 'utf8')).replace('"rows":3', '"rows":4'));
      },
    ],
    ['the whole generation is gone', 'absent', (folder: string) => rm(folder, { recursive: true })],
  ])('%s: counted as %s, refilled, never served', async (_what, reason, damage) => {
    const folder = await stage.generationFolder();
    const before = await stage.metric('parqueue_verify_failures_total', { reason });
    await damage(folder);
    const response = await stage.get(words);
    expect(response.status).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('etag')).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`);
    expect(await stage.words()).toEqual(['one', 'two', 'three']);
    expect(await stage.generationFolder()).not.toBe(folder);
    expect(await stage.metric('parqueue_verify_failures_total', { reason })).toBe(before + 1);
  });
});

test('nothing that was logged holds a key', async () => {
  await stage.get(words, { authorization: 'Bearer secret-key', 'x-api-key': 'secret-key' });
  await stage.get('/v1/datasets/prices.parquet?market=nowhere', { authorization: 'Bearer secret-key' });
  expect(stage.logged).not.toHaveLength(0);
  expect(stage.logged.filter((line) => line.includes('secret-key'))).toEqual([]);
});

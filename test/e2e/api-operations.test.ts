/** The HTTP interface for people and their tools: its description, entries, sources and the page. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await stage.writeWords('one', 'two', 'three');
});

const words = '/v1/datasets/words.parquet';

describe('operations', () => {
  test('OpenAPI describes each route', async () => {
    const { paths } = (await (await stage.get('/openapi.json')).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(listed).toEqual(
      expect.arrayContaining([
        'get /v1/datasets',
        'get /v1/datasets/{name}',
        'get /v1/datasets/{name}.parquet',
        'head /v1/datasets/{name}.parquet',
        'get /v1/datasets/{name}.json',
        'get /v1/datasets/{name}.ndjson',
        'get /v1/datasets/{name}.csv',
        'get /v1/datasets/{name}/data',
        'head /v1/datasets/{name}/data',
        'post /v1/resolve',
        'post /v1/query',
        'get /v1/entries',
        'get /v1/entries/{key}',
        'delete /v1/entries/{key}',
        'get /v1/entries/{key}/data',
        'get /v1/entries/{key}/explain',
        'get /v1/entries/{key}/generations/{fence}/data',
        'head /v1/entries/{key}/generations/{fence}/data',
        'post /v1/entries/{key}/pins',
        'put /v1/pins/{id}',
        'delete /v1/pins/{id}',
        'post /v1/invalidate',
        'get /v1/fills',
        'get /v1/fills/{id}',
        'delete /v1/fills/{id}',
        'get /v1/fills/{id}/events',
        'get /v1/sources',
        'post /v1/sources/{source}/pause',
        'post /v1/sources/{source}/resume',
        'get /healthz',
        'get /readyz',
        'get /metrics',
        'get /openapi.json',
        'get /',
      ]),
    );
    expect(listed.every((route) => !route.startsWith('options'))).toBe(true);
  });

  test('entries are listed, looked at and explained', async () => {
    const { headers } = await stage.get(words);
    const key = headers.get('parqueue-key') ?? '';
    const { entries } = (await (await stage.get('/v1/entries?dataset=words')).json()) as { entries: { key: string }[] };
    expect(entries.map((entry) => entry.key)).toContain(key);
    expect(entries.every((entry) => entry.key.startsWith('words-'))).toBe(true);
    expect(await (await stage.get(`/v1/entries/${key}`)).json()).toMatchObject({
      key,
      dataset: 'words',
      rows: 3,
      damaged: null,
    });
    expect(await (await stage.get(`/v1/entries/${key}/explain`)).json()).toMatchObject({
      key,
      files: { state: 'whole' },
      ticks: { epoch: 1 },
    });
    expect((await stage.get(`/v1/entries/${key}/data`)).headers.get('etag')).toBe(headers.get('etag'));
    expect((await stage.get(`/v1/entries/${key}`, {}, 'HEAD')).status).toBe(200);
  });

  test('a paused source is not asked; what is cached stays readable, and it is asked again when resumed', async () => {
    await stage.get(words);
    await stage.get('/v1/datasets/lenient.parquet');
    await stage.post('/v1/sources/lake/pause', {});
    const refused = await stage.get(words);
    expect(refused.status).toBe(503);
    expect((await problemOf(refused)).code).toBe('PQ_SOURCE_PAUSED');
    expect((await stage.get('/v1/datasets/lenient.parquet')).status).toBe(200);
    await stage.post('/v1/sources/lake/resume', {});
    expect((await stage.get(words)).status).toBe(200);
  });

  test('the page holds no data and names its files by their content; the catalog tells what can be asked', async () => {
    const page = await stage.get('/');
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    const text = await page.text();
    expect(text).not.toContain('prices');
    const [script = ''] = /assets\/[\w-]+\.js/.exec(text) ?? [];
    const loaded = await stage.get(`/${script}`);
    expect(loaded.headers.get('content-type')).toContain('text/javascript');
    expect(loaded.headers.get('cache-control')).toContain('immutable');
    expect((await stage.get('/assets/of-another-release.js')).status).toBe(404);
    const { datasets } = (await (await stage.get('/v1/datasets')).json()) as { datasets: { name: string }[] };
    expect(datasets.map(({ name }) => name)).toEqual(['words', 'lenient', 'prices', 'broken']);
  });
});

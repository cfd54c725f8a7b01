/**
 * What the HTTP interface says about databases before one is asked: refusals, the catalog, cool-down. The database here
 * is an address where nobody listens; suites with one that answers are beside this.
 */
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

const DATASETS = `  by_region:
    source: erp
    sql: select region, sum(amount) amount from sales s, "Odd" o where day >= :since group by region
    params: { since: { type: date } }
  clock: { source: erp, sql: select sysdate d from dual, freshness: { version: ttl, maxAge: 1m } }
  keyed: { source: erp, sql: select * from t, freshness: { version: { refresh-key: { sql: select max(id) from audit_log } } }, numbers: exact, split: { column: id, into: 2 } }
`;

let stage: Stage;

beforeAll(async () => {
  const port = await closedPort();
  const address = `connectString: "127.0.0.1:${port}/none", user: app, password: s3cret-p`;
  stage = await Stage.open({
    sources: `  erp: { kind: oracle, ${address}, connectTimeout: 2s, pool: { max: 3 }, adhoc: { maxAge: 5m } }
  vault: { kind: oracle, ${address} }
`,
    datasets: DATASETS,
    yaml: 'limits: { sqlBytes: 1KiB }\n',
  });
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const ask = (body: unknown): Promise<Response> => stage.post('/v1/query', body);
const json = async (path: string): Promise<Record<string, unknown>> =>
  (await (await stage.get(path)).json()) as Record<string, unknown>;

describe('a statement that may not be asked', () => {
  test.each([
    ['sql of a file source', { source: 'lake', sql: 'select 1 from t' }, 400, 'PQ_INVALID_REQUEST'],
    ['a path of a database', { source: 'erp', path: 'x.csv' }, 400, 'PQ_INVALID_REQUEST'],
    ['sql and a path', { source: 'erp', sql: 'select 1 from t', path: 'x.csv' }, 400, 'PQ_INVALID_REQUEST'],
    ['sql and a dataset', { dataset: 'by_region', sql: 'select 1 from t' }, 400, 'PQ_INVALID_REQUEST'],
    ['neither', { source: 'erp' }, 400, 'PQ_INVALID_REQUEST'],
    ['params', { source: 'erp', sql: 'select 1 from t', params: {} }, 400, 'PQ_INVALID_REQUEST'],
    ['no query', { source: 'erp', sql: 'delete from t' }, 400, 'PQ_INVALID_REQUEST'],
    ['two queries', { source: 'erp', sql: 'select 1 from t; select 2 from t' }, 400, 'PQ_INVALID_REQUEST'],
    ['half a literal', { source: 'erp', sql: "select '" }, 400, 'PQ_INVALID_REQUEST'],
    ['a bind too many', { source: 'erp', sql: 'select 1 from t', binds: [1] }, 400, 'PQ_INVALID_REQUEST'],
    ['a bind that is none', { source: 'erp', sql: 'select :a from t', binds: { a: [1] } }, 400, 'PQ_INVALID_REQUEST'],
    ['binds that are none', { source: 'erp', sql: 'select :a from t', binds: 'a' }, 400, 'PQ_INVALID_REQUEST'],
    ['a closed source', { source: 'vault', sql: 'select 1 from t' }, 403, 'PQ_FORBIDDEN'],
    ['too long', { source: 'erp', sql: `select '${'x'.repeat(1024)}' from t` }, 413, 'PQ_LIMIT_EXCEEDED'],
    ['not trackable', { source: 'erp', sql: 'select sysdate from t@far' }, 422, 'PQ_UNTRACKABLE'],
  ])('%s is refused with a code', async (_what, body, status, code) => {
    for (const route of ['/v1/query', '/v1/resolve']) {
      const answer = await stage.post(route, body);
      expect(answer.status).toBe(status);
      expect((await problemOf(answer)).code).toBe(code);
    }
  });

  test('is told what it reads that nobody can track', async () => {
    const problem = (await (await ask({ source: 'erp', sql: 'select sysdate d from t' })).json()) as object;
    expect(problem).toMatchObject({ constructs: [{ construct: 'SYSDATE', why: expect.any(String) }] });
  });

  test('has no bind value repeated, neither to its caller nor to the log', async () => {
    const secret = 'S3CRET-value';
    const body = { source: 'erp', sql: 'select 1 from t where a = :a', binds: { a: { type: 'date', value: secret } } };
    expect(await (await ask(body)).text()).not.toContain(secret);
    expect(stage.logged.join()).not.toContain(secret);
  });
});

describe('the catalog', () => {
  test('shows a statement, its parameters and the tables it names', async () => {
    expect(await json('/v1/datasets/by_region')).toMatchObject({
      kind: 'sql',
      statement: 'SELECT REGION, SUM(AMOUNT) AMOUNT FROM SALES S, "Odd" O WHERE DAY >= :SINCE GROUP BY REGION',
      tables: ['APP."Odd"', 'APP.SALES'],
      params: [{ name: 'since', type: 'date', required: true }],
      freshness: { version: 'rowscn', maxAgeSeconds: 0, refreshKey: null },
      constructs: [],
      numbers: 'double',
      split: null,
      entries: [],
    });
    expect(await json('/v1/datasets/clock')).toMatchObject({ constructs: [{ construct: 'SYSDATE' }], tables: [] });
    expect(await json('/v1/datasets/keyed')).toMatchObject({
      freshness: { version: 'refresh-key', refreshKey: 'SELECT MAX(ID) FROM AUDIT_LOG' },
      numbers: 'exact',
      split: { column: 'id', into: 2 },
    });
    expect(await json('/v1/datasets/words')).toMatchObject({ kind: 'file', path: 'words.csv', format: 'csv' });
  });

  test('shows sources without where they are and who asks them', async () => {
    const { sources } = (await json('/v1/sources')) as { sources: readonly { readonly name: string }[] };
    expect(sources.find(({ name }) => name === 'erp')).toMatchObject({
      kind: 'oracle',
      adhoc: true,
      adhocFreshness: { version: 'rowscn', maxAgeSeconds: 300, numbers: 'double' },
      limits: { maxConcurrentFills: 2, maxConcurrentProbes: 4 },
      pool: { maxPerThread: 3 },
      paused: false,
    });
    expect(JSON.stringify(sources)).not.toMatch(/s3cret|127\.0\.0\.1|"app"/i);
  });

  test('shows that a source is paused', async () => {
    const paused = async (): Promise<unknown> => {
      const { sources } = (await json('/v1/sources')) as { sources: readonly { name: string; paused: boolean }[] };
      return sources.find(({ name }) => name === 'vault')?.paused;
    };
    await stage.post('/v1/sources/vault/pause', {});
    expect(await paused()).toBe(true);
    await stage.post('/v1/sources/vault/resume', {});
    expect(await paused()).toBe(false);
  });
});

describe('an invalidation by table', () => {
  const target = async (body: object): Promise<unknown> => {
    const answer = await stage.post('/v1/invalidate', body);
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { target: unknown }).target;
  };

  test('means the same table however SQL could name it', async () => {
    for (const table of ['sales', 'SALES', 'app.sales', ' App . SALES ', '"SALES"', '"APP"."SALES"'])
      expect(await target({ source: 'erp', table })).toBe('table:erp/APP.SALES');
    expect(await target({ table: 'erp/hr.emp', mode: 'hard' })).toBe('table:erp/HR.EMP');
    expect(await target({ source: 'erp', table: '"a/b"' })).toBe('table:erp/APP."a/b"');
  });

  test('needs a name', async () => {
    for (const table of ['a.b.c', '"', 'a b', '', "x'"])
      expect((await stage.post('/v1/invalidate', { source: 'erp', table })).status).toBe(400);
    expect((await stage.post('/v1/invalidate', { table: 'sales' })).status).toBe(400);
  });

  test('is refused of files, which have none: it would reach nothing', async () => {
    const answer = await stage.post('/v1/invalidate', { source: 'lake', table: 'words.csv', mode: 'hard' });
    expect(await problemOf(answer)).toMatchObject({ status: 400, detail: expect.stringContaining('no tables') });
  });
});

test('a database that cannot be reached is told as such, cools down after three failures, and nobody hears its password', async () => {
  let told = '';
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    // Each ask is another question: none joins the failure of the one before.
    const answer = await stage.post(
      '/v1/query',
      { source: 'erp', sql: `select ${attempt} n from dual` },
      { prefer: 'wait=60' },
    );
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    told = await answer.text();
    expect(JSON.parse(told)).toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE', retryable: true });
  }
  expect(told).toContain('cools down until');
  const { sources } = (await json('/v1/sources')) as { sources: readonly { readonly name: string }[] };
  expect(sources.find(({ name }) => name === 'erp')).toMatchObject({
    cooling: { failures: 3, until: expect.any(String), failure: { code: 'PQ_SOURCE_UNAVAILABLE' } },
  });
  expect(told + JSON.stringify(sources) + stage.logged.join()).not.toContain('s3cret-p');
});

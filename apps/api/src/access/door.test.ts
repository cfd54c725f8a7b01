/** The application itself, asked in-process: what needs neither Redis nor a store is refused or answered before them. */
import { createHash, randomBytes } from 'node:crypto';
import { Catalog, loadConfig } from '@parqueue/core/config';
import type { Clock } from '@parqueue/core';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from '../app.ts';
import { Gatekeeper } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { createMetrics } from '../metrics.ts';

const clock: Clock = { now: () => 0, sleep: () => Promise.reject(new Error('nobody waits here')) };
const hash = (key: string): string => createHash('sha256').update(key).digest('hex');
const AUTH = `auth:
  apiKeys:
    - { name: admin, sha256: ${hash('admin')}, scopes: [read, fill, adhoc, admin] }
    - { name: reader, sha256: ${hash('reader')}, scopes: [read], expires: 2030-01-01, limits: { concurrent: 7 } }
    - { name: once, sha256: ${hash('once')}, scopes: [read], limits: { requestsPerSecond: 0.5, burst: 1 } }
    - { name: old, sha256: ${hash('old')}, scopes: [read], expires: 1969-12-31 }
`;

interface Made {
  readonly app: FastifyInstance;
  readonly audit: Readonly<Record<string, unknown>>[];
}

async function make(auth = ''): Promise<Made> {
  const config = loadConfig(
    `sources: { lake: { kind: file, root: ./lake, adhoc: true } }
datasets: { words: { source: lake, path: "{x}.csv", params: { x: { type: string } } } }
${auth}`,
    {
      path: '/config/parqueue.yaml',
      env: {},
      readFile: () => '',
    },
  );
  const audit: Readonly<Record<string, unknown>>[] = [];
  const keep = (line: string): void => {
    const told = JSON.parse(line) as Record<string, unknown>;
    if (told['audit'] === true) audit.push(told);
  };
  const context = {
    config,
    version: '0',
    catalog: new Catalog(config),
    gatekeeper: new Gatekeeper(config.auth.apiKeys, clock),
    clock,
    tracer: null,
    metrics: createMetrics({
      version: '0',
      config,
      cluster: { cluster: () => Promise.resolve(null), space: () => Promise.resolve(null) },
      coordinationUp: () => Promise.resolve(false),
      storeUp: () => Promise.resolve(false),
      waiters: () => 0,
      pinsHeld: () => 0,
      conversions: { running: 0, waiting: 0, unsentBytes: 0 },
      storeCalls: { stuck: 0, waiting: 0 },
    }),
    log: pino({ level: 'silent' }, { write: keep }),
    randomId: () => randomBytes(16).toString('hex'),
  };
  return { app: await buildApp(context as unknown as ApiContext), audit };
}

let open: Made;
let keyed: Made;

beforeAll(async () => {
  open = await make();
  keyed = await make(AUTH);
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const login = (key: string) => ({ authorization: `Basic ${Buffer.from(`anna:${key}`).toString('base64')}` });

describe('without keys', () => {
  test('this host may do everything', async () => {
    const { statusCode, body } = await open.app.inject('/v1/whoami');
    expect([statusCode, JSON.parse(body)]).toEqual([
      200,
      {
        name: 'address:127.0.0.1',
        open: true,
        scopes: ['read', 'fill', 'adhoc', 'admin'],
        datasets: ['*'],
        expiresAt: null,
        limits: null,
      },
    ]);
  });

  test('who came by another name, through a proxy or from a page of another site is refused, and the audit log says so', async () => {
    const { app, audit } = await make();
    for (const headers of [
      { host: 'parqueue.evil.example' },
      { 'x-forwarded-for': '203.0.113.9' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    ])
      for (const url of ['/v1/whoami', '/v1/sources', '/metrics', '/queues/', '/queues/api/queues']) {
        const { statusCode, body } = await app.inject({ url, headers });
        expect([statusCode, (JSON.parse(body) as { code: string }).code], `${url} ${JSON.stringify(headers)}`).toEqual([
          403,
          'PQ_FORBIDDEN',
        ]);
      }
    // The same caller is told of once in a second.
    expect(audit).toEqual([expect.objectContaining({ outcome: 'refused', code: 'PQ_FORBIDDEN', act: 'whoAmI' })]);
  });

  test('health and descriptions need to come from nowhere', async () => {
    for (const url of ['/healthz', '/openapi.json', '/docs']) {
      const { statusCode } = await open.app.inject({
        url,
        headers: { host: '10.0.0.7', 'x-forwarded-for': '1.2.3.4' },
      });
      expect(statusCode, url).toBe(200);
    }
  });
});

describe('with keys', () => {
  test('each is told what it may do', async () => {
    const { body } = await keyed.app.inject({ url: '/v1/whoami', headers: bearer('reader') });
    expect(JSON.parse(body)).toEqual({
      name: 'key:reader',
      open: false,
      scopes: ['read'],
      datasets: ['*'],
      expiresAt: '2030-01-01T00:00:00.000Z',
      limits: { requestsPerSecond: null, burst: 1, concurrent: 7 },
    });
  });

  test('by any name, through any proxy; only pages of other sites are refused', async () => {
    const headers = { ...bearer('reader'), host: 'parqueue.example', 'x-forwarded-for': '203.0.113.9' };
    expect((await keyed.app.inject({ url: '/v1/whoami', headers })).statusCode).toBe(200);
    const answer = await keyed.app.inject({
      method: 'POST',
      url: '/v1/invalidate',
      headers: { ...bearer('admin'), host: 'parqueue.example', origin: 'https://evil.example' },
      payload: { dataset: 'x' },
    });
    expect(answer.statusCode).toBe(403);
  });

  test('no key, a wrong and an expired one are 401, which the audit log says without the key', async () => {
    // One that has refused nobody yet: the same caller is told of once in a second, and here no second passes.
    const { app, audit } = await make(AUTH);
    for (const headers of [{}, bearer('pq_wrong'), bearer('old')]) {
      const answer = await app.inject({ url: '/v1/sources', headers });
      expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="parqueue"']);
    }
    expect(audit).toHaveLength(1);
    expect(audit[0]).toMatchObject({ principal: 'nobody', address: '127.0.0.1', act: 'listSources' });
    expect(JSON.stringify(audit)).not.toMatch(/pq_wrong/);
  });

  test('this host reads metrics without one, a proxy at it does not', async () => {
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await keyed.app.inject({ url: '/queues/', headers })).statusCode;
    expect(await status({})).toBe(200);
    expect(await status({ 'x-forwarded-for': '203.0.113.9' })).toBe(401);
    expect(await status({ host: 'rebound.evil.example' })).toBe(401);
    expect(await status({ 'x-forwarded-for': '203.0.113.9', ...bearer('reader') })).toBe(200);
    // Whoever shows a key is judged by it.
    expect(await status(bearer('wrong'))).toBe(401);
  });

  test('a browser logs in to /queues, and nowhere else', async () => {
    const proxied = { 'x-forwarded-for': '203.0.113.9' };
    const asked = await keyed.app.inject({ url: '/queues/', headers: proxied });
    expect([asked.statusCode, asked.headers['www-authenticate']]).toEqual([
      401,
      expect.stringMatching(/^Basic realm=/),
    ]);
    const page = await keyed.app.inject({ url: '/queues/', headers: { ...proxied, ...login('reader') } });
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('<div id="root">');
    expect((await keyed.app.inject({ url: '/v1/whoami', headers: login('reader') })).statusCode).toBe(401);
  });

  test('a rate is told with each answer, and beyond it: 429 and when to come again', async () => {
    const url = '/v1/whoami';
    const first = await keyed.app.inject({ url, headers: bearer('once') });
    expect(first.headers).toMatchObject({ 'ratelimit-policy': '"requests";q=1;w=2', ratelimit: '"requests";r=0;t=2' });
    const second = await keyed.app.inject({ url, headers: bearer('once') });
    expect(second.statusCode).toBe(429);
    expect(second.headers).toMatchObject({ 'retry-after': '2', ratelimit: '"requests";r=0;t=2' });
    expect(second.json()).toMatchObject({ code: 'PQ_RATE_LIMITED', retryable: true, limit: 'requestsPerSecond' });
    expect((await keyed.app.inject({ url, headers: bearer('reader') })).headers).not.toHaveProperty('ratelimit');
  });

  test('what an administrator does to the queues, and what is not done to them', async () => {
    const put = async (url: string, key: string): Promise<number> =>
      (await keyed.app.inject({ method: 'PUT', url: `/queues/api/queues${url}`, headers: bearer(key) })).statusCode;
    for (const url of [
      '/pause',
      '/fill-lake/empty',
      '/fill-lake/obliterate',
      '/fill-lake/x/retry',
      '/fill-lake/x/clean',
    ]) {
      expect(await put(url, 'reader'), url).toBe(403);
      if (!url.endsWith('clean')) expect(await put(url, 'admin'), url).toBe(400);
    }
  });
});

describe('every answer', () => {
  const asked = [
    ['/healthz', 200],
    ['/openapi.json', 200],
    ['/docs', 200],
    ['/docs/static/swagger-ui.css', 200],
    ['/queues', 302],
    ['/queues/', 200],
    ['/queues/static/favicon.ico', 200],
    ['/v1/whoami', 200],
    ['/nowhere', 404],
    [`/${'x'.repeat(9_000)}`, 414],
    [`/v1/entries/${'x'.repeat(300)}`, 414],
    ['/%zz', 400],
  ] as const;

  test('tells browsers to keep to themselves', async () => {
    for (const [url, status] of asked) {
      const { statusCode, headers } = await open.app.inject(url);
      expect(statusCode, url).toBe(status);
      expect(headers, url).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      const policy = String(headers['content-security-policy']);
      expect(policy, url).toMatch(/^default-src 'none'/);
      expect(policy, url).toMatch(/frame-ancestors 'none'/);
      if (!url.startsWith('/docs')) expect(policy, url).not.toMatch(/unsafe/);
      if (!url.includes('static')) expect(headers['cache-control'], url).toMatch(/no-store|^$/);
    }
  });
});

describe('a body of JSON', () => {
  const resolve = async (payload: unknown): Promise<readonly [number, string]> => {
    const { statusCode, body } = await open.app.inject({
      method: 'POST',
      url: '/v1/resolve',
      payload: payload as object,
    });
    return [statusCode, (JSON.parse(body) as { detail: string }).detail];
  };

  test('is taken at its word: no type is made of another', async () => {
    for (const [payload, place] of [
      [{ dataset: 5 }, 'dataset'],
      [{ dataset: ['words'] }, 'dataset'],
      [{ dataset: 'words', columns: 'id' }, 'columns'],
      [{ dataset: 'words', freshness: { noCache: 'true' } }, 'freshness.noCache'],
      [{ dataset: null }, 'dataset'],
    ] as const) {
      const [status, detail] = await resolve(payload);
      expect([status, detail], JSON.stringify(payload)).toEqual([400, expect.stringContaining(place)]);
    }
  });

  test('of any depth, and with any name in it, is refused or read, never a defect', async () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    for (const payload of [
      `{"dataset":"words","params":{"x":${nested(500_000)}}}`,
      `{"dataset":"words","params":${nested(500_000)}}`,
      `{"source":"lake","path":"x.csv","binds":${nested(500_000)}}`,
      nested(500_000),
      '{"__proto__":{"dataset":"words"}}',
      '{"constructor":{"prototype":1}}',
    ]) {
      const { statusCode } = await open.app.inject({
        method: 'POST',
        url: '/v1/resolve',
        payload,
        headers: { 'content-type': 'application/json' },
      });
      expect(statusCode, payload.slice(0, 40)).toBe(400);
    }
  });
});

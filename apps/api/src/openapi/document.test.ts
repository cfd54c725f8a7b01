import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Catalog, loadConfig } from '@parqueue/core/config';
import { ERROR_CODES, type Clock } from '@parqueue/core';
import fastify, { type FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../app.ts';
import { Gatekeeper } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { createMetrics } from '../metrics.ts';
import { describeRoutes } from './document.ts';

const KEY = 'key-that-may-read';
const OTHER_KEY = 'key-that-may-not';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly { readonly explode?: boolean }[];
  readonly responses: Readonly<Record<string, unknown>>;
}

interface SomeSchema {
  readonly type?: string | readonly string[];
  readonly items?: object;
  readonly allOf?: readonly SomeSchema[];
  readonly properties?: Readonly<Record<string, SomeSchema>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>>; readonly responses: object };
}

const unlimited = { expiresAtMs: null, limits: { requestsPerSecond: null, burst: 1, concurrent: 1000 } };
const clock: Clock = { now: () => 0, sleep: () => Promise.reject(new Error('nobody waits here')) };

let app: FastifyInstance;

beforeAll(async () => {
  const config = loadConfig('sources: { lake: { kind: file, root: ./lake } }', {
    path: '/config/parqueue.yaml',
    env: {},
    readFile: () => '',
  });
  const version = (JSON.parse(read('apps/api/package.json')) as { version: string }).version;
  // Nothing is asked here that would need Redis, the store or a thread.
  const context = {
    config,
    version,
    catalog: new Catalog(config),
    gatekeeper: new Gatekeeper(
      [
        { ...unlimited, name: 'reader', sha256: sha256(KEY), scopes: ['read'], datasets: ['*'] },
        { ...unlimited, name: 'other', sha256: sha256(OTHER_KEY), scopes: ['adhoc'], datasets: ['*'] },
      ],
      clock,
    ),
    clock,
    metrics: createMetrics({
      version,
      config,
      cluster: { cluster: () => Promise.resolve(null), space: () => Promise.resolve(null) },
      coordinationUp: () => Promise.resolve(false),
      storeUp: () => Promise.resolve(false),
      waiters: () => 0,
      pinsHeld: () => 0,
      conversions: { running: 0, waiting: 0, unsentBytes: 0 },
      storeCalls: { stuck: 0, waiting: 0 },
    }),
    tracer: null,
    log: pino({ level: 'silent' }),
    randomId: () => randomBytes(16).toString('hex'),
  };
  app = await buildApp(context as unknown as ApiContext);
});

/** Loopback needs no key there, so no test over a socket can see it. */
describe('/metrics, asked from elsewhere', () => {
  const remoteAddress = '192.0.2.7';
  const url = '/metrics';

  it('needs a key', async () => {
    const answer = await app.inject({ url, remoteAddress });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(answer.json()).toMatchObject({ code: 'PQ_UNAUTHENTICATED' });
  });

  it('needs the scope read', async () => {
    const allowed = await app.inject({ url, remoteAddress, headers: { 'x-api-key': KEY } });
    expect(allowed.statusCode).toBe(200);
    const answer = await app.inject({ url, remoteAddress, headers: { authorization: `Bearer ${OTHER_KEY}` } });
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ code: 'PQ_FORBIDDEN' });
  });
});

it('a method that a resource does not have is 405, whatever the method', async () => {
  for (const method of ['DELETE', 'OPTIONS', 'PATCH', 'TRACE'] as const) {
    const answer = await app.inject({ method, url: '/v1/sources' });
    expect(answer.statusCode, method).toBe(405);
    expect(answer.headers['allow']).toBe('GET, HEAD');
  }
});

describe('the document', () => {
  it('is what apps/api/openapi.json says (npm run openapi -w @parqueue/api writes it)', async () => {
    const { body } = await app.inject('/openapi.json');
    await expect(`${JSON.stringify(JSON.parse(body), null, 2)}\n`).toMatchFileSnapshot('../../openapi.json');
  });

  it('is OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate({ ...(await documentOf(app)) });
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('names every operation once, and says what each is for', async () => {
    const operations = operationsOf(await documentOf(app));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(operations.filter(({ summary }) => summary === undefined || summary === '')).toEqual([]);
  });

  it('refers to nothing that is not there, and keeps nothing that nobody refers to', async () => {
    const document = await documentOf(app);
    const text = JSON.stringify(document);
    const referred = new Set([...text.matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, path]) => path));
    const kept = Object.entries(document.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, parts]) => Object.keys(parts as object).map((name) => `${kind}/${name}`));
    expect([...referred].toSorted()).toEqual(kept.toSorted());
  });

  it('says what is in each list, and narrows a problem by the types that the problem has', async () => {
    const { components } = await documentOf(app);
    const schemas = schemasIn(components);
    expect(schemas.filter(({ type, items }) => [type].flat().includes('array') && items === undefined)).toEqual([]);
    const parts = schemas.flatMap(({ allOf = [] }) => allOf);
    const narrowed = parts.flatMap(({ properties }) => (properties?.['code'] === undefined ? [] : [properties]));
    expect(narrowed.length).toBeGreaterThan(10);
    for (const { status, code } of narrowed) {
      expect(status?.type).toBe('integer');
      expect(code?.type).toBe('string');
    }
  });

  it('has an example for the parameters of datasets, so that a page to try it on makes none up', async () => {
    const operations = operationsOf(await documentOf(app));
    const free = operations.flatMap(({ parameters }) => parameters.filter(({ explode }) => explode === true));
    expect(free.length).toBeGreaterThan(10);
    for (const parameter of free) expect(parameter).toMatchObject({ in: 'query', style: 'form', example: {} });
  });

  it('leaves out no route that is not hidden on purpose', () => {
    const one = fastify();
    describeRoutes(one, '0');
    expect(() => one.get('/forgotten', () => '')).toThrow('GET /forgotten describes no operation');
  });

  it('promises every code that can be answered over HTTP', async () => {
    const { components } = await documentOf(app);
    const promised = new Set(JSON.stringify(components.responses).match(/PQ_[A-Z_]+/g));
    // PQ_CONFIG is met when a process starts, PQ_INTERNAL is a defect.
    const codes = Object.keys(ERROR_CODES).filter((code) => !['PQ_CONFIG', 'PQ_INTERNAL'].includes(code));
    expect(codes.filter((code) => !promised.has(code))).toEqual([]);
  });
});

function operationsOf({ paths }: Document): readonly Operation[] {
  return Object.values(paths).flatMap((path) => Object.values(path));
}

/** Every object of the value, itself included: among them all schemas. */
function schemasIn(value: unknown): readonly SomeSchema[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap((part) => schemasIn(part))];
}

async function documentOf(of: FastifyInstance): Promise<Document> {
  return (await of.inject('/openapi.json')).json<Document>();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function read(path: string): string {
  return readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');
}

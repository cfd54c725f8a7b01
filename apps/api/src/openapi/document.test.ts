import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Catalog, loadConfig } from '@parqueue/core/config';
import { ERROR_CODES } from '@parqueue/core';
import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../app.ts';
import { Gatekeeper } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { createMetrics } from '../metrics.ts';
import type { FastifyInstance } from 'fastify';

const KEY = 'a key of this test';
const KEY_SHA256 = '7f0d1c1bb3ab3b6ba4ee0a4a0a3a2ffd6c2c41c3c8f0b1e3a9a9a2e9a0b6d3c1';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>>; readonly responses: object };
}

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
    gatekeeper: new Gatekeeper([{ name: 'reader', sha256: KEY_SHA256, scopes: ['read'], datasets: ['*'] }]),
    metrics: createMetrics({ version, pinsHeld: () => 0, queues: () => Promise.resolve([]) }),
    log: pino({ level: 'silent' }),
    randomId: () => randomBytes(16).toString('hex'),
  };
  app = await buildApp(context as unknown as ApiContext);
});

describe('the document', () => {
  it('is what apps/api/openapi.json says (npm run openapi -w @parqueue/api writes it)', async () => {
    const { body } = await app.inject('/openapi.json');
    await expect(`${JSON.stringify(JSON.parse(body), null, 2)}\n`).toMatchFileSnapshot('../../openapi.json');
  });

  it('is OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(await documentOf(app));
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

  it('has every route of the application', async () => {
    const { paths } = await documentOf(app);
    const routes = app
      .printRoutes({ commonPrefix: false })
      .split('\n')
      .flatMap((line) => /^[├└]── (\S+) \((.+)\)$/.exec(line)?.slice(1, 2) ?? [])
      .map((url) => url.replaceAll(/:([A-Za-z]+)/g, '{$1}'))
      .filter((url) => url !== '*' && !url.startsWith('/docs'));
    expect(Object.keys(paths).toSorted()).toEqual([...new Set(routes)].toSorted());
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

async function documentOf(of: FastifyInstance): Promise<Document> {
  return (await of.inject('/openapi.json')).json<Document>();
}

function read(path: string): string {
  return readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');
}

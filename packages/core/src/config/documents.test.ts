import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../model/errors.ts';
import { PLAIN_COLUMN_TYPES } from '../model/column-type.ts';
import { Catalog } from './catalog.ts';
import { configJsonSchema, type JsonSchema } from './json-schema.ts';
import { loadConfig } from './load.ts';
import { RESERVED_PARAM_NAMES } from './params.ts';

const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `(PQ_[A-Z_]+)` \| ([0-9]{3}) \| (.+) \| (.+) \|$/gm)];

  it('explains every code once, with a status, a meaning and what to do', () => {
    expect(rows.map(([, code]) => code).toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
  });

  it('names the status that the API answers with', () => {
    const table = read('apps/api/src/http/problem.ts');
    for (const [, code, status] of rows) expect(table, code).toMatch(new RegExp(`\\b${code}: ${status}\\b`));
  });
});

describe('docs/configuration.md', () => {
  const text = read('docs/configuration.md');
  const keysOf = (schema: unknown): string[] => {
    if (typeof schema !== 'object' || schema === null) return [];
    const { properties, ...rest } = schema as JsonSchema;
    return [...Object.keys(properties ?? {}), ...Object.values({ ...rest, ...(properties ?? {}) }).flatMap(keysOf)];
  };

  it('names every key there is', () => {
    const keys = [...new Set(keysOf(configJsonSchema()))];
    expect(keys.length).toBeGreaterThan(50);
    expect(keys.filter((key) => !new RegExp(`[\`# .{,]${key}\\b`).test(text))).toEqual([]);
  });

  it('names every column type and reserved parameter', () => {
    expect([...PLAIN_COLUMN_TYPES, ...RESERVED_PARAM_NAMES].filter((word) => !text.includes(word))).toEqual([]);
  });
});

describe('examples/parqueue.yaml', () => {
  const config = loadConfig(read('examples/parqueue.yaml'), {
    env: {},
    readFile: () => '',
    path: '/repo/examples/parqueue.yaml',
  });

  it('is right, without any environment', () => {
    expect(config.redis.url).toBeNull();
    expect(config.store.root).toBe('/repo/var/store');
    expect(config.sources['lake']).toMatchObject({ root: '/repo/var/demo/data' });
  });

  it('declares what its own comments ask for', () => {
    const catalog = new Catalog(config);
    const path = (name: string, params: Record<string, string> = {}): string =>
      catalog.resolveDataset(name, params).request.probeTargets[0] ?? '';
    expect(path('sales')).toBe('lake/sales.parquet');
    expect(path('prices', { market: 'xetra' })).toBe('lake/prices/xetra.csv');
    expect(path('prices_relaxed')).toBe('lake/prices/xetra.csv');
    expect(path('events', { day: '2026-01-31' })).toBe('lake/events/2026-01-31.ndjson');
    expect(catalog.resolveAdhoc({ source: 'lake', path: 'sales.parquet' }).policy.maxAgeMs).toBe(10_000);
  });
});

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configJsonSchema } from './json-schema.ts';

it('the published JSON Schema is the one that checks: `npm run schema -w @parqueue/core` writes it', () => {
  const published: unknown = JSON.parse(readFileSync(new URL('../../config.schema.json', import.meta.url), 'utf8'));
  expect(published).toEqual(configJsonSchema());
});

it('every key of the published JSON Schema that has a default or is optional at the top is described', () => {
  const { properties } = configJsonSchema() as { properties: Record<string, { description?: string }> };
  expect(Object.keys(properties)).toEqual([
    'listen',
    'store',
    'redis',
    'auth',
    'limits',
    'worker',
    'log',
    'telemetry',
    'sources',
    'datasets',
  ]);
  for (const section of Object.values(properties)) expect(section.description).toBeTruthy();
});

it('the published JSON Schema lets a reference stand where its value will', () => {
  const text = JSON.stringify(configJsonSchema());
  const patterns = [...text.matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)].map(
    ([, pattern = '']) => JSON.parse(`"${pattern}"`) as string,
  );
  const ofValues = patterns.filter((pattern) => pattern !== '^[a-z][a-z0-9_]*$');
  expect(ofValues.length).toBeGreaterThan(20);
  for (const pattern of ofValues) expect('${NAME}').toMatch(new RegExp(pattern, 'u'));
});

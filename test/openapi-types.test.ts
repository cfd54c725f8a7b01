/** What the client is typed with is what the server says of itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { typeOf, typesOf, type OpenApi } from './fixtures/openapi-types.ts';
import { REPOSITORY } from './fixtures/source-graph.ts';

const document = JSON.parse(readFileSync(join(REPOSITORY, 'apps/api/openapi.json'), 'utf8')) as OpenApi;

test('packages/client/src/generated/openapi.ts is what the generator makes (npm run openapi -w @parqueue/api writes it)', async () => {
  await expect(typesOf(document)).toMatchFileSnapshot('../packages/client/src/generated/openapi.ts');
});

test('a keyword that the generator does not know is refused, not ignored', () => {
  expect(() => typeOf({ type: 'object', patternProperties: {} }, '')).toThrow('patternProperties');
});

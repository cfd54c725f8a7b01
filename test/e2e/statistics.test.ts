/** Statistics of an entry over HTTP: whose they are, that they are gathered once, and what ends them. */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

interface Entry {
  readonly key: string;
  readonly generation: number;
  readonly file: { readonly path: string };
}

interface Statistics {
  readonly generation: number;
  readonly columns: readonly Readonly<Record<string, unknown>>[];
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const as = (name: string) => ({ authorization: `Bearer ${name}` });
const YAML = `
auth:
  apiKeys:
    - { name: admin, sha256: ${sha256('admin')}, scopes: [read, fill, admin] }
    - { name: other, sha256: ${sha256('other')}, scopes: [read], datasets: [lenient] }
`;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ yaml: YAML });
  await stage.writeWords('one', 'two', 'two', 'three');
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

async function entry(): Promise<Entry> {
  const response = await stage.post('/v1/resolve', { dataset: 'words' }, as('admin'));
  expect(response.status).toBe(200);
  return (await response.json()) as Entry;
}

const ask = (key: string, headers: Record<string, string> = {}): Promise<Response> =>
  stage.get(`/v1/entries/${key}/statistics`, { ...as('admin'), ...headers });

test('tell what the columns of the current generation hold, and a caller who knows them hears so', async () => {
  const { key, generation } = await entry();
  // Many at once, gathered once.
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(key)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const [first, ...others] = (await Promise.all(answers.map((answer) => answer.json()))) as Statistics[];
  expect(others.every((other) => JSON.stringify(other) === JSON.stringify(first))).toBe(true);
  expect(first).toMatchObject({
    key,
    generation,
    rows: 4,
    rowGroups: 1,
    basis: { kind: 'all', rows: 4, places: null, why: null },
  });
  expect(first?.columns).toMatchObject([
    { name: 'id', type: 'int64', nulls: 0, range: 'all', min: '1', max: '4', mean: '2.5', distinct: 4 },
    {
      name: 'word',
      type: 'utf8',
      min: 'one',
      max: 'two',
      top: [{ value: 'two', count: 2 }, { value: 'one' }, { value: 'three' }],
    },
  ]);
  const etag = answers[0]?.headers.get('etag') ?? '';
  const same = await ask(key, { 'if-none-match': etag });
  expect([same.status, same.headers.get('etag'), same.headers.get('cache-control')]).toEqual([
    304,
    etag,
    'private, no-cache',
  ]);
});

test('follow the head, and need no source', async () => {
  const before = await entry();
  const etag = (await ask(before.key)).headers.get('etag') ?? '';
  await stage.writeWords('four', 'five');
  const after = await entry();
  await stage.post('/v1/sources/lake/pause', {}, as('admin'));
  const answer = await ask(before.key, { 'if-none-match': etag });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ generation: after.generation, rows: 2 });
  await stage.post('/v1/sources/lake/resume', {}, as('admin'));
});

test('are for who may see the entry', async () => {
  const { key } = await entry();
  expect((await ask(key, as('other'))).status).toBe(404);
  expect((await ask(key, as('nobody'))).status).toBe(401);
});

test('of files that are gone are gone, whatever was gathered; what is loaded next has its own', async () => {
  const { key, generation, file } = await entry();
  expect((await ask(key)).status).toBe(200);
  await rm(dirname(file.path), { recursive: true });
  expect(await problemOf(await ask(key))).toMatchObject({ status: 410, code: 'PQ_GONE' });
  const again = await entry();
  expect(again.generation).toBeGreaterThan(generation);
  expect(await (await ask(key)).json()).toMatchObject({ generation: again.generation, rows: 2 });
});

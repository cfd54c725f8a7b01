/**
 * After Redis forgot and before an entry was compared with the store: a generation is answered by its own URL from the store
 * alone. Who may not see it, and what was purged, is found by the store as it is by Redis.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const as = (name: string) => ({ authorization: `Bearer ${name}` });

let stage: Stage;
let url: string;

beforeAll(async () => {
  stage = await Stage.open({
    yaml: `auth:
  apiKeys:
    - { name: admin, sha256: ${sha256('admin')}, scopes: [read, fill, admin] }
    - { name: bounded, sha256: ${sha256('bounded')}, scopes: [read], datasets: [prices] }
`,
  });
  await stage.writeWords('one', 'two');
  const answer = await stage.get('/v1/datasets/words.parquet', as('admin'));
  url = answer.headers.get('content-location') ?? '';
  // Without a worker nobody compares entries in the background.
  await stage.stopWorker();
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

async function forget(): Promise<void> {
  await stage.redis.restart({ keepData: false });
  await expect.poll(async () => (await stage.get('/readyz')).status, { timeout: 30_000 }).toBe(200);
  await expect
    .poll(async () => ((await (await stage.get('/readyz')).json()) as { status: string }).status, { timeout: 30_000 })
    .toBe('ok');
}

test('a generation is answered by its URL to who may see it, and to nobody else', async () => {
  await forget();
  const answer = await stage.get(url, as('admin'));
  expect(answer.status).toBe(200);
  expect(
    Buffer.from(await answer.arrayBuffer())
      .subarray(0, 4)
      .toString(),
  ).toBe('PAR1');

  const foreign = await problemOf(await stage.get(url, as('bounded')));
  const nowhere = await problemOf(await stage.get(url.replace(/generations\/\d+/, 'generations/7'), as('bounded')));
  const wording = ({ code, detail, status }: typeof foreign) => ({ code, detail, status });
  expect(wording(foreign)).toEqual(wording(nowhere));
  expect((await stage.get(url)).status).toBe(401);
});

test('one that was purged is gone, in this epoch and in the next', async () => {
  const purged = await stage.post('/v1/invalidate', { dataset: 'words', mode: 'purge' }, as('admin'));
  expect(purged.status).toBe(200);
  expect([410, 404]).toContain((await stage.get(url, as('admin'))).status);
  await forget();
  expect((await problemOf(await stage.get(url, as('admin')))).code).toBe('PQ_GONE');
});

test('one that was there before Redis forgot is gone; a number that nobody was given never was one', async () => {
  await stage.startWorker();
  const words = async (): Promise<string> =>
    (await stage.get('/v1/datasets/words.parquet', as('admin'))).headers.get('content-location') ?? '';
  const first = await words();
  const resolved = await stage.post('/v1/resolve', { dataset: 'words' }, as('admin'));
  const { key, file } = (await resolved.json()) as { key: string; file: { path: string } };
  await stage.writeWords('three');
  const second = await words();
  expect(second).not.toBe(first);
  await rm(dirname(file.path), { recursive: true });
  await forget();
  // The worker compares the entry, and what Redis learns of it then is its head alone.
  await expect
    .poll(async () => {
      const entry = (await (await stage.get(`/v1/entries/${key}`, as('admin'))).json()) as { reconciled?: boolean };
      return entry.reconciled;
    })
    .toBe(true);

  expect((await stage.get(second, as('admin'))).status).toBe(200);
  expect((await problemOf(await stage.get(first, as('admin')))).code).toBe('PQ_GONE');
  const ahead = second.replace(/generations\/\d+/, 'generations/9000000000000001');
  expect((await problemOf(await stage.get(ahead, as('admin')))).code).toBe('PQ_NOT_FOUND');
});

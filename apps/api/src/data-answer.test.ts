/** One answer after another attempt at it failed behind its headers, over a store on disk. */
import { openFileStoreSubject, publishGeneration } from '@parqueue/core/testing';
import fastify from 'fastify';
import { afterAll, expect, test } from 'vitest';
import type { ApiContext } from './context.ts';
import { answerWith } from './data-answer.ts';
import type { DataCall, Sendable } from './data-call.ts';
import { PartLost } from './http/send-part.ts';

const KEY = `prices_de-${'0a'.repeat(16)}`;
const store = await openFileStoreSubject();
const app = fastify();

afterAll(async () => {
  await app.close();
  await store[Symbol.asyncDispose]();
});

async function sendableOf(fence: number): Promise<Sendable> {
  const { manifest } = await publishGeneration(store, { key: KEY, fence, fillId: `f${fence}`, text: `rows ${fence}` });
  return {
    hold: async () => ({ [Symbol.asyncDispose]: async () => undefined }),
    facts: { key: KEY, dataset: null, fence, manifest, committedAtMs: 0 },
    age: { kind: 'immutable' },
  };
}

test('tells nothing of the generation that was lost: a whole is no part of another one', async () => {
  const [lost, found] = [await sendableOf(1), await sendableOf(2)];
  await store.directories.moveToTrash({ key: KEY, fence: 1 });
  const context = { store, gatekeeper: { open: true } } as unknown as ApiContext;
  app.get('/', async (request, reply) => {
    const call: DataCall = { context, request, reply, form: { format: 'parquet', negotiated: false } };
    await expect(answerWith(call, lost)).rejects.toThrow(PartLost);
    return await answerWith(call, found);
  });
  const etag = `"${lost.facts.manifest.part.sha256}"`;
  const answer = await app.inject({ url: '/', headers: { range: 'bytes=0-3', 'if-range': etag } });
  expect([answer.statusCode, answer.body]).toEqual([200, 'rows 2']);
  expect(answer.headers).not.toHaveProperty('content-range');
  const { etag: told, 'content-length': length } = answer.headers;
  expect([told, length]).toEqual([`"${found.facts.manifest.part.sha256}"`, '6']);
});

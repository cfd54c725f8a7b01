/** One answer after another attempt at it failed behind its headers, over a store on disk. */
import { openFileStoreSubject, publishGeneration } from '@parqueue/core/testing';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import type { AskCall } from './caller.ts';
import type { ApiContext } from './context.ts';
import { answerWith } from './data-answer.ts';
import type { DataCall, Sendable } from './data-call.ts';
import { SendMemory } from './http/send-memory.ts';
import { PartLost } from './http/send-part.ts';
import { sendPending } from './pending.ts';

const KEY = `prices_de-${'0a'.repeat(16)}`;
const store = await openFileStoreSubject();
let app: FastifyInstance;

beforeEach(() => {
  app = fastify();
});
afterEach(() => app.close());
afterAll(() => store[Symbol.asyncDispose]());

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
  const context = { store, sendMemory: new SendMemory(), gatekeeper: { open: true } } as unknown as ApiContext;
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

test('a load that is waited for then is told of as if nothing had been found', async () => {
  const lost = await sendableOf(3);
  await store.directories.moveToTrash({ key: KEY, fence: 3 });
  const context = { store, sendMemory: new SendMemory(), gatekeeper: { open: true } } as unknown as ApiContext;
  app.get('/pending', async (request, reply) => {
    const call: DataCall = { context, request, reply, form: { format: 'parquet', negotiated: false } };
    reply.header('preference-applied', 'wait=1');
    await expect(answerWith(call, lost)).rejects.toThrow(PartLost);
    return await sendPending(reply, 'fill-1', { asking: { waitMs: 0 } as unknown as AskCall, neverPending: false });
  });
  const answer = await app.inject({ url: '/pending', headers: { range: 'bytes=0-3' } });
  expect([answer.statusCode, answer.json()]).toEqual([202, { fill: { id: 'fill-1', url: '/v1/fills/fill-1' } }]);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'preference-applied': 'wait=1',
  });
  for (const name of ['etag', 'content-range', 'parqueue-generation', 'last-modified'])
    expect(answer.headers).not.toHaveProperty(name);
});

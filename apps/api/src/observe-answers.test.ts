/** Over real sockets: what is told of callers who leave is told by the connection alone. */
import { get } from 'node:http';
import type { SpanWish, Tracer } from '@parqueue/core';
import fastify, { type FastifyInstance } from 'fastify';
import { Counter, Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ApiContext } from './context.ts';
import { observeAnswers } from './observe-answers.ts';

const registry = new Registry();
const httpAnswers = new Counter({
  name: 'answers',
  help: 'Answers.',
  labelNames: ['operation', 'status'],
  registers: [registry],
});
const ended: unknown[] = [];
const arrived: string[] = [];
let app: FastifyInstance;
let url: string;

const tracer: Tracer = {
  start({ name }: SpanWish) {
    const told: unknown[] = [name];
    return {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      set: (attributes) => void told.push(attributes),
      event: (event) => void told.push(event),
      link: () => undefined,
      end: (failure = null) => void ended.push([...told, failure]),
    };
  },
};

beforeEach(async () => {
  app = fastify({ forceCloseConnections: true });
  observeAnswers(app, { metrics: { httpAnswers }, tracer } as unknown as ApiContext);
  app.get('/whole', async () => 'all of it');
  app.get('/broken', async () => Promise.reject(new Error('for the test')));
  app.get('/never', async () => new Promise(() => arrived.push('/never')));
  app.get('/begun', (_request, reply) => {
    reply.hijack();
    reply.raw.write('the beginning');
    arrived.push('/begun');
  });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  await app.close();
  registry.resetMetrics();
  ended.length = 0;
  arrived.length = 0;
});

const counts = async (): Promise<unknown> =>
  (await httpAnswers.get()).values.map(({ labels, value }) => [labels['status'], value]);

test('an answer is counted once, by its status, and ends its span', async () => {
  expect(await (await fetch(`${url}/whole`)).text()).toBe('all of it');
  await (await fetch(`${url}/broken`)).text();
  await expect.poll(() => ended.length).toBe(2);
  expect(await counts()).toEqual([
    ['200', 1],
    ['500', 1],
  ]);
  expect(ended).toEqual([
    ['GET /whole', { 'http.response.status_code': 200 }, null],
    ['GET /broken', { 'http.response.status_code': 500 }, '500'],
  ]);
});

test.each(['/never', '/begun'])(
  'a caller who leaves before the whole answer of %s was sent is counted, and ends its span',
  async (path) => {
    const call = get(`${url}${path}`);
    call.on('error', () => undefined);
    await expect.poll(() => arrived).toContain(path);
    call.destroy();
    await expect.poll(() => ended.length).toBe(1);
    expect(await counts()).toEqual([['499', 1]]);
    expect(ended).toEqual([[`GET ${path}`, 'caller-left', null]]);
  },
);

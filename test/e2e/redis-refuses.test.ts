/**
 * A Redis that answers and refuses to write: its memory is full, it lacks replicas, it became a replica. For questions that is
 * as if it were away; here it is told apart, and what was refused has not happened.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
  await stage.writeWords('one', 'two');
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

const redis = async (...command: readonly string[]): Promise<void> => {
  const { stdout } = await promisify(execFile)('redis-cli', ['-u', stage.redis.url, ...command]);
  expect(stdout.trim()).toBe('OK');
};

interface Readiness {
  readonly status: string;
  readonly checks: { readonly redis: string; readonly store: string };
}

async function readinessOf(url: string): Promise<{ readonly http: number } & Readiness> {
  const response = await fetch(`${url}/readyz`);
  return { http: response.status, ...((await response.json()) as Readiness) };
}

describe.each([
  {
    why: 'its memory is full',
    reply: 'OOM',
    refuse: ['config', 'set', 'maxmemory', '1'],
    heal: ['config', 'set', 'maxmemory', '0'],
  },
  {
    why: 'it lacks replicas',
    reply: 'NOREPLICAS',
    refuse: ['config', 'set', 'min-replicas-to-write', '1'],
    heal: ['config', 'set', 'min-replicas-to-write', '0'],
  },
  {
    why: 'it became a replica',
    reply: 'READONLY',
    refuse: ['replicaof', '127.0.0.1', '1'],
    heal: ['replicaof', 'no', 'one'],
  },
])('a Redis that refuses to write because $why', ({ reply, refuse, heal }) => {
  const words = `${reply.toLowerCase()} is over`;

  beforeAll(async () => {
    for (const name of ['words', 'lenient']) expect((await stage.get(`/v1/datasets/${name}.json`)).status).toBe(200);
    await redis(...refuse);
  });

  test('is told by readiness in its own words: the API is degraded, the worker not ready', async () => {
    const told = { redis: expect.stringContaining(`refuses to write: ${reply}`) as string, store: 'ok' };
    expect(await readinessOf(stage.url)).toMatchObject({ http: 200, status: 'degraded', checks: told });
    expect(await readinessOf(stage.workerUrl)).toMatchObject({ http: 503, checks: told });
    expect(await stage.metric('parqueue_coordination_up')).toBe(1);
  });

  test('what is committed is answered where staleIfError allows it, marked, and nothing else', async () => {
    const lenient = await stage.get('/v1/datasets/lenient.json');
    expect([lenient.status, lenient.headers.get('parqueue-degraded')]).toEqual([200, 'coordination-down']);
    const strict = await stage.get('/v1/datasets/words.parquet');
    expect([strict.status, (await problemOf(strict)).code]).toEqual([503, 'PQ_COORDINATION_DOWN']);
  });

  test('a load, a mark and a pin are refused by a code, at once', async () => {
    const refused = await Promise.all([
      stage.get('/v1/datasets/prices.parquet?market=de', { prefer: 'wait=60' }),
      stage.post('/v1/invalidate', { dataset: 'lenient', mode: 'hard' }),
      stage.post('/v1/resolve', { dataset: 'lenient', pin: '60s' }),
    ]);
    for (const response of refused) {
      expect(response.status, response.url).toBe(503);
      expect(await problemOf(response), response.url).toMatchObject({ code: 'PQ_COORDINATION_DOWN' });
    }
  });

  test('all goes on by itself when it writes again', async () => {
    await redis(...heal);
    const lenient = await stage.get('/v1/datasets/lenient.json');
    expect(lenient.headers.get('cache-status'), 'the mark was not made').toContain('hit');
    await stage.writeWords(words);
    await expect.poll(() => stage.words(), { timeout: 30_000 }).toEqual([words]);
    expect(await readinessOf(stage.url)).toMatchObject({ http: 200, status: 'ok' });
    expect(await readinessOf(stage.workerUrl)).toMatchObject({ http: 200 });
  });
});

/** More callers than an API process may have: who is refused, how early, and who is heard all the same. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

const WAITERS = 1_000;
const STREAMS = 10;
const WORDS = '/v1/datasets/words.parquet';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({
    worker: false,
    yaml: `limits: { waiters: ${WAITERS}, connections: ${WAITERS + STREAMS} }\n`,
  });
  await stage.writeWords('one');
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

async function expectFull(response: Response, limit: string): Promise<void> {
  expect(response.status).toBe(429);
  expect(response.headers.get('retry-after')).toBeTruthy();
  expect(await problemOf(response)).toMatchObject({
    code: 'PQ_QUEUE_FULL',
    retryable: true,
    detail: expect.stringContaining(limit),
  });
}

test('a thousand wait for one load, the next is refused at once, and whoever looks after the server is answered', async () => {
  const asked = Array.from({ length: WAITERS }, () => stage.get(WORDS));
  await expect.poll(() => stage.metric('parqueue_waiters '), { timeout: 60_000, interval: 500 }).toBe(WAITERS);
  await expectFull(await stage.get(WORDS), 'limits.waiters');
  expect((await stage.get('/healthz')).status).toBe(200);
  expect((await stage.get('/readyz')).status).toBe(200);
  expect((await stage.get('/v1/datasets')).status).toBe(200);
  // However many wait, the source is asked once.
  const { fills } = (await (await stage.get('/v1/fills?state=queued')).json()) as { fills: unknown[] };
  expect(fills).toHaveLength(1);

  // Streams take the connections that are left; beyond them questions are refused, and health is not.
  const streams = new AbortController();
  const open = Array.from({ length: STREAMS }, () => fetch(`${stage.url}/v1/events`, { signal: streams.signal }));
  await Promise.all(open);
  const beyond = await stage.get(WORDS);
  expect(beyond.headers.get('connection')).toBe('close');
  await expectFull(beyond, 'limits.connections');
  await expectFull(await stage.get('/v1/datasets'), 'limits.connections');
  expect((await stage.get('/healthz')).status).toBe(200);
  expect((await stage.get('/readyz')).status).toBe(200);
  expect(await stage.metric('parqueue_waiters_max')).toBe(WAITERS);
  streams.abort();

  // Nobody who waited is forgotten.
  await stage.startWorker();
  const answers = await Promise.all(asked);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ headers }) => headers.get('parqueue-generation'))).size).toBe(1);
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  expect((await stage.get(WORDS)).status).toBe(200);
});

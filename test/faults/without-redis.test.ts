/** Workers while Redis cannot be reached. */
import { startWorker } from '@parqueue/worker';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Cluster } from './cluster.ts';

const NOT_THERE = 'Redis is not there yet';

let cluster: Cluster;

beforeEach(async () => {
  cluster = await Cluster.open({ mortal: true });
  await cluster.writeSource('words.csv', [[1, 'one']]);
});

afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
});

test('a worker started before its Redis waits for it and then takes jobs', async () => {
  await cluster.redis.kill();
  const starting = cluster.startWorker();
  await expect.poll(async () => await cluster.workerLog(0)).toContain('Redis is not there yet');
  await cluster.redis.start();
  await starting;
  expect(await cluster.wordsOf(await cluster.ask())).toEqual(['one']);
});

test('a worker whose Redis goes away right after its epoch was opened waits for it and then takes jobs', async () => {
  await cluster.redis.restart({ keepData: false });
  const logged: string[] = [];
  const starting = startWorker({
    config: cluster.config,
    log: pino({}, { write: (line: string) => void logged.push(line) }),
    queueTiming: { lockDurationMs: 2000, stalledIntervalMs: 500 },
    onStep: async (name) => {
      if (name === 'epoch-opened' && logged.every((line) => !line.includes(NOT_THERE))) await cluster.redis.kill();
    },
  });
  // A worker that gives up is an answer too: the test ends then, and says with what.
  const tells = vi.waitUntil(() => logged.some((line) => line.includes(NOT_THERE)), { timeout: 30_000 });
  await Promise.race([starting, tells]);
  await cluster.redis.start();
  const worker = await starting;
  try {
    expect(await cluster.wordsOf(await cluster.ask())).toEqual(['one']);
  } finally {
    await worker.close();
  }
});

test('a worker told to end while Redis is away ends all the same', async () => {
  const worker = await cluster.startWorker();
  await cluster.ask();
  await cluster.redis.kill();
  expect(await worker.terminate()).toBe(0);
});

test('a load that ends while Redis is away is committed when Redis is back with its data, or loaded again', async () => {
  const worker = await cluster.startWorker({ hold: 'part-synced' });
  const asked = cluster.ask();
  await worker.reached('part-synced');
  await cluster.redis.kill();
  worker.release();
  await worker.reached('commit-sent');
  await cluster.redis.start();
  expect(await cluster.wordsOf(await asked)).toEqual(['one']);
});

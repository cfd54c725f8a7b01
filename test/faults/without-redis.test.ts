/** Workers while Redis cannot be reached. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cluster } from './cluster.ts';

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

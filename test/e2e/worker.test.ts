/** The worker as a process: loads, warm checks, collapsed callers, metrics, drain. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cluster } from '../faults/cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = await Cluster.open();
});

afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
});

test('a cold ask loads once, a warm one asks the source only for its version, a changed source is loaded again', async () => {
  await cluster.writeSource('words.csv', [
    [1, 'one'],
    [2, 'two'],
  ]);
  const worker = await cluster.startWorker();
  const cold = await cluster.ask();
  expect(cold.cache).toBe('miss');
  expect(await cluster.wordsOf(cold)).toEqual(['one', 'two']);

  const warm = await cluster.ask();
  expect(warm.cache).toBe('revalidated');
  expect(warm.head.fence).toBe(cold.head.fence);
  expect(warm.head.verified).toBeGreaterThan(cold.head.verified);

  await cluster.writeSource('words.csv', [[1, 'uno']]);
  const changed = await cluster.ask();
  expect(changed.cache).toBe('miss');
  expect(await cluster.wordsOf(changed)).toEqual(['uno']);
  expect(await worker.metric('parqueue_source_statements_total', { kind: 'load' })).toBe(2);
  // The caller hears of a commit before the job that made it is over and counted.
  await expect.poll(() => worker.metric('parqueue_fills_total', { source: 'lake', outcome: 'committed' })).toBe(2);
  expect(await worker.metric('parqueue_commits_total', { outcome: 'committed' })).toBe(2);
  expect(await worker.metric('parqueue_fill_rows_total')).toBe(3);
});

test('fifty callers at once cause one load', async () => {
  await cluster.writeSource('words.csv', [[1, 'one']]);
  const workers = [await cluster.startWorker(), await cluster.startWorker()];
  const answers = await Promise.all(Array.from({ length: 50 }, () => cluster.ask()));
  expect(new Set(answers.map(({ head }) => head.fence)).size).toBe(1);
  const loads = await Promise.all(
    workers.map((worker) => worker.metric('parqueue_source_statements_total', { kind: 'load' })),
  );
  expect(loads.reduce((sum, count) => sum + count, 0)).toBe(1);
});

test('an error of the source reaches the caller by its code, and the worker goes on', async () => {
  await cluster.startWorker();
  await expect(cluster.ask()).rejects.toMatchObject({ code: 'PQ_NOT_FOUND' });
  await cluster.writeSource('words.csv', [[1, 'one']]);
  expect(await cluster.wordsOf(await cluster.ask())).toEqual(['one']);
});

test('the health port tells of life, readiness and every counted thing', async () => {
  const worker = await cluster.startWorker();
  expect((await worker.get('/healthz')).status).toBe(200);
  expect(await (await worker.get('/readyz')).json()).toEqual({ status: 'ok', checks: { redis: 'ok', store: 'ok' } });
  await cluster.redis.kill();
  expect((await worker.get('/healthz')).status).toBe(200);
  expect((await worker.get('/readyz')).status).toBe(503);
});

test('a worker told to end finishes the load it runs and exits with 0', async () => {
  await cluster.writeSource('words.csv', [[1, 'one']]);
  const worker = await cluster.startWorker({ hold: 'first-batch' });
  const asked = cluster.ask();
  await worker.reached('first-batch');
  const ended = worker.terminate();
  worker.release();
  expect(await cluster.wordsOf(await asked)).toEqual(['one']);
  expect(await ended).toBe(0);
});

test('a load that does not end in time is handed on to another worker, which starts it from the beginning', async () => {
  // Whoever ends so leaves its lease to run out.
  await using mortal = await Cluster.open({ mortal: true });
  await mortal.writeSource('words.csv', [[1, 'one']]);
  const ending = await mortal.startWorker({ hold: 'first-batch' });
  const asked = mortal.ask();
  await ending.reached('first-batch');
  const other = await mortal.startWorker();
  expect(await ending.terminate()).toBe(0);
  expect(await mortal.wordsOf(await asked)).toEqual(['one']);
  await other.reached('commit-acked');
  expect(await mortal.staging()).toEqual([]);
  expect(await mortal.generations()).toHaveLength(1);
});

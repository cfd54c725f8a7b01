/** A load that a user gives up. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cluster } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = await Cluster.open();
  await cluster.writeSource('words.csv', [[1, 'one']]);
});

afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
});

test('a cancelled load stops in its thread, leaves nothing, and the next ask loads', async () => {
  const worker = await cluster.startWorker({ hold: 'first-batch' });
  await cluster.resolve({ waitMs: 0 });
  const jobId = String((await worker.reached('first-batch')).details['jobId']);
  expect(await cluster.coordination.jobs.status(jobId)).toMatchObject({ state: 'running' });
  await cluster.coordination.jobs.cancel(jobId);
  await expect
    .poll(() => cluster.coordination.jobs.status(jobId))
    .toEqual({ state: 'finished', outcome: { kind: 'cancelled' } });
  expect(worker.count('published')).toBe(0);
  expect(await cluster.staging()).toEqual([]);
  await expect.poll(() => worker.metric('parqueue_fills_total', { outcome: 'cancelled' })).toBe(1);

  worker.release();
  expect(await cluster.wordsOf(await cluster.ask())).toEqual(['one']);
});

test('a load cancelled while it waits in the queue never runs', async () => {
  const pending = await cluster.resolve({ waitMs: 0 });
  if (pending.kind !== 'pending') throw new Error('the first ask must load');
  await cluster.coordination.jobs.cancel(pending.job.id);
  expect(await cluster.coordination.jobs.status(pending.job.id)).toEqual({
    state: 'finished',
    outcome: { kind: 'cancelled' },
  });
  const worker = await cluster.startWorker();
  await cluster.ask();
  expect(worker.count('lease-acquired')).toBe(1);
});

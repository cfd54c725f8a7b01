/** Limits across the workers of a cluster, and what they measure. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cluster } from '../faults/cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = await Cluster.open();
});

afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
});

test('no more loads of one source run at once than it allows, however many workers there are', async () => {
  const markets = ['a', 'b', 'c', 'd', 'e'];
  for (const market of markets) await cluster.writeSource(`markets/${market}.csv`, [[1, market]]);
  const workers = [
    await cluster.startWorker({ hold: 'first-batch' }),
    await cluster.startWorker({ hold: 'first-batch' }),
  ];
  const asked = markets.map((market) => cluster.ask({ dataset: 'market', params: { market } }));
  await expect.poll(() => cluster.queueCounts('fill')).toMatchObject({ active: 2, waiting: 3 });
  // A job is active before its lease is granted; both are held at their first batch then.
  const leases = (): number => workers.reduce((sum, worker) => sum + worker.count('lease-acquired'), 0);
  await expect.poll(leases).toBe(2);
  for (const worker of workers) worker.release();
  await Promise.all(asked);
});

test('what a load adds to the store is counted with its commit', async () => {
  await cluster.writeSource('words.csv', [[1, 'one']]);
  await cluster.startWorker();
  const { head } = await cluster.ask();
  expect(await cluster.coordination.usage.read()).toMatchObject({ generations: 1, bytes: head.bytes });
});

test('a running load tells its progress', async () => {
  await cluster.writeSource('words.csv', [
    [1, 'one'],
    [2, 'two'],
  ]);
  const worker = await cluster.startWorker({ hold: 'part-synced' });
  const asked = cluster.ask();
  const { details } = await worker.reached('part-synced');
  await expect
    .poll(() => cluster.coordination.jobs.status(String(details['jobId'])))
    .toMatchObject({ state: 'running', progress: { phase: 'syncing', rows: 2 } });
  worker.release();
  await asked;
});

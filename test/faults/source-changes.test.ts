/** The source changes while a load of its older state is under way (I13). */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cluster } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = await Cluster.open();
  await cluster.writeSource('words.csv', [[1, 'old']]);
});

afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
});

test('who asks after the change gets the new state, though a load of the old one was active when it asked', async () => {
  const worker = await cluster.startWorker({ hold: 'part-synced' });
  const first = cluster.ask();
  await worker.reached('part-synced');
  await cluster.writeSource('words.csv', [[1, 'new']]);
  const second = cluster.ask();
  const third = cluster.ask();
  // The second load is in the queue, or already found the lease taken: either way it came too late for the first.
  await expect.poll(() => worker.count('lease-busy')).toBeGreaterThan(0);
  worker.release();

  expect(['old', 'new']).toContain((await cluster.wordsOf(await first))[0]);
  expect(await cluster.wordsOf(await second)).toEqual(['new']);
  expect(await cluster.wordsOf(await third)).toEqual(['new']);
  // The caller may hear of a commit before the worker does.
  await expect.poll(() => worker.count('commit-acked')).toBe(2);
});

test('a 202 asked again ends with the generation its load made', async () => {
  const worker = await cluster.startWorker({ hold: 'part-synced' });
  const pending = await cluster.resolve({ waitMs: 0 });
  expect(pending.kind).toBe('pending');
  worker.release();
  for (;;) {
    const resolution = await cluster.resolve({
      waitMs: 0,
      continues: pending.kind === 'pending' ? pending.requirement : null,
    });
    if (resolution.kind === 'answer') break;
  }
  expect(worker.count('lease-acquired')).toBe(1);
});

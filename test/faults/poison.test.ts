/** A job that kills each worker that takes it. */
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

test('is given up after its second death, callers hear why, and the next ask starts afresh', async () => {
  const asked = cluster.ask().then(
    () => 'answered',
    (error: unknown) => error,
  );
  for (let death = 1; death <= 2; death += 1) {
    const victim = await cluster.startWorker({ hold: 'first-batch' });
    await victim.reached('first-batch');
    await victim.kill();
  }
  await cluster.startWorker();
  expect(await asked).toMatchObject({ code: 'PQ_WORKER_CRASHED', retryable: true });
  expect(await cluster.wordsOf(await cluster.ask())).toEqual(['one']);
});

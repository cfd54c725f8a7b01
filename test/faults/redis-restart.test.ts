/** Redis restarted with and without its data, while idle and in the middle of a load (I11). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { epochOf } from '@parqueue/core';
import { Cluster } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = await Cluster.open({ mortal: true });
  await cluster.writeSource('words.csv', [
    [1, 'one'],
    [2, 'two'],
  ]);
});

afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
});

describe.each([{ keepData: true }, { keepData: false }])(
  'Redis restarted, its data kept: $keepData',
  ({ keepData }) => {
    test('while idle: the next epoch begins, and the kept generation is verified, not loaded again', async () => {
      const worker = await cluster.startWorker();
      const before = await cluster.ask();
      await cluster.redis.restart({ keepData });

      const after = await cluster.ask();
      expect(after.head).toMatchObject({
        fence: before.head.fence,
        fillId: before.head.fillId,
        sha256: before.head.sha256,
      });
      expect(epochOf(after.head.verified)).toBeGreaterThan(epochOf(before.head.verified));
      expect(worker.count('lease-acquired')).toBe(1);
      expect(await cluster.wordsOf(after)).toEqual(['one', 'two']);
    });

    test('while idle, and the source changed meanwhile: the change is seen', async () => {
      await cluster.startWorker();
      await cluster.ask();
      await cluster.redis.restart({ keepData });
      await cluster.writeSource('words.csv', [[1, 'uno']]);
      expect(await cluster.wordsOf(await cluster.ask())).toEqual(['uno']);
    });

    // The new epoch may adopt what the load published before it noticed, or load again: it is the same rows either way.
    test('in the middle of a load: whoever waited gets the rows, and nothing is left in staging', async () => {
      const worker = await cluster.startWorker({ hold: 'first-batch' });
      const asked = cluster.ask();
      await worker.reached('first-batch');
      await cluster.redis.restart({ keepData });
      worker.release();

      const answer = await asked;
      expect(await cluster.wordsOf(answer)).toEqual(['one', 'two']);
      await expect.poll(() => cluster.staging()).toEqual([]);
    });
  },
);

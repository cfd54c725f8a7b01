/** Workers that die, or sleep past their lease, in the middle of a load: one publish, no leftovers, no zombie's commit. */
import { afterEach, beforeEach, expect, test } from 'vitest';
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

test('a worker killed while it reads: another one finishes, and nothing of the first is left', async () => {
  const doomed = await cluster.startWorker({ hold: 'first-batch' });
  const asked = cluster.ask();
  const { details } = await doomed.reached('first-batch');
  expect(await cluster.staging()).toHaveLength(1);
  const other = await cluster.startWorker();
  await doomed.kill();

  const answer = await asked;
  expect(await cluster.wordsOf(answer)).toEqual(['one', 'two']);
  expect(answer.head.fence).toBeGreaterThan(details['fence'] as number);
  // The caller may hear of the commit before the worker does.
  await other.reached('commit-acked');
  expect(await cluster.staging()).toEqual([]);
  expect(await cluster.generations()).toEqual([`g${answer.head.fence}`]);
});

test('a worker killed between publishing and committing: its generation is never served', async () => {
  const doomed = await cluster.startWorker({ hold: 'commit-sent' });
  const asked = cluster.ask();
  const { details } = await doomed.reached('commit-sent');
  await cluster.startWorker();
  await doomed.kill();

  const answer = await asked;
  expect(answer.head.fence).toBeGreaterThan(details['fence'] as number);
  expect(answer.head.fillId).not.toBe(details['fillId']);
  expect(await cluster.wordsOf(answer)).toEqual(['one', 'two']);
});

test('a worker killed right after its commit: the answer stands, and nothing is loaded again', async () => {
  const doomed = await cluster.startWorker({ hold: 'commit-acked' });
  const asked = cluster.ask();
  const { details } = await doomed.reached('commit-acked');
  const answer = await asked;
  expect(answer.head.fence).toBe(details['fence']);
  await doomed.kill();

  const other = await cluster.startWorker();
  expect((await cluster.ask()).head.fence).toBe(answer.head.fence);
  expect(other.count('lease-acquired')).toBe(0);
});

test('a worker stopped beyond its lease and continued: its late commit is fenced', async () => {
  const zombie = await cluster.startWorker({ hold: 'commit-sent' });
  const asked = cluster.ask();
  const { details } = await zombie.reached('commit-sent');
  zombie.signal('SIGSTOP');
  await cluster.startWorker();
  const answer = await asked;
  expect(answer.head.fence).toBeGreaterThan(details['fence'] as number);

  zombie.release();
  zombie.signal('SIGCONT');
  expect((await zombie.reached('fenced')).details).toMatchObject({
    fence: details['fence'],
    fillId: details['fillId'],
  });
  const again = await cluster.ask();
  expect(again.head).toMatchObject({ fence: answer.head.fence, fillId: answer.head.fillId });
  expect(await cluster.wordsOf(again)).toEqual(['one', 'two']);
});

test('a worker stopped beyond its lease in the middle of its load: it hears that it lost, and leaves nothing', async () => {
  const zombie = await cluster.startWorker({ hold: 'first-batch' });
  const asked = cluster.ask();
  await zombie.reached('first-batch');
  zombie.signal('SIGSTOP');
  await cluster.startWorker();
  const answer = await asked;

  zombie.signal('SIGCONT');
  await zombie.reached('lease-lost');
  zombie.release();
  expect(zombie.count('published')).toBe(0);
  await expect.poll(() => cluster.staging()).toEqual([]);
  expect(await cluster.generations()).toEqual([`g${answer.head.fence}`]);
  expect((await cluster.ask()).head.fence).toBe(answer.head.fence);
});

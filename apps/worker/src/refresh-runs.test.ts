/** Jobs of due refreshes on a real Redis: who runs them, who hands them on, and what the next one knows. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, RefreshReport, RefreshRun } from '@parqueue/core';
import { Catalog, loadConfig } from '@parqueue/core/config';
import { connectRedis, openCoordination, PREFIX, type Coordination } from '@parqueue/core/redis';
import { Queue } from 'bullmq';
import pino from 'pino';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { QueueWorker } from './queue-worker.ts';
import { RefreshRuns, type RefreshRunsDeps } from './refresh-runs.ts';
import { REFRESH_QUEUE, type RefreshJob } from './refresh-schedules.ts';

const URL = `${inject('redisUrl')}/122`;
const log = pino({ level: 'silent' });
const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
const REPORT: RefreshReport = {
  counts: { verified: 3, loaded: 0, fresh: 0, joined: 0, unread: 0, foreign: 0, late: 0, failed: 0 },
  lastFailure: null,
};

let connection: ReturnType<typeof connectRedis>;
let queue: Queue<RefreshJob>;
let coordination: Coordination;
let ids = 0;
const workers: QueueWorker<RefreshJob, void>[] = [];

beforeEach(async () => {
  connection = connectRedis({ url: URL }, 'worker');
  await connection.flushdb();
  queue = new Queue(REFRESH_QUEUE, { prefix: PREFIX, connection });
  const randomId = () => (ids += 1).toString(16).padStart(32, '0');
  coordination = await openCoordination({ url: URL, storeId: 'runs', clock, randomId });
});

afterEach(async () => {
  for (const worker of workers.splice(0)) {
    await worker.stopTaking();
    await worker.close();
  }
  await queue.close();
  await coordination.close();
  connection.disconnect();
});

/** A worker whose configuration refreshes those datasets. */
function start(datasets: readonly string[], run: RefreshRunsDeps['refresher']['run']): RefreshRuns {
  const lines = datasets.map((name) => `  ${name}: { source: lake, path: a.csv, refresh: { every: 1h, jitter: 10% } }`);
  const text = `sources: { lake: { kind: file, root: ., maxConcurrentFills: 3 } }\ndatasets:\n  other: { source: lake, path: b.csv }\n  twin: { source: lake, path: a.csv }\n${lines.join('\n')}\n`;
  const catalog = new Catalog(loadConfig(text, { path: '/etc/parqueue.yaml', env: {}, readFile: () => '' }));
  const { refreshes } = coordination;
  const runs = new RefreshRuns({ catalog, queue, refreshes, refresher: { run }, onEntry: () => undefined, clock, log });
  const worker = new QueueWorker<RefreshJob, void>({
    queue: REFRESH_QUEUE,
    prefix: PREFIX,
    concurrency: { local: 1, cluster: null },
    connection,
    timing: { lockDurationMs: 30_000, stalledIntervalMs: 30_000 },
    log,
    process: (job, token, signal) => runs.process(job, token, signal),
    onAbandoned: async () => undefined,
  });
  workers.push(worker);
  worker.start();
  return runs;
}

async function until<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await sleep(20);
  }
}

const lastOf = async (dataset: string) => (await coordination.refreshes.read(dataset)).last;

test('a due refresh is run as the configuration says, and what it did is told', async () => {
  const plans: unknown[] = [];
  start(['a'], async ({ again, always, ...plan }) => {
    plans.push({ ...plan, always: always.length, again: typeof again });
    return REPORT;
  });
  await queue.add('refresh', { dataset: 'a' });
  expect(await until(() => lastOf('a'))).toMatchObject({ counts: { verified: 3 }, lastFailure: null });
  expect(plans).toEqual([
    {
      dataset: 'a',
      alike: ['twin', 'a'],
      source: 'lake',
      joinsRunning: true,
      jitterMs: 360_000,
      readWithinMs: 7 * 86_400_000,
      lanes: 2,
      always: 0,
      again: 'function',
    },
  ]);
});

test('a refresh is over when the next one is due', async () => {
  const every = { every: 3_600_000, startDate: Date.now() + 1_000_000 };
  await queue.upsertJobScheduler('a', every, { name: 'refresh', data: { dataset: 'a' } });
  const { next = 0 } = (await queue.getJobScheduler('a')) ?? {};
  const ends: number[] = [];
  start(['a'], async (_plan, { endsAtMs }) => {
    ends.push(endsAtMs);
    return REPORT;
  });
  await queue.add('refresh', { dataset: 'a' });
  await until(() => lastOf('a'));
  expect(ends.map((at) => at - next)).toEqual([0]);
});

test('a worker that is asked to stop hands its refresh on, and the next one continues it', async () => {
  const seen: Pick<RefreshRun, 'since' | 'beganAtMs'>[] = [];
  const first = start(['a'], async (_plan, { since, beganAtMs, onSince, signal }) => {
    seen.push({ since, beganAtMs });
    await onSince(42);
    first.stop();
    return signal.aborted ? null : REPORT;
  });
  await queue.add('refresh', { dataset: 'a' });
  await until(async () => seen.length > 0 && (await queue.getJobCounts('active'))['active'] === 0);
  await workers.splice(0)[0]?.stopTaking();
  expect(await lastOf('a')).toBeNull();

  start(['a'], async (_plan, { since, beganAtMs }) => {
    seen.push({ since, beganAtMs });
    return REPORT;
  });
  await until(() => lastOf('a'));
  expect(seen.at(-1)).toEqual({ since: 42, beganAtMs: seen[0]?.beganAtMs });
});

test('what was due long ago is offered to others as well before it is given up', async () => {
  start(['b'], async () => {
    throw new Error('it is not his');
  });
  const dueAtMs = Date.now() - 3_600_000;
  const job = await queue.add('refresh', { dataset: 'a', dueAtMs });
  await until(async () => (await job.getState()) === 'delayed');
  const { offeredAtMs = 0, ...data } = (await queue.getJob(job.id ?? ''))?.data ?? { dataset: '' };
  expect(data).toEqual({ dataset: 'a', dueAtMs });
  await job.updateData({ ...data, offeredAtMs: offeredAtMs - 60_000 });
  await job.promote();
  await until(async () => (await job.getState()) === 'completed');
  expect(await lastOf('a')).toBeNull();
});

test('a worker whose configuration has no such refresh leaves it to one that has', async () => {
  start(['b'], async () => {
    throw new Error('it is not his');
  });
  const job = await queue.add('refresh', { dataset: 'a' });
  await until(async () => (await job.getState()) === 'delayed');
  await workers.splice(0)[0]?.stopTaking();
  start(['a'], async () => REPORT);
  await job.promote();
  await until(() => lastOf('a'));
});

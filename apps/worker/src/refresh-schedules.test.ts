/** Schedules of refreshes as BullMQ keeps them on a real Redis, with several workers of one or of two configurations. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@parqueue/core';
import { Catalog, loadConfig } from '@parqueue/core/config';
import { connectRedis, openCoordination, PREFIX, type Coordination } from '@parqueue/core/redis';
import { defaultRepeatStrategy, Queue } from 'bullmq';
import pino from 'pino';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { REFRESH_QUEUE, RefreshSchedules, type RefreshJob } from './refresh-schedules.ts';

const URL = `${inject('redisUrl')}/121`;
const log = pino({ level: 'silent' });
const HOUR_MS = 3_600_000;
const hostClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

let connection: ReturnType<typeof connectRedis>;
let queue: Queue<RefreshJob>;
let coordination: Coordination;
let nowMs: number;
let ids = 0;

beforeEach(async () => {
  connection = connectRedis({ url: URL }, 'worker');
  await connection.flushdb();
  queue = new Queue(REFRESH_QUEUE, { prefix: PREFIX, connection });
  const randomId = () => (ids += 1).toString(16).padStart(32, '0');
  coordination = await openCoordination({ url: URL, storeId: 'schedules', clock: hostClock, randomId });
  nowMs = Date.now();
});

afterEach(async () => {
  await queue.close();
  await coordination.close();
  connection.disconnect();
});

const datasetsOf = (refreshes: Readonly<Record<string, string>>) => {
  const lines = Object.entries(refreshes).map(
    ([name, refresh]) => `  ${name}: { source: lake, path: a.csv, ${refresh} }`,
  );
  const text = `sources: { lake: { kind: file, root: . } }\ndatasets:\n${lines.join('\n')}\n`;
  return new Catalog(loadConfig(text, { path: '/etc/parqueue.yaml', env: {}, readFile: () => '' })).datasets();
};

/** A worker with that configuration, started at that time by Redis's clock. */
const worker = (refreshes: Readonly<Record<string, string>>, startedAtMs: number, holder = `worker-${startedAtMs}`) =>
  new RefreshSchedules({
    datasets: datasetsOf(refreshes),
    queue,
    keeper: coordination.scheduleKeeper,
    refreshes: coordination.refreshes,
    redisNow: async () => startedAtMs,
    holder,
    clock: { now: () => nowMs, sleep: hostClock.sleep },
    log,
  });

/** What is due, and which jobs stand for it. */
const scheduled = async () => {
  const schedulers = await queue.getJobSchedulers(0, -1, true);
  const jobs = await queue.getJobs(['delayed', 'waiting', 'active']);
  return {
    schedules: Object.fromEntries(schedulers.map(({ key, every, pattern }) => [key, pattern ?? every])),
    jobs: jobs.map(({ data }) => data.dataset).toSorted(),
    next: Object.fromEntries(schedulers.map(({ key, next }) => [key, next])),
  };
};

const later = (ms: number): void => {
  nowMs += ms;
};

test('three workers make one job for each due time, the same whoever makes it', async () => {
  const refreshes = { hourly: 'refresh: { every: 1h }', daily: 'refresh: { cron: "0 6 * * *", timeZone: Asia/Tokyo }' };
  const workers = [1, 2, 3].map((at) => worker({ ...refreshes, never: 'description: x' }, at));
  await Promise.all(workers.map((each) => each.keep(1)));
  for (const each of workers) await each.keep(1);
  const { schedules, jobs, next } = await scheduled();
  expect(schedules).toEqual({ hourly: HOUR_MS, daily: '0 6 * * *' });
  expect(jobs).toEqual(['daily', 'hourly']);
  expect(new Date(Number(next['daily'])).getUTCHours()).toBe(21);
  expect((await coordination.refreshes.read('hourly')).nextAtMs).toBe(next['hourly']);

  await connection.flushdb();
  await worker(refreshes, 4).keep(1);
  expect(await scheduled()).toEqual({ schedules, jobs, next });
});

test('a schedule that is as it should be is left alone, also when its job is overdue', async () => {
  const refreshes = { daily: 'refresh: { cron: "0 6 * * *" }' };
  await worker(refreshes, 1).keep(1);
  const [job] = await queue.getJobs(['delayed']);
  await job?.promote();
  await worker(refreshes, 2).keep(1);
  expect((await queue.getJobs(['waiting', 'prioritized', 'delayed'])).map(({ id }) => id)).toEqual([job?.id]);
});

test('what Redis lost comes back within a check, and with a new epoch at once', async () => {
  const own = worker({ hourly: 'refresh: { every: 1h }' }, 1);
  await own.keep(1);
  await connection.flushdb();
  await own.keep(1);
  expect((await scheduled()).jobs).toEqual([]);
  await own.keep(2);
  expect((await scheduled()).jobs).toEqual(['hourly']);

  // The job went, and its schedule stayed.
  await connection.del(`${PREFIX}:${REFRESH_QUEUE}:delayed`);
  expect(await scheduled()).toMatchObject({ schedules: { hourly: HOUR_MS }, jobs: [] });
  later(60_000);
  await own.keep(2);
  expect((await scheduled()).jobs).toEqual(['hourly']);
});

test('the configuration of the worker that started last counts, in whatever order they look', async () => {
  const old = worker({ a: 'refresh: { every: 1h }', gone: 'refresh: { every: 1h }' }, 1);
  const young = worker({ a: 'refresh: { every: 2h }' }, 2);
  await old.keep(1);
  await young.keep(1);
  for (let look = 0; look < 3; look += 1) {
    later(60_000);
    await old.keep(1);
    await young.keep(1);
    expect(await scheduled()).toMatchObject({ schedules: { a: 2 * HOUR_MS }, jobs: ['a'] });
  }
  expect(await coordination.refreshes.read('gone')).toEqual({ nextAtMs: null, last: null });
});

test('a time of day in another time zone is another schedule', async () => {
  await worker({ daily: 'refresh: { cron: "0 6 * * *", timeZone: Asia/Tokyo }' }, 1).keep(1);
  await worker({ daily: 'refresh: { cron: "0 6 * * *" }' }, 2).keep(1);
  const { next, jobs } = await scheduled();
  expect([new Date(Number(next['daily'])).getUTCHours(), jobs]).toEqual([6, ['daily']]);
});

test('intervals of one length are due at different times, by the names of their datasets', async () => {
  const names = ['a', 'b', 'c', 'd'];
  await worker(Object.fromEntries(names.map((name) => [name, 'refresh: { every: 1h }'])), 1).keep(1);
  const { next } = await scheduled();
  expect(new Set(names.map((name) => Number(next[name]) % HOUR_MS)).size).toBe(names.length);
});

test('when the worker that saw to them is gone, another one does', async () => {
  const old = worker({ a: 'refresh: { every: 1h }' }, 1);
  await worker({ a: 'refresh: { every: 2h }' }, 2).keep(1);
  await old.keep(1);
  expect((await scheduled()).schedules).toEqual({ a: 2 * HOUR_MS });
  await connection.del('{pq}:refresher');
  await old.keep(1);
  expect((await scheduled()).schedules).toEqual({ a: HOUR_MS });
});

test('of two that started in one moment one keeps the schedules, and the other never takes them from it', async () => {
  const [a, b] = [worker({ x: 'refresh: { every: 1h }' }, 1, 'a'), worker({ y: 'refresh: { every: 1h }' }, 1, 'b')];
  const kept: unknown[] = [];
  for (let look = 0; look < 3; look += 1) {
    later(60_000);
    await a.keep(1);
    kept.push((await scheduled()).jobs);
    await b.keep(1);
    kept.push((await scheduled()).jobs);
  }
  expect(kept).toEqual([['x'], ['y'], ['y'], ['y'], ['y'], ['y']]);
});

test.each([
  ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['03-29T01:30', '03-30T00:30']],
  ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', ['10-25T00:30', '10-26T01:30']],
  ['30 0 * * *', 'Africa/Cairo', '2026-04-22T12:00Z', ['04-22T22:30', '04-24T21:30']],
])('%s in %s after %s is due at %j, as the documentation has it', (pattern, tz, from, expected) => {
  let at = Date.parse(from);
  const times = expected.map(() => {
    at = Number(defaultRepeatStrategy(at, { pattern, tz }));
    return new Date(at).toISOString().slice(5, 16);
  });
  expect(times).toEqual(expected);
});

test('trouble with the queue is told, and the next look tries again', async () => {
  const own = worker({ hourly: 'refresh: { every: 1h }' }, 1);
  await queue.close();
  await own.keep(1);
  queue = new Queue(REFRESH_QUEUE, { prefix: PREFIX, connection });
  const again = worker({ hourly: 'refresh: { every: 1h }' }, 1, 'worker-1');
  await again.keep(1);
  expect((await scheduled()).jobs).toEqual(['hourly']);
});

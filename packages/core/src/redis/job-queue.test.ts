/** Jobs on BullMQ and a real Redis: one work per pair of ticks, limits, and a status for whatever became of a job (I8, I9). */
import { Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { connectRedis } from './connection.ts';
import { openCoordination, type Coordination } from './coordination.ts';
import { PREFIX } from './keys.ts';
import { queueName } from './queues.ts';
import type { Job } from '../model/job.ts';
import { openEpoch } from '../testing/coordination-contract.ts';
import { randomId, STORE_ID, systemClock } from '../testing/redis-harness.ts';

const URL = `${inject('redisUrl')}/103`;
const closers: (() => Promise<void>)[] = [];
let admin: ReturnType<typeof connectRedis>;
let coordination: Coordination;

const open = async (queuePerSource = 1000): Promise<Coordination> => {
  const made = await openCoordination({ url: URL, storeId: STORE_ID, clock: systemClock, randomId, queuePerSource });
  closers.push(() => made.close());
  return made;
};

/** A worker as apps/worker builds it. */
const work = (
  run: (
    job: Job,
    tools: { readonly id: string; readonly progress: (value: object) => Promise<void>; readonly signal: AbortSignal },
  ) => Promise<unknown>,
) => {
  const connection = connectRedis({ url: URL }, 'worker');
  const worker = new Worker<Job>(
    queueName('fill', 'lake'),
    async (job, _token, signal) =>
      await run(job.data, {
        id: job.id ?? '',
        progress: (value) => job.updateProgress(value),
        signal: signal ?? new AbortController().signal,
      }),
    { connection, prefix: PREFIX },
  );
  worker.on('error', (error) => {
    throw error;
  });
  closers.push(async () => {
    await worker.close();
    connection.disconnect();
  });
  return worker;
};

const gate = (): { readonly opened: Promise<void>; readonly open: () => void } => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};

function job(after = 1, key = 'k-00000000000000000000000000000000'): Job {
  return {
    kind: 'fill',
    requestId: null,
    requirement: { after, hardAfter: 0 },
    request: {
      key,
      source: 'lake',
      dataset: 'prices',
      scopes: [],
      probeTargets: [],
      versionKind: 'checksum',
      limits: { rowsMax: 1, bytesMax: 1, timeoutMs: 1 },
      canonical: {
        keyFormat: 1,
        sourceKind: 'file',
        sourceIdentity: '/data',
        columns: null,
        columnTypes: {},
        question: { kind: 'file', path: 'a.csv', format: 'csv', csv: null },
        parquet: { compression: 'zstd', rowGroupRows: 1000 },
      },
    },
  };
}

beforeEach(async () => {
  admin = connectRedis({ url: URL }, 'worker');
  await admin.flushdb();
  coordination = await open();
});

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  admin.disconnect();
});

describe('enqueue', () => {
  test('fifty adds by each of three producers are one job', async () => {
    const producers = [coordination, await open(), await open()];
    const refs = await Promise.all(
      producers.flatMap(({ jobs }) => Array.from({ length: 50 }, () => jobs.enqueue(job()))),
    );
    expect(new Set(refs.map(({ id }) => id)).size).toBe(1);
    expect(refs.filter(({ joined }) => !joined)).toHaveLength(1);
    expect((await coordination.jobBrowser.counts()).map(({ counts }) => counts['waiting'])).toEqual([1]);
  });

  test('a later pair of ticks is not swallowed by a job that waits or runs', async () => {
    const first = await coordination.jobs.enqueue(job(1));
    const running = gate();
    const finish = gate();
    work(async ({ requirement }) => {
      if (requirement.after !== 1) return;
      running.open();
      await finish.opened;
    });
    await running.opened;
    expect((await coordination.jobs.enqueue(job(1))).id).toBe(first.id);
    expect((await coordination.jobs.enqueue(job(2))).id).not.toBe(first.id);
    finish.open();
  });

  test('beyond the limit new work is refused, and work that is there already is joined', async () => {
    const small = await open(2);
    const first = await small.jobs.enqueue(job(1));
    await small.jobs.enqueue(job(2));
    await expect(small.jobs.enqueue(job(3))).rejects.toMatchObject({ code: 'PQ_QUEUE_FULL', retryable: true });
    expect(await small.jobs.enqueue(job(1))).toEqual({ id: first.id, joined: true });
  });

  test('of a refresh one job waits for each key, whatever its pair of ticks, and callers go before it', async () => {
    const ofRefresh = (after: number): Job => ({ ...job(after), background: true });
    const first = await coordination.jobs.enqueue(ofRefresh(1));
    expect(await coordination.jobs.enqueue(ofRefresh(2))).toEqual({ id: first.id, joined: true });
    const other = await coordination.jobs.enqueue({
      ...job(1, 'o-00000000000000000000000000000000'),
      background: true,
    });
    const caller = await coordination.jobs.enqueue(job(1));
    const order: string[] = [];
    const all = gate();
    work(async (_job, { id }) => {
      if (order.push(id) === 3) all.open();
    });
    await all.opened;
    expect(order).toEqual([caller.id, first.id, other.id]);
    while ((await coordination.jobs.enqueue(ofRefresh(3))).id === first.id);
  });

  test('a paused source takes no jobs until it is resumed', async () => {
    await coordination.jobs.pause('lake');
    await expect(coordination.jobs.enqueue(job())).rejects.toMatchObject({ code: 'PQ_SOURCE_PAUSED' });
    await coordination.jobs.resume('lake');
    expect((await coordination.jobs.enqueue(job())).joined).toBe(false);
  });

  test('a pause tells its own beginning, not that of one whose end was noted only in part', async () => {
    await admin.hset('{pq}:paused', 'lake', JSON.stringify({ reason: 'long ago', by: 'x', sinceMs: 1 }));
    await coordination.jobs.pause('lake', { reason: 'now', by: 'y' });
    const begun = await coordination.jobs.pauseOf('lake');
    expect(begun).toMatchObject({ reason: 'now', by: 'y' });
    expect(begun?.sinceMs).toBeGreaterThan(1);
    await coordination.jobs.pause('lake', { reason: 'longer', by: 'z' });
    expect(await coordination.jobs.pauseOf('lake')).toEqual({ reason: 'longer', by: 'z', sinceMs: begun?.sinceMs });
  });

  test('a job that waited when its source was paused still waits, for those who ask and after it is resumed', async () => {
    const { id } = await coordination.jobs.enqueue(job());
    await coordination.jobs.pause('lake');
    expect(await coordination.jobs.status(id)).toEqual({ state: 'held' });
    await coordination.jobs.resume('lake');
    expect(await coordination.jobs.status(id)).toEqual({ state: 'queued' });
  });
});

describe('status', () => {
  test('tells queued, running with its progress, and the outcome that was recorded', async () => {
    const { id } = await coordination.jobs.enqueue(job());
    expect(await coordination.jobs.status(id)).toEqual({ state: 'queued' });
    const progress = { phase: 'reading', rows: 0, bytes: 50, bytesTotal: 100 };
    const running = gate();
    const finish = gate();
    const outcome = { kind: 'committed', fence: 7, rows: 5, bytes: 70 } as const;
    const worker = work(async ({ request }, { id: jobId, progress: report }) => {
      await report(progress);
      running.open();
      await finish.opened;
      await coordination.outcomes.record({ id: jobId, key: request.key }, outcome);
    });
    await running.opened;
    expect(await coordination.jobs.status(id)).toEqual({ state: 'running', progress });
    const completed = new Promise((resolve) => {
      worker.once('completed', resolve);
    });
    finish.open();
    await completed;
    expect(await coordination.jobs.status(id)).toEqual({ state: 'finished', outcome });
    expect(await coordination.jobBrowser.get(id)).toMatchObject({
      id,
      state: 'finished',
      outcome,
      source: 'lake',
      kind: 'fill',
      // The last that was told is older than the end.
      progress: { phase: 'publishing', rows: 5, bytes: 100, bytesTotal: 100 },
    });
  });

  test('a job that failed without an outcome is a crashed worker, to be tried again', async () => {
    const { id } = await coordination.jobs.enqueue(job());
    const worker = work(async () => {
      throw new Error('job stalled more than allowable limit');
    });
    await new Promise((resolve) => {
      worker.once('failed', resolve);
    });
    expect(await coordination.jobs.status(id)).toMatchObject({
      state: 'finished',
      outcome: { kind: 'failed', failure: { code: 'PQ_WORKER_CRASHED', retryable: true } },
    });
  });

  test('what Redis forgot, what never was and what is no id at all has vanished', async () => {
    const { id } = await coordination.jobs.enqueue(job());
    await admin.flushdb();
    for (const unknown of [id, `nosuch.fill.${randomId()}`, 'x', '../marker']) {
      expect(await coordination.jobs.status(unknown)).toEqual({ state: 'vanished' });
    }
    expect(await admin.keys('*nosuch*')).toEqual([]);
    expect((await coordination.jobs.enqueue(job())).id).not.toBe(id);
  });
});

test('a queue shows itself again in a memory that forgot it', async () => {
  await openEpoch({ ports: coordination, storeId: STORE_ID }, 1);
  await coordination.jobs.enqueue(job());
  await admin.flushdb();
  await openEpoch({ ports: coordination, storeId: STORE_ID }, 2);
  await coordination.jobs.enqueue(job());
  expect(await coordination.jobBrowser.counts()).toMatchObject([{ kind: 'fill', source: 'lake' }]);
});

describe('cancel', () => {
  test('a waiting job goes, its waiters are told, and the next ask starts another', async () => {
    const { id } = await coordination.jobs.enqueue(job());
    const told = gate();
    await coordination.notices.subscribe(job().request.key, told.open);
    await coordination.jobs.cancel(id);
    await told.opened;
    expect(await coordination.jobs.status(id)).toEqual({ state: 'finished', outcome: { kind: 'cancelled' } });
    expect(await coordination.jobs.enqueue(job())).toMatchObject({ joined: false });
  });

  test('workers hear of a running one', async () => {
    const { id } = await coordination.jobs.enqueue(job());
    const running = gate();
    const finish = gate();
    work(async () => {
      running.open();
      await finish.opened;
    });
    const heard = new Promise<string>((resolve) => {
      void coordination.cancellations
        .subscribe(resolve)
        .then(() => running.opened)
        .then(() => coordination.jobs.cancel(id));
    });
    expect(await heard).toBe(id);
    expect(await coordination.jobs.status(id)).toMatchObject({ state: 'running' });
    finish.open();
  });

  test('a finished or unknown one is left as it is', async () => {
    await coordination.jobs.cancel(`lake.fill.${randomId()}`);
    const { id } = await coordination.jobs.enqueue(job());
    const worker = work(async ({ request }, { id: jobId }) => {
      await coordination.outcomes.record({ id: jobId, key: request.key }, { kind: 'verified', fence: 3 });
    });
    await new Promise((resolve) => {
      worker.once('completed', resolve);
    });
    await coordination.jobs.cancel(id);
    expect(await coordination.jobs.status(id)).toEqual({ state: 'finished', outcome: { kind: 'verified', fence: 3 } });
  });
});

test('the browser lists the jobs of all sources, newest first, without their questions', async () => {
  const other = { ...job(), request: { ...job().request, source: 'erp' } };
  const ids = [(await coordination.jobs.enqueue(job(1))).id, (await coordination.jobs.enqueue(other)).id];
  const listed = await coordination.jobBrowser.list({
    states: ['queued', 'running', 'finished'],
    kinds: ['fill'],
    limit: 10,
  });
  expect(listed.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  expect(JSON.stringify(listed)).not.toContain('a.csv');
});

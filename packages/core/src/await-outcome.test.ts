/** How a waiter treats what the queue tells of its job. */
import { expect, test } from 'vitest';
import { awaitOutcome } from './await-outcome.ts';
import type { Job, JobStatus } from './model/job.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';

const KEY = 'entry-0123456789abcdef0123456789abcdef';
const JOB: Job = {
  kind: 'fill',
  requirement: { after: 1e12, hardAfter: 0 },
  requestId: null,
  request: {
    key: KEY,
    canonical: {
      keyFormat: 1,
      sourceKind: 'file',
      sourceIdentity: 'file:/',
      columns: null,
      columnTypes: {},
      question: { kind: 'file', path: 'a.csv', format: 'csv', csv: null },
      parquet: { compression: 'zstd', rowGroupRows: 1 },
    },
    source: 's',
    dataset: null,
    scopes: [],
    probeTargets: [],
    versionKind: 'checksum',
    limits: { rowsMax: 1, bytesMax: 1, timeoutMs: 1 },
  },
};

/** A waiter whose re-reads come when the test says so. */
async function waiter(status: (enqueued: number) => JobStatus, idOf: (enqueued: number) => string) {
  const coordination = new MemoryCoordination(new MemoryRedis({ now: () => 1_000_000 }));
  await openEpoch({ ports: coordination, storeId: 'wait' }, 1);
  const due: (() => void)[] = [];
  let enqueued = 0;
  const outcome = awaitOutcome(
    JOB,
    {
      heads: coordination.heads,
      jobs: {
        enqueue: async () => ({ id: idOf((enqueued += 1)), joined: enqueued > 1 }),
        status: async () => status(enqueued),
        cancel: async () => undefined,
      },
      onStep: () => undefined,
      notices: { subscribe: async () => ({ close: async () => undefined }) },
      clock: {
        now: () => 0,
        sleep: () =>
          new Promise((resolve) => {
            due.push(resolve);
          }),
      },
    },
    { onJob: () => undefined, signal: new AbortController().signal },
  );
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn += 1)
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
  };
  const reread = async (): Promise<void> => {
    due.shift()?.();
    await settle();
  };
  await settle();
  return { outcome, reread, enqueued: () => enqueued };
}

const FINISHED: JobStatus = { state: 'finished', outcome: { kind: 'verified', fence: 1e12 + 1 } };

test('a job that vanished is enqueued again at once', async () => {
  const { outcome, enqueued } = await waiter((count) => (count < 2 ? { state: 'vanished' } : FINISHED), String);
  expect(await outcome).toMatchObject({ kind: 'verified' });
  expect(enqueued()).toBe(2);
});

test('a queue that names a vanished job again is asked at the pace of re-reads, not in a loop', async () => {
  const { outcome, reread, enqueued } = await waiter(
    (count) => (count < 4 ? { state: 'vanished' } : FINISHED),
    () => 'same',
  );
  expect(enqueued()).toBe(2);
  await reread();
  expect(enqueued()).toBe(3);
  await reread();
  await reread();
  expect(await outcome).toMatchObject({ kind: 'verified' });
});

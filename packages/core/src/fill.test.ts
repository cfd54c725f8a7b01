/** A fill whose Redis forgets at awkward moments, on the memory ports. */
import { expect, test } from 'vitest';
import { Epochs } from './epoch.ts';
import { Filler } from './fill.ts';
import { ParqueueError } from './model/errors.ts';
import type { Outcome } from './model/job.ts';
import { DEFAULT_PARQUET } from './model/request.ts';
import { CANCELLED } from './probe.ts';
import { reconcileKey } from './rebuild.ts';
import { BOUNDLESS_ROOM } from './room.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { RefreshBench } from './testing/refresh-bench.ts';
import { KEY, publishGeneration } from './testing/store-fixtures.ts';

test('a Redis that restarts right after the commit does not make a failure of it', async () => {
  const redis = new MemoryRedis({ now: () => 1_000_000 });
  const store = new MemoryStore({ storeId: 'fill' });
  const coordination = new MemoryCoordination(redis);
  const { heads, leases, pins, parts, ticks, reconciler, register } = coordination;
  const { directories, marks, reader } = store;
  const clock = { now: () => 0, sleep };
  let ids = 0;
  const randomId = () => `id${(ids += 1)}`;
  const onStep = (name: string) => {
    if (name === 'head-written') redis.restart('run-2');
  };
  const epochs = new Epochs({ register, store: store.epochs, clock, randomId, onStep: () => undefined });
  await epochs.open();
  const recorded: Outcome[] = [];
  const filler = new Filler({
    heads,
    leases,
    pins,
    parts,
    directories,
    marks,
    room: BOUNDLESS_ROOM,
    epochs,
    clock,
    randomId,
    onStep,
    reconcile: (key) => reconcileKey(key, { reconciler, ticks, parts, directories, reader, onStep: () => undefined }),
    outcomes: { record: async (_job, outcome) => void recorded.push(outcome) },
    work: {
      probe: () => Promise.reject(new Error('unused')),
      fill: async ({ fence, fillId }) => {
        const { manifest } = await publishGeneration(store, { key: KEY, fence, fillId });
        return { kind: 'published', manifest };
      },
    },
    holder: 'test',
    leaseTtlMs: 60_000,
    outcomePinMs: 1_000,
  });
  const request = {
    key: KEY,
    canonical: {
      keyFormat: 1 as const,
      sourceKind: 'file' as const,
      sourceIdentity: 'file:lake',
      columns: null,
      columnTypes: {},
      parquet: DEFAULT_PARQUET,
      question: { kind: 'file' as const, path: 'prices.csv', format: 'csv' as const, csv: null },
    },
    source: 'lake',
    dataset: null,
    scopes: [],
    probeTargets: [],
    versionKind: 'checksum' as const,
    limits: { rowsMax: 1, bytesMax: 1, timeoutMs: 1 },
  };
  const run = await filler.run(
    { kind: 'fill', request, requirement: { after: 1e12, hardAfter: 0 }, requestId: null },
    { jobId: 'job', signal: new AbortController().signal, onProgress: () => undefined },
  );
  expect(run).toMatchObject({ kind: 'done', outcome: { kind: 'committed' } });
  expect(recorded).toMatchObject([{ kind: 'committed' }]);
});

test.each(['key', 'scope'])(
  'a purge of its %s stops a first load at its next renewal, and it begins anew',
  async (kind) => {
    const bench = await new RefreshBench().open();
    bench.files.set('a.csv', 'a.csv 1');
    const request = bench.request('a.csv');
    const { ticks, leases } = bench.coordination;
    let purged = 0;
    bench.beforeRows = async () => {
      if (purged > 0) return;
      expect(await leases.list()).toMatchObject([{ key: request.key, scopes: request.scopes }]);
      purged = await ticks.invalidate(kind === 'key' ? `key:${request.key}` : 'dataset:prices', 'purge');
      await new Promise(() => undefined);
    };
    const requirement = { after: 1e12, hardAfter: 0 };
    const outcome = await bench.timeline.until(bench.run({ kind: 'fill', request, requirement, requestId: null }));
    expect(bench.loads).toEqual(['a.csv', 'a.csv']);
    expect(outcome).toMatchObject({ kind: 'committed' });
    expect(bench.head('a.csv')?.fence).toBeGreaterThan(purged);
    expect(bench.store.allStaging()).toEqual([]);
  },
);

test('a load is purged as often as somebody likes, and committed when nobody does', async () => {
  const bench = await new RefreshBench().open();
  bench.files.set('a.csv', 'a.csv 1');
  const request = bench.request('a.csv');
  let purges = 0;
  bench.beforeRows = async () => {
    if (purges === 12) return;
    purges += 1;
    await bench.coordination.ticks.invalidate('dataset:prices', 'purge');
    await new Promise(() => undefined);
  };
  const requirement = { after: 1e12, hardAfter: 0 };
  const outcome = await bench.timeline.until(bench.run({ kind: 'fill', request, requirement, requestId: null }));
  expect(outcome).toMatchObject({ kind: 'committed' });
  expect(bench.loads).toHaveLength(13);
});

test('a load that loses its lease again and again is given up', async () => {
  const bench = await new RefreshBench().open();
  bench.files.set('a.csv', 'a.csv 1');
  const request = bench.request('a.csv');
  bench.beforeRows = async () => {
    const { heads, leases } = bench.coordination;
    const { lease } = await heads.look({ key: request.key, scopes: [], probeTargets: [] }, null);
    if (lease === null) throw new Error('nobody holds the lease');
    await leases.release({ key: request.key, fillId: lease.fillId, holder: '', ttlMs: 1, scopes: [] }, lease.fence);
    await new Promise(() => undefined);
  };
  const requirement = { after: 1e12, hardAfter: 0 };
  const outcome = await bench.timeline.until(bench.run({ kind: 'fill', request, requirement, requestId: null }));
  expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'PQ_WORKER_CRASHED' } });
  expect(bench.loads).toHaveLength(5);
});

test('a mark that voids every load is no purge after the first one: the load is given up', async () => {
  const bench = await new RefreshBench().open();
  bench.files.set('a.csv', 'a.csv 1');
  const beyond = { soft: 0, hard: 0, purge: Number.MAX_SAFE_INTEGER, learned: 0 };
  bench.redis.state.scopes.set('dataset:prices', beyond);
  const stop = new AbortController();
  bench.beforeRows = async () => {
    if (bench.loads.length > 9) stop.abort(CANCELLED);
  };
  const requirement = { after: 1e12, hardAfter: 0 };
  const job = { kind: 'fill', request: bench.request('a.csv'), requirement, requestId: null } as const;
  const ended = bench.runOnce(job, { signal: stop.signal, onStep: () => undefined });
  expect(await bench.timeline.until(ended)).toMatchObject({
    outcome: { kind: 'failed', failure: { code: 'PQ_WORKER_CRASHED' } },
  });
  expect(bench.loads).toHaveLength(5);
});

test('a store that refuses at the very end does not keep the lease: the next fill need not wait for it', async () => {
  const bench = await new RefreshBench().open();
  bench.files.set('a.csv', 'a.csv 1');
  const request = bench.request('a.csv');
  let refused = 0;
  bench.store.beforeOperation = async (name) => {
    if (name !== 'moveToTrash') return;
    refused += 1;
    throw new ParqueueError('PQ_STORE_IO', 'the store does not answer');
  };
  const requirement = { after: 1e12, hardAfter: 0 };
  const job = { kind: 'fill', request, requirement, requestId: null } as const;
  bench.beforeRows = () => Promise.reject(new ParqueueError('PQ_SOURCE_UNAVAILABLE', 'the source went away'));
  expect(await bench.timeline.until(bench.run(job))).toMatchObject({ kind: 'failed' });
  expect(refused, 'what it may have left in staging').toBe(1);
  expect(await bench.coordination.leases.list()).toEqual([]);

  bench.beforeRows = async () => undefined;
  expect(await bench.timeline.until(bench.run(job))).toMatchObject({ kind: 'committed' });
  expect(refused, 'what was committed is the staging directory itself: nothing is looked for').toBe(1);
  expect(await bench.coordination.leases.list()).toEqual([]);
});

test.each([
  ['its job is in other hands', 'lock lost', { kind: 'interrupted' }],
  ['its worker ends', 'shutdown', { kind: 'interrupted' }],
  ['nobody wants it any more', CANCELLED, { kind: 'done', outcome: { kind: 'cancelled' } }],
])('a load that is stopped because %s gives its lease back and says so last', async (_, reason, run) => {
  const bench = await new RefreshBench().open();
  bench.files.set('a.csv', 'a.csv 1');
  const stop = new AbortController();
  bench.beforeRows = async () => {
    expect(await bench.coordination.leases.list()).toHaveLength(1);
    stop.abort(reason);
    await new Promise(() => undefined);
  };
  const steps: [string, unknown][] = [];
  const request = bench.request('a.csv');
  const requirement = { after: 1e12, hardAfter: 0 };
  const ended = bench.runOnce(
    { kind: 'fill', request, requirement, requestId: null },
    { signal: stop.signal, onStep: (name, { fillId }) => void steps.push([name, fillId]) },
  );
  expect(await bench.timeline.until(ended)).toEqual(run);
  expect(await bench.coordination.leases.list()).toEqual([]);
  expect(bench.store.allStaging()).toEqual([]);
  const [, fillId] = steps.find(([name]) => name === 'lease-acquired') ?? [];
  expect(steps.at(-1)).toEqual(['lease-released', fillId]);
});

test.each([
  ['published', () => Promise.resolve(), 'committed'],
  ['failed', () => Promise.reject(new ParqueueError('PQ_SOURCE_UNAVAILABLE', 'it is away')), 'failed'],
])('a load that %s gives back the room that it held', async (_, beforeRows, kind) => {
  const bench = await new RefreshBench().open();
  bench.files.set('a.csv', 'a.csv 1');
  const held = new Set<string>();
  bench.room = {
    hold: async (fill) => {
      held.add(fill.fillId);
      const giveBack = async (): Promise<void> => void held.delete(fill.fillId);
      return { ...(await BOUNDLESS_ROOM.hold(fill)), release: giveBack, counted: giveBack };
    },
  };
  let heldMeanwhile = 0;
  bench.beforeRows = async () => {
    heldMeanwhile = held.size;
    await beforeRows();
  };
  const requirement = { after: 1e12, hardAfter: 0 };
  const job = { kind: 'fill', request: bench.request('a.csv'), requirement, requestId: null } as const;
  expect(await bench.timeline.until(bench.run(job))).toMatchObject({ kind });
  expect(heldMeanwhile).toBe(1);
  expect([...held]).toEqual([]);
});

test('what a thread that died has left in staging goes with its own load, not with the next one', async () => {
  const bench = await new RefreshBench().open();
  bench.files.set('a.csv', 'a.csv 1');
  bench.beforeRows = () => Promise.reject(new ParqueueError('PQ_WORKER_CRASHED', 'the thread is gone'));
  bench.store.beforeOperation = async (name) => {
    if (name === 'discard') throw new ParqueueError('PQ_STORE_IO', 'nobody is there any more to remove it');
  };
  const requirement = { after: 1e12, hardAfter: 0 };
  const job = { kind: 'fill', request: bench.request('a.csv'), requirement, requestId: null } as const;
  expect(await bench.timeline.until(bench.run(job))).toMatchObject({ kind: 'failed' });
  expect(bench.store.allStaging()).toEqual([]);
});

/** Ends with its signal only. */
function sleep(_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

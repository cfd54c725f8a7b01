/** Which heads go for a quota, in which order, and what a dry run says of it; on the memory ports, time by setting the clock. */
import { beforeEach, describe, expect, test } from 'vitest';
import { collectGarbage, type GcItem, type GcOptions, type GcReport } from './gc.ts';
import type { StoreRules } from './model/retention.ts';
import type { Eviction } from './ports/retention.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { publishGeneration } from './testing/store-fixtures.ts';

const GRACE_MS = 100;
const PIN_MAX_MS = 1000;
const SIZE = 10;
const [A, B, C] = ['a', 'b', 'c'].map((name) => `${name}-${'0'.repeat(32)}`) as [string, string, string];

const RULES: StoreRules = {
  graceMs: GRACE_MS,
  keep: { generations: 3, maxAgeMs: 3_600_000 },
  quotaBytes: null,
  reserveBytes: 0,
  unreadMs: null,
  datasets: {},
};

let nowMs: number;
let store: MemoryStore;
let redis: MemoryRedis;
let coordination: MemoryCoordination;
let fills: number;

beforeEach(async () => {
  nowMs = 1_000_000;
  fills = 0;
  store = new MemoryStore({ storeId: 'gc' });
  redis = new MemoryRedis({ now: () => nowMs });
  coordination = new MemoryCoordination(redis);
  await openEpoch({ ports: coordination, storeId: 'gc' }, 1);
  await coordination.reconciler.completePass(1);
  nowMs += PIN_MAX_MS + GRACE_MS;
});

describe('over its quota the store loses', () => {
  test('the heads that nobody read for longest, never read ones before all, and no more than must go', async () => {
    for (const key of [A, B, C]) await fill(key);
    await read(B);
    nowMs += GRACE_MS + 1;
    await read(A);
    // 30 bytes of 25: collections leave a tenth free, so that 22 may stay.
    const { items, report } = await collect({ quotaBytes: 25 });
    expect(items).toEqual([
      { what: 'head', key: C, fence: expect.any(Number), reason: 'quota', bytes: SIZE, dataset: null },
    ]);
    expect(report.retired).toEqual({ quota: { count: 1, bytes: SIZE } });
    expect((await collect({ quotaBytes: 25 })).items).toEqual([]);
    nowMs += GRACE_MS;
    const { items: removed } = await collect({ quotaBytes: 25 });
    expect(removed).toMatchObject([{ what: 'generation', key: C, reason: 'quota' }]);
    expect(await heads()).toEqual([A, B]);
    expect((await collect({ quotaBytes: 15 })).items).toMatchObject([{ key: B, reason: 'quota' }]);
  });

  test('replaced generations that retention keeps, before any head', async () => {
    for (const key of [A, A, B]) await fill(key);
    nowMs += GRACE_MS;
    expect((await collect({ quotaBytes: 40 })).items).toEqual([]);
    const { items } = await collect({ quotaBytes: 25 });
    expect(items).toMatchObject([{ what: 'generation', key: A, reason: 'room' }]);
    expect(await heads()).toEqual([A, B]);
  });

  test('no head that is pinned, being filled, or was committed a moment ago', async () => {
    for (const key of [A, B]) await fill(key);
    await coordination.heads.look({ key: A, scopes: [], probeTargets: [] }, { id: 'reader', ttlMs: 60_000 });
    nowMs += GRACE_MS + 1;
    await coordination.leases.acquire({ key: B, fillId: 'slow', holder: 'test', scopes: [], ttlMs: 60_000 });
    await fill(C);
    expect((await collect({ quotaBytes: 5 })).items).toEqual([]);
    expect(await heads()).toEqual([A, B, C]);
  });

  test('a head for what running fills have reserved, beside what is there', async () => {
    for (const key of [A, B, C]) await fill(key);
    nowMs += GRACE_MS + 1;
    const wish = { key: C, dataset: null, quotaBytes: null, datasetQuotaBytes: null };
    expect((await collect({ quotaBytes: 40 })).items).toEqual([]);
    await coordination.usage.reserve({ ...wish, fillId: 'running', bytes: 15, ttlMs: 60_000 });
    expect((await collect({ quotaBytes: 40 })).items).toMatchObject([{ what: 'head', key: A }]);
  });

  test('nothing that was not counted: it would make no room that could be seen, and all of it would go', async () => {
    for (const key of [A, A, B, C]) await fill(key);
    nowMs += GRACE_MS + 1;
    // A release that counts nothing committed A and B beside this one.
    for (const key of [A, B]) redis.state.keys.get(key)?.sizes.clear();
    expect((await collect({ quotaBytes: 5 })).items).toMatchObject([{ what: 'head', key: C }]);
    expect(await heads()).toEqual([A, B]);
    expect((await collect({ quotaBytes: 30 })).items).toMatchObject([{ what: 'generation', key: A, reason: 'room' }]);
  });

  test('first what is over the quota of its dataset, which counts for the store too', async () => {
    await fill(A, 'small');
    await fill(B, 'small');
    await fill(C);
    nowMs += GRACE_MS + 1;
    await read(A);
    await read(B);
    const datasets = { small: { quotaBytes: 15, keep: RULES.keep } };
    const { items } = await collect({ quotaBytes: 25, datasets });
    expect(items).toMatchObject([{ key: A, reason: 'dataset-quota', dataset: 'small' }]);
  });

  test.each([1, 2, 3])('the same, in the same order, with memory for %i candidates', async (candidatesMax) => {
    const keys = Array.from({ length: 7 }, (_, at) => `k${at}-${'0'.repeat(32)}`);
    const fences: number[] = [];
    for (const [at, key] of keys.entries()) {
      await fill(key, at < 4 ? 'small' : null);
      fences.push(await fill(key, at < 4 ? 'small' : null));
    }
    nowMs += GRACE_MS + 1;
    for (const key of [...keys.slice(2), ...keys.slice(0, 2)]) {
      nowMs += 1;
      await read(key);
    }
    await coordination.pins.pinGeneration(
      { key: keys[4] ?? '', fence: fences[4] ?? 0 },
      { id: 'reader', ttlMs: 60_000 },
    );
    const rules = { quotaBytes: 40, datasets: { small: { quotaBytes: 30, keep: RULES.keep } } };
    const { items } = await collect(rules, { dryRun: true });
    expect(items.length).toBeGreaterThan(8);
    expect((await collect(rules, { dryRun: true, candidatesMax })).items).toEqual(items);
    expect((await collect(rules, { candidatesMax })).items).toEqual(items);
  });

  test.each([1, 2, 3, 9])(
    'none that is read while it looks, and it ends although readers go on, with memory for %i candidates',
    async (candidatesMax) => {
      for (const key of [A, B, C]) await fill(key, 'small');
      nowMs += GRACE_MS + 1;
      const tried: string[] = [];
      let surveys = 0;
      const { eviction } = coordination;
      const rules = { quotaBytes: 5, datasets: { small: { quotaBytes: 5, keep: RULES.keep } } };
      const { items } = await collect(
        rules,
        { candidatesMax },
        {
          survey: async (keys) => {
            const found = await eviction.survey(keys);
            surveys += 1;
            expect(surveys).toBeLessThan(40);
            for (const key of keys) await read(key);
            return found;
          },
          evict: async (head, how) => {
            tried.push(head.key);
            return await eviction.evict(head, how);
          },
        },
      );
      expect(items).toEqual([]);
      expect(tried).toEqual([A, B, C].slice(0, candidatesMax));
      expect(await heads()).toEqual([A, B, C]);
    },
  );

  test('no head for what fills of other datasets have reserved', async () => {
    await fill(A, 'small');
    await fill(B, 'large');
    nowMs += GRACE_MS + 1;
    const wish = { key: C, dataset: 'large', quotaBytes: null, datasetQuotaBytes: null };
    await coordination.usage.reserve({ ...wish, fillId: 'running', bytes: 500, ttlMs: 60_000 });
    const datasets = { small: { quotaBytes: 15, keep: RULES.keep }, large: { quotaBytes: 600, keep: RULES.keep } };
    expect((await collect({ datasets })).items).toEqual([]);
  });

  test('for a load of unknown size a quarter of the quota at most, however often and by how many it is wanted', async () => {
    const keys = Array.from({ length: 8 }, (_, at) => `k${at}-${'0'.repeat(32)}`);
    for (const key of keys) await fill(key);
    nowMs += GRACE_MS + 1;
    const rules = { quotaBytes: 80 };
    const wanted = { bytes: 40, dataset: null, guessed: true };
    const wish = { key: C, dataset: null, quotaBytes: null, datasetQuotaBytes: null };
    await coordination.usage.reserve({ ...wish, fillId: 'another', bytes: 60, ttlMs: 60_000 });
    expect((await collect(rules, { wanted })).items).toHaveLength(2);
    nowMs += GRACE_MS + 1;
    expect((await collect(rules, { wanted })).items).toMatchObject([{ what: 'generation' }, { what: 'generation' }]);
    expect((await collect(rules, { wanted })).items).toEqual([]);
    expect(await coordination.usage.read()).toMatchObject({ bytes: 60 });
    await coordination.usage.release('another');
    expect((await collect(rules, { wanted: { ...wanted, guessed: false } })).items).toHaveLength(2);
  });

  test('for want of free space garbage only: no head goes for what others took of the disk', async () => {
    for (const key of [A, A, B]) await fill(key);
    nowMs += GRACE_MS;
    store.capacityBytes = 40;
    const { items } = await collect({ reserveBytes: 35 });
    expect(items).toMatchObject([{ what: 'generation', key: A, reason: 'room' }]);
    expect(await heads()).toEqual([A, B]);
  });
});

test('an entry that nobody read and nothing filled for so long goes; one that is refreshed does not', async () => {
  const D = `d-${'0'.repeat(32)}`;
  for (const key of [A, B, C, D]) await fill(key);
  nowMs += 5000;
  await read(A);
  await fill(B);
  // A refresh that finds the same version loads nothing.
  const { tick, nowMs: beganAtMs } = await coordination.ticks.startProbe({ key: D, scopes: [], probeTargets: [] });
  expect(await coordination.heads.markVerified(D, { version: 'v', tick, beganAtMs })).toBe(true);
  nowMs += 5000;
  const { items } = await collect({ unreadMs: 8000 });
  expect(items).toMatchObject([{ what: 'head', key: C, reason: 'unread' }]);
});

test('a dry run says exactly what a run does then, and touches nothing', async () => {
  await fill(A);
  await fill(A);
  for (const key of [B, C]) await fill(key);
  await coordination.heads.look({ key: B, scopes: [], probeTargets: [] }, { id: 'reader', ttlMs: 60_000 });
  nowMs += GRACE_MS + 1;
  const rules = { quotaBytes: 25, unreadMs: 50 };
  const before = structuredClone(store.allGenerations());
  const dry = await collect(rules, { dryRun: true });
  expect(store.allGenerations()).toEqual(before);
  expect(await heads()).toEqual([A, B, C]);
  const real = await collect(rules);
  expect(real.items).toEqual(dry.items);
  expect(dry.items.length).toBeGreaterThan(1);
});

test('head.json names an evicted head no more, and path readers keep its files for a grace', async () => {
  const fence = await fill(A);
  const named = { key: A, fence, version: 'checksum:00', sha256: '', verified: fence, verifiedAtMs: 0 };
  await store.marks.writeHead(named);
  nowMs += GRACE_MS + 1;
  await collect({ quotaBytes: 5 });
  expect(await store.marks.readHead(A)).toBeNull();
  expect(store.readPart(A, fence)).not.toBeNull();
  nowMs += GRACE_MS;
  await collect({ quotaBytes: 5 });
  expect(store.readPart(A, fence)).toBeNull();
});

test('a collector that died after it retired a head is continued: its name is taken back, and a grace goes by', async () => {
  const fence = await fill(A);
  await store.marks.writeHead({ key: A, fence, version: 'v', sha256: '', verified: fence, verifiedAtMs: 0 });
  nowMs += GRACE_MS + 1;
  await coordination.eviction.evict(
    { key: A, fence, dataset: null, readAtMs: null },
    { epoch: 1, reason: 'quota', dryRun: false },
  );
  nowMs += GRACE_MS;
  expect((await collect()).items).toEqual([]);
  expect(await store.marks.readHead(A)).toBeNull();
  nowMs += GRACE_MS;
  expect((await collect()).items).toMatchObject([{ what: 'generation', reason: 'quota' }]);
});

test('what such a collector retired makes room when its grace is over, and no other head goes for that room', async () => {
  const fence = await fill(A);
  await fill(B);
  await store.marks.writeHead({ key: A, fence, version: 'v', sha256: '', verified: fence, verifiedAtMs: 0 });
  nowMs += GRACE_MS + 1;
  await coordination.eviction.evict(
    { key: A, fence, dataset: null, readAtMs: null },
    { epoch: 1, reason: 'quota', dryRun: false },
  );
  nowMs += GRACE_MS;
  expect((await collect({ quotaBytes: 15 }, { dryRun: true })).items).toEqual([]);
  expect((await collect({ quotaBytes: 15 })).items).toEqual([]);
  nowMs += GRACE_MS;
  expect((await collect({ quotaBytes: 15 })).items).toMatchObject([{ what: 'generation', key: A, fence }]);
  expect(await heads()).toEqual([B]);
});

test('what Redis forgot to count is counted by a collection', async () => {
  await fill(A);
  const orphan = await publishGeneration(store, { key: A, fence: 5, fillId: 'lost', text: 'x'.repeat(SIZE) });
  expect(orphan.manifest.fence).toBe(5);
  await collect();
  expect(await coordination.usage.read()).toMatchObject({ bytes: 2 * SIZE, generations: 2 });
});

async function collect(
  rules: Partial<StoreRules> = {},
  options: Partial<GcOptions> = {},
  slower: Partial<Eviction> = {},
): Promise<{ readonly items: readonly GcItem[]; readonly report: GcReport }> {
  const { heads: ports, leases, retirement, usage } = coordination;
  const eviction: Eviction = {
    survey: (keys) => coordination.eviction.survey(keys),
    evict: (head, how) => coordination.eviction.evict(head, how),
    forget: (key, how) => coordination.eviction.forget(key, how),
    ...slower,
  };
  const { directories, marks, space } = store;
  const items: GcItem[] = [];
  const told = { randomId: () => 'id', onStep: () => undefined };
  const report = await collectGarbage(
    { heads: ports, leases, retirement, eviction, usage, directories, marks, space, ...told },
    {
      rules: { ...RULES, ...rules },
      pinMaxMs: PIN_MAX_MS,
      dryRun: false,
      onItem: (item) => void items.push(item),
      signal: new AbortController().signal,
      ...options,
    },
  );
  return { items, report };
}

async function fill(key: string, dataset: string | null = null): Promise<number> {
  fills += 1;
  const claim = { key, fillId: `f${fills}`, holder: 'test', scopes: [], ttlMs: 60_000 };
  const grant = await coordination.leases.acquire(claim);
  if (grant.kind !== 'granted') throw new Error(`the lease was not granted: ${grant.kind}`);
  const { fence } = grant;
  await publishGeneration(store, { key, fence, fillId: claim.fillId, text: 'x'.repeat(SIZE) });
  const told = { version: 'v', sha256: '', bytes: SIZE, rows: 1, consistency: 'exact', source: 's' } as const;
  const request = { key, scopes: [], fence, fillId: claim.fillId, dataset, startedAtMs: nowMs, ...told };
  expect(await coordination.heads.commit(request)).toEqual({ kind: 'committed' });
  await coordination.leases.release(claim, fence);
  return fence;
}

async function read(key: string): Promise<void> {
  nowMs += 1;
  await coordination.heads.look({ key, scopes: [], probeTargets: [] }, 'read');
}

async function heads(): Promise<readonly string[]> {
  const { keys } = await coordination.eviction.survey([A, B, C]);
  return keys.filter(({ head }) => head !== null).map(({ key }) => key);
}

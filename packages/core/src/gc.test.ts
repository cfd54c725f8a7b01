/** What gc may take and what it must leave, on the memory ports; time passes by setting the clock. */
import { beforeEach, describe, expect, test } from 'vitest';
import { collectGarbage, type GcOptions, type GcReport } from './gc.ts';
import { reconcilePass } from './rebuild.ts';
import { shardOf } from './model/cache-key.ts';
import type { StoreRules } from './model/retention.ts';
import { MANIFEST_FORMAT, PART_NAME } from './model/manifest.ts';
import { isEpochLost } from './ports/coordination.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';

const KEY = 'entry-0123456789abcdef0123456789abcdef';
const PIN_MAX_MS = 1_000;
const GRACE_MS = 100;

let nowMs: number;
let store: MemoryStore;
let redis: MemoryRedis;
let coordination: MemoryCoordination;

beforeEach(async () => {
  nowMs = 1_000_000;
  store = new MemoryStore({ storeId: 'gc' });
  redis = new MemoryRedis({ now: () => nowMs });
  coordination = new MemoryCoordination(redis);
  await openEpoch({ ports: coordination, storeId: 'gc' }, 1);
});

describe('gc waits', () => {
  test('until the reconciliation of the epoch is complete', async () => {
    expect(await collect()).toMatchObject({ waitingFor: 'reconciliation', keys: 0 });
  });

  test('and then for as long as a pin of the epoch before may last', async () => {
    await reconcile();
    nowMs += PIN_MAX_MS;
    expect(await collect()).toMatchObject({ waitingFor: 'pins-of-the-last-epoch' });
    nowMs += GRACE_MS;
    expect(await collect()).toMatchObject({ waitingFor: null });
  });
});

describe('with its gate open, gc', () => {
  beforeEach(openGate);

  test('removes a replaced generation after its grace, and never the head', async () => {
    const [old, head] = [await fill('a'), await fill('b')];
    nowMs += GRACE_MS - 1;
    expect(await collect()).toMatchObject({ generations: 0 });
    nowMs += 1;
    expect(await collect()).toMatchObject({ generations: 1 });
    expect(fences()).toEqual([head]);
    expect(old).toBeLessThan(head);
  });

  test('leaves a pinned generation until its pin has ended', async () => {
    const old = await fill('a');
    await coordination.pins.pinGeneration({ key: KEY, fence: old }, { id: 'reader', ttlMs: 1_000 });
    const head = await fill('b');
    nowMs += GRACE_MS;
    await collect();
    expect(fences()).toEqual([old, head]);
    nowMs += 1_000;
    await collect();
    expect(fences()).toEqual([head]);
  });

  test('stops where the epoch ends under it: pins of the one before may be forgotten', async () => {
    const old = await fill('a');
    const head = await fill('b');
    nowMs += GRACE_MS;
    const aMomentAgo = structuredClone(redis.state);
    await coordination.pins.pinGeneration({ key: KEY, fence: old }, { id: 'reader', ttlMs: 1_000 });
    // Gc has passed its gate when Redis loses its last second; another task of this process opens the next epoch.
    store.beforeOperation = async (name) => {
      if (name !== 'list') return;
      store.beforeOperation = null;
      redis.restart('run-2', aMomentAgo);
      await openEpoch({ ports: coordination, storeId: 'gc' }, 2);
    };
    await expect(collect()).rejects.toSatisfy(isEpochLost);
    expect(fences()).toEqual([old, head]);
  });

  test('takes a purged head that nobody fills again, although head.json names it', async () => {
    const purged = await fill('a');
    await store.marks.writeHead({
      key: KEY,
      fence: purged,
      version: 'checksum:a',
      sha256: '',
      verified: purged,
      verifiedAtMs: 0,
    });
    await coordination.pins.pinGeneration({ key: KEY, fence: purged }, { id: 'reader', ttlMs: GRACE_MS * 2 });
    await coordination.ticks.invalidate(`key:${KEY}`, 'purge');
    await collect();
    nowMs += GRACE_MS;
    await collect();
    expect(fences()).toEqual([purged]);
    nowMs += GRACE_MS;
    await collect();
    expect(fences()).toEqual([]);
  });

  test('keeps the newest replaced generations, as many as asked, until their age ends them', async () => {
    const [, second, third] = [await fill('a'), await fill('b'), await fill('c')];
    const keep = { generations: 2, maxAgeMs: 5_000 };
    nowMs += GRACE_MS;
    await collect({ keep });
    expect(fences()).toEqual([second, third]);
    nowMs += 5_000;
    await collect({ keep });
    expect(fences()).toEqual([third]);
  });

  test('gives what head.json still names another grace, and points head.json at the head first', async () => {
    const old = await fill('a');
    await store.marks.writeHead({
      key: KEY,
      fence: old,
      version: 'checksum:a',
      sha256: '',
      verified: old,
      verifiedAtMs: 0,
    });
    const head = await fill('b');
    nowMs += GRACE_MS;
    expect(await collect()).toMatchObject({ generations: 0 });
    expect(await store.marks.readHead(KEY)).toMatchObject({ fence: head });
    nowMs += GRACE_MS;
    expect(await collect()).toMatchObject({ generations: 1 });
  });

  test('takes what was published and never committed, once a later fence was granted', async () => {
    const orphan = await publish('orphan');
    expect(await collect()).toMatchObject({ generations: 0 });
    nowMs += 60_000;
    const head = await fill('b');
    await collect();
    nowMs += GRACE_MS;
    expect(await collect()).toMatchObject({ generations: 1 });
    expect(fences()).toEqual([head]);
    expect(orphan.fence).toBeLessThan(head);
  });

  test('leaves what was published after the head and never committed until something newer is the head', async () => {
    const head = await fill('a');
    const orphan = await publish('orphan');
    nowMs += 60_000;
    await lease('failed');
    nowMs += 60_000;
    for (let round = 0; round < 2; round += 1) {
      await collect();
      nowMs += GRACE_MS;
    }
    // Redis would forget which of the two was the head; the orphan would be it.
    expect(fences()).toEqual([head, orphan.fence]);
    expect(await store.marks.readMark(KEY)).toBeNull();
    const next = await fill('b');
    nowMs += GRACE_MS;
    await collect();
    expect(fences()).toEqual([next]);
  });

  test('forbids what it removes to later epochs, for the head that hides it may be damaged; not what is pinned', async () => {
    const old = await fill('a');
    await coordination.pins.pinGeneration({ key: KEY, fence: old }, { id: 'reader', ttlMs: 1_000 });
    const head = await fill('b');
    nowMs += GRACE_MS;
    await collect();
    expect(await store.marks.readMark(KEY)).toBeNull();
    nowMs += 1_000;
    await collect();
    expect(fences()).toEqual([head]);
    expect(await store.marks.readMark(KEY)).toMatchObject({ hard: old, purge: old });
  });

  test('fences out a fill whose lease has expired before it takes its staging directory', async () => {
    const { fence, claim } = await lease('slow');
    await store.writer.stage(KEY, fence, 'slow');
    expect(await collect()).toMatchObject({ staging: 0 });
    nowMs += 60_000;
    expect(await collect()).toMatchObject({ staging: 1 });
    expect(store.allStaging()).toEqual([]);
    expect(await coordination.leases.renew(claim, fence)).toBe(false);
  });

  test('touches nothing in a dry run, and says what would go', async () => {
    await fill('a');
    await fill('b');
    nowMs += GRACE_MS;
    expect(await collect({}, { dryRun: true })).toMatchObject({ generations: 1, trash: 0 });
    expect(fences()).toHaveLength(2);
  });
});

const RULES: StoreRules = {
  graceMs: GRACE_MS,
  keep: { generations: 1, maxAgeMs: 0 },
  quotaBytes: null,
  reserveBytes: 0,
  unreadMs: null,
  datasets: {},
};

describe('of a key that has nothing any more gc', () => {
  beforeEach(openGate);
  const keys = async (): Promise<readonly string[]> => await store.directories.keys(shardOf(KEY));

  test('leaves nothing where its first fill failed, and what still runs of it commits no more', async () => {
    const { claim, fence } = await lease('f1');
    await store.directories.list(KEY);
    await collect();
    expect(await keys()).toEqual([KEY]);
    nowMs += 60_000;
    await collect();
    expect(await keys()).toEqual([]);
    expect(redis.state.keys.has(KEY)).toBe(false);
    expect(await coordination.leases.renew(claim, fence)).toBe(false);
    await fill('b');
    expect(fences()).toHaveLength(1);
  });

  test('leaves nothing of an evicted entry, its mark included, a day after it went', async () => {
    const fence = await fill('a');
    nowMs += GRACE_MS + 1;
    await collect({ unreadMs: 1 });
    nowMs += GRACE_MS;
    await collect({ unreadMs: 1 });
    expect([fences(), (await store.marks.readMark(KEY))?.purge]).toEqual([[], fence]);
    nowMs += 86_400_000 - GRACE_MS - 1;
    await collect();
    expect((await coordination.eviction.survey([KEY])).keys[0]?.evicted).toMatchObject({ fence });
    nowMs += 1;
    await collect({}, { dryRun: true });
    expect(await keys()).toEqual([KEY]);
    await collect();
    expect([await keys(), redis.state.keys.size]).toEqual([[], 0]);
    expect(await store.marks.readMark(KEY)).toBeNull();
  });

  test('leaves a directory in which a slow fill is staged, and takes what that publishes as an orphan', async () => {
    const slow = await publish('slow');
    nowMs += 60_000;
    expect(await coordination.eviction.forget(KEY, { epoch: 1, toldMs: 0 })).toBe('forgotten');
    await collect();
    expect([fences(), await keys()]).toEqual([[slow.fence], [KEY]]);
    nowMs += GRACE_MS;
    await collect();
    await collect();
    expect([fences(), await keys()]).toEqual([[], []]);
  });

  test('sweeps what fills of an older epoch left in staging, however late their fence', async () => {
    const { fence } = await lease('old');
    await store.writer.stage(KEY, fence, 'old');
    await openEpoch({ ports: coordination, storeId: 'gc' }, 2);
    await coordination.reconciler.completePass(2);
    nowMs += PIN_MAX_MS + GRACE_MS;
    expect(await collect()).toMatchObject({ staging: 1 });
    expect(store.allStaging()).toEqual([]);
  });
});

async function collect(rules: Partial<StoreRules> = {}, options: Partial<GcOptions> = {}): Promise<GcReport> {
  const { heads, leases, retirement, eviction, usage } = coordination;
  const { directories, marks, space } = store;
  return await collectGarbage(
    {
      heads,
      leases,
      retirement,
      eviction,
      usage,
      directories,
      marks,
      space,
      randomId: () => 'id',
      onStep: () => undefined,
    },
    {
      rules: { ...RULES, ...rules },
      pinMaxMs: PIN_MAX_MS,
      dryRun: false,
      signal: new AbortController().signal,
      ...options,
    },
  );
}

async function reconcile(): Promise<void> {
  const { reconciler, ticks, parts } = coordination;
  const { directories, reader } = store;
  const signal = new AbortController().signal;
  await reconcilePass({ reconciler, ticks, parts, directories, reader, onStep: () => undefined }, { signal });
}

async function openGate(): Promise<void> {
  await reconcile();
  nowMs += PIN_MAX_MS + GRACE_MS;
}

function fences(): readonly number[] {
  return store
    .allGenerations()
    .map(({ fence }) => fence)
    .toSorted((a, b) => a - b);
}

async function lease(fillId: string) {
  const claim = { key: KEY, fillId, holder: 'test', ttlMs: 60_000, scopes: [] };
  const grant = await coordination.leases.acquire(claim);
  if (grant.kind !== 'granted') throw new Error(`the lease was not granted: ${grant.kind}`);
  return { claim, fence: grant.fence, startedAtMs: grant.grantedAtMs };
}

async function publish(content: string) {
  const { fence, claim, startedAtMs } = await lease(content);
  const staging = await store.writer.stage(KEY, fence, content);
  const { sha256, rows } = await store.writePart(staging.partPath, content);
  const sealed = await store.writer.seal(staging);
  await store.writer.describe(staging, {
    manifestFormat: MANIFEST_FORMAT,
    storeId: 'gc',
    key: KEY,
    fence,
    fillId: content,
    version: `checksum:${content}`,
    consistency: 'exact',
    dataset: null,
    source: 'test',
    columns: [],
    sourceDetails: {},
    startedAtMs,
    sealedAtMs: nowMs,
    host: 'test',
    writer: 'test',
    part: { name: PART_NAME, rows, sha256, ...sealed },
    request: {
      keyFormat: 1,
      sourceKind: 'file',
      sourceIdentity: 'file:/',
      columns: null,
      columnTypes: {},
      question: { kind: 'file', path: 'a.csv', format: 'csv', csv: null },
      parquet: { compression: 'zstd', rowGroupRows: 1 },
    },
  });
  await store.writer.publish(staging);
  return { fence, claim, startedAtMs, sha256, rows, bytes: sealed.bytes };
}

async function fill(content: string): Promise<number> {
  const { fence, claim, startedAtMs, sha256, rows, bytes } = await publish(content);
  const result = await coordination.heads.commit({
    key: KEY,
    scopes: [],
    fence,
    fillId: content,
    version: `checksum:${content}`,
    sha256,
    bytes,
    rows,
    consistency: 'exact',
    source: 'test',
    dataset: null,
    startedAtMs,
  });
  expect(result.kind).toBe('committed');
  await coordination.leases.release(claim, fence);
  return fence;
}

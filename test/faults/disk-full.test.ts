/**
 * The store's filesystem is full while a part is written, has no room for the next one, or its quota is passed. Needs a small
 * filesystem of its own: a tmpfs, which only root may mount; elsewhere the suite is skipped and says so.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectRedis } from '@parqueue/core/redis';
import { Cluster } from './cluster.ts';

const mount = mkdtempSync(join(tmpdir(), 'parqueue-small-disk-'));
const mounted = mountSmallDisk();
let cluster: Cluster;

afterAll(() => {
  if (mounted) execFileSync('umount', [mount]);
  rmSync(mount, { recursive: true, force: true });
});

function mountSmallDisk(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount], { stdio: 'pipe' });
    return true;
  } catch (error) {
    console.warn(
      `disk-full tests are skipped: no tmpfs can be mounted here (${error instanceof Error ? error.message.trim() : String(error)})`,
    );
    return false;
  }
}

/** Words that do not compress, so that the part is about as large as the source. */
function incompressible(rows: number): readonly (readonly [number, string])[] {
  let state = 42;
  const word = (): string =>
    Array.from({ length: 8 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state.toString(36).padStart(7, '0');
    }).join('');
  return Array.from({ length: rows }, (_, index) => [index, word()]);
}

/** As if the epoch had begun long ago, and whoever was answered had read it: until then nothing is removed. */
async function letCollectionsBegin(): Promise<void> {
  const redis = connectRedis({ url: cluster.redis.url }, 'worker');
  await redis.hset('{pq}:pass', 'completedAt', 1);
  await redis.del(`{pq}:pins:${cluster.request().key}`);
  redis.disconnect();
}

describe.skipIf(!mounted)('a store that is full', () => {
  beforeEach(async () => {
    cluster = await Cluster.open({ storeRoot: join(mount, 'store') });
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
    rmSync(join(mount, 'store'), { recursive: true, force: true });
  });

  test('fails the load by its code, sweeps what was written, keeps the old generation, and recovers', async () => {
    await cluster.writeSource('words.csv', [[1, 'small']]);
    const worker = await cluster.startWorker();
    const before = await cluster.ask();

    await cluster.writeSource('words.csv', incompressible(150_000));
    await expect(cluster.ask()).rejects.toMatchObject({ code: 'PQ_STORE_FULL', retryable: true });
    expect(worker.count('published')).toBe(1);
    await expect.poll(() => cluster.staging()).toEqual([]);
    expect(await cluster.store.reader.verify(cluster.request().key, before.head.fence)).toMatchObject({
      kind: 'whole',
    });
    expect(await cluster.wordsOf(before)).toEqual(['small']);

    await cluster.writeSource('words.csv', [[1, 'small again']]);
    expect(await cluster.wordsOf(await cluster.ask())).toEqual(['small again']);
  });

  test('refuses a load that it has no room for before it starts, and makes room of what was replaced', async () => {
    const worker = await cluster.startWorker();
    const sizes = [];
    for (const rows of [25_000, 25_001]) {
      await cluster.writeSource('words.csv', incompressible(rows));
      sizes.push((await cluster.ask()).head.bytes);
    }
    const loads = worker.count('first-batch');
    await cluster.writeSource('words.csv', incompressible(25_002));
    await expect(cluster.ask()).rejects.toMatchObject({
      code: 'PQ_STORE_FULL',
      retryable: true,
      message: expect.stringMatching(/filesystem has no room: .* are free, .* left alone \(store.reserve\)/),
    });
    expect(worker.count('room-refused')).toBe(1);
    expect(worker.count('first-batch')).toBe(loads);
    expect(await cluster.generations()).toHaveLength(2);

    await letCollectionsBegin();
    await expect.poll(() => cluster.ask().catch(() => null), { interval: 1000 }).not.toBeNull();
    expect((await cluster.ask()).head.rows).toBe(25_002);
    expect(worker.count('generation-retired')).toBe(1);
    expect(await worker.metric('parqueue_gc_removed_total', { reason: 'room' })).toBe(1);
    expect(sizes.every((bytes) => bytes > 1_000_000)).toBe(true);
  });
});

describe.skipIf(!mounted)('a store with a quota', () => {
  beforeEach(async () => {
    cluster = await Cluster.open({ storeRoot: join(mount, 'store'), store: 'quota: 1MiB' });
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
    rmSync(join(mount, 'store'), { recursive: true, force: true });
  });

  test('stops a load that passes it, keeps nothing of it, and serves what was there', async () => {
    await cluster.writeSource('words.csv', [[1, 'small']]);
    const worker = await cluster.startWorker();
    const before = await cluster.ask();
    await cluster.writeSource('words.csv', incompressible(30_000));
    await expect(cluster.ask()).rejects.toMatchObject({
      code: 'PQ_STORE_FULL',
      details: { limit: 'quota', quotaBytes: 2 ** 20 },
    });
    expect(worker.count('published')).toBe(1);
    await expect.poll(() => cluster.staging()).toEqual([]);
    expect(await cluster.wordsOf(before)).toEqual(['small']);
    const { bytes, reservedBytes } = await cluster.coordination.usage.read();
    expect([bytes, reservedBytes]).toEqual([before.head.bytes, 0]);
  });
});

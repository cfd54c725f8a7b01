/**
 * The store's filesystem is full while a part is written. Needs a small filesystem of its own: a tmpfs, which only root
 * may mount; elsewhere the suite is skipped and says so.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
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

describe.skipIf(!mounted)('a store that is full', () => {
  beforeEach(async () => {
    cluster = await Cluster.open({ storeRoot: join(mount, 'store') });
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
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
});

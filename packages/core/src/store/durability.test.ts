/** I4, I5, I12 at every single operation of a fill: what is durable when, and what a fault at that point may leave. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { isParqueueError } from '../model/errors.ts';
import type { ArmedErrno, FileOperation, RecordedOperation } from '../testing/faulty-files.ts';
import { openFileStoreSubject, type FileStoreSubject } from '../testing/file-store-subject.ts';
import { KEY, publishGeneration, stageGeneration } from '../testing/store-fixtures.ts';

const run = promisify(execFile);
const FILL = { key: KEY, fence: 2, fillId: 'f2' };

/** What changes something on disk or makes it durable: the operations that a full or failing disk can refuse. */
const WRITING: ReadonlySet<FileOperation> = new Set(['mkdir', 'open', 'write', 'chmod', 'fsync', 'rename', 'close']);

function relative(store: FileStoreSubject, log: readonly RecordedOperation[]): string[] {
  return log.map(({ operation, path }) => `${operation} ${path.slice(store.root.length + 1)}`);
}

async function writingOperationsOfAFill(): Promise<readonly RecordedOperation[]> {
  await using store = await openFileStoreSubject();
  await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
  store.files.log.length = 0;
  await publishGeneration(store, FILL);
  return store.files.log.filter(({ operation }) => WRITING.has(operation));
}

describe('the order of durability', () => {
  test('part, manifest and staging directory are synced before the rename, the key directory after it', async () => {
    await using store = await openFileStoreSubject();
    await store.directories.list(KEY);
    store.files.log.length = 0;
    await publishGeneration(store, FILL);
    const directory = dirname(dirname(store.reader.partPath(KEY, 2).relative));
    const staging = `${directory}/staging/2-f2`;
    const order = relative(
      store,
      store.files.log.filter(({ operation }) => ['mkdir', 'write', 'fsync', 'rename'].includes(operation)),
    );
    expect(order.slice(order.indexOf(`mkdir ${staging}`))).toEqual([
      `mkdir ${staging}`,
      `fsync ${dirname(directory)}`,
      `fsync ${staging}/part-000.parquet`,
      `write ${staging}/manifest.json`,
      `fsync ${staging}/manifest.json`,
      `fsync ${staging}`,
      `rename ${directory}/g2`,
      `fsync ${directory}`,
    ]);
  });

  test('new parents are synced when a fill is staged in them, also when another process made them', async () => {
    await using store = await openFileStoreSubject();
    await store.directories.list(KEY);
    const other = await openFileStoreSubject(store.root);
    other.files.log.length = 0;
    await other.writer.stage(KEY, 1, 'f1');
    const key = dirname(dirname(store.reader.partPath(KEY, 1).relative));
    const order = relative(
      other,
      other.files.log.filter(({ operation }) => operation === 'mkdir' || operation === 'fsync'),
    );
    expect(order).toEqual([
      `mkdir ${dirname(key)}`,
      'fsync entries',
      `mkdir ${key}`,
      `mkdir ${key}/staging`,
      `mkdir ${key}/staging/1-f1`,
      `fsync ${dirname(key)}`,
    ]);
  });

  test('a generation leaves its name durably before any of its files goes', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FILL);
    store.files.log.length = 0;
    await store.directories.moveToTrash({ key: KEY, fence: 2 });
    await store.directories.emptyTrash();
    const order = store.files.log
      .map(({ operation }) => operation)
      .filter((operation) => ['rename', 'fsync', 'remove'].includes(operation));
    expect(order).toEqual(['rename', 'fsync', 'remove']);
  });

  test('a head beside its generation is synced with its name, and the name of its directory was', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FILL);
    const directory = dirname(dirname(store.reader.partPath(KEY, 2).relative));
    const head = { key: KEY, fence: 2, version: 'v', sha256: '', verified: 2, verifiedAtMs: 1 };
    const steps = async (): Promise<readonly string[]> => {
      store.files.log.length = 0;
      await store.marks.writeHead(head);
      return relative(
        store,
        store.files.log.filter(({ operation }) => ['mkdir', 'fsync', 'rename'].includes(operation)),
      ).map((step) => step.replace(/tmp-.*/, 'tmp'));
    };
    expect(await steps()).toEqual(['fsync trash/tmp', `rename ${directory}/head.json`, `fsync ${directory}`]);
    await rm(join(store.root, directory), { recursive: true });
    expect((await steps()).at(-1)).toBe(`fsync ${dirname(directory)}`);
    expect(await store.marks.readHead(KEY)).toEqual(head);
  });

  test('an epoch and a mark are synced before they count', async () => {
    await using store = await openFileStoreSubject();
    store.files.log.length = 0;
    await store.epochs.claim(1);
    expect(relative(store, store.files.log).at(-2)).toBe('fsync epochs');
    store.files.log.length = 0;
    await store.marks.raiseMark({ target: 'dataset:sales', hard: 7, purge: 0 });
    const order = relative(
      store,
      store.files.log.filter(({ operation }) => ['fsync', 'rename'].includes(operation)),
    );
    expect(order.map((line) => line.replace(/tmp-[0-9a-f]{32}/, 'tmp'))).toEqual([
      'fsync trash/tmp',
      'rename not-before/dataset%3Asales.7-0.json',
      'fsync not-before',
    ]);
  });

  test('files get the configured mode and directories the search bits that go with it', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FILL);
    const part = store.reader.partPath(KEY, 2).absolute;
    const modes = await Promise.all(
      [part, join(dirname(part), 'manifest.json'), dirname(part), dirname(dirname(part))].map(
        async (path) => (await stat(path)).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o640, 0o640, 0o750, 0o750]);
  });
});

describe('a fault at any point of a fill', () => {
  const faults: readonly (readonly [ArmedErrno, string])[] = [
    ['ENOSPC', 'PQ_STORE_FULL'],
    ['EDQUOT', 'PQ_STORE_FULL'],
    ['EIO', 'PQ_STORE_IO'],
  ];

  test.each(faults)(
    '%s becomes %s; the old generation stays whole, the new one is whole or not there, and the next fill succeeds',
    async (errno, code) => {
      const points = await writingOperationsOfAFill();
      expect(points.length).toBeGreaterThan(15);
      for (const [index, { operation }] of points.entries()) {
        await using store = await openFileStoreSubject();
        await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
        const skip = points.slice(0, index).filter((point) => point.operation === operation).length;
        store.files.fail({ operation, skip }, errno);

        const point = `${operation} #${skip}`;
        const failure: unknown = await publishGeneration(store, FILL).then(
          () => 'no failure',
          (error: unknown) => error,
        );
        expect(isParqueueError(failure) && failure.code, point).toBe(code);
        expect(isParqueueError(failure) && failure.details, point).toMatchObject({
          errno,
          path: expect.not.stringMatching(/^\//),
        });
        store.files.disarm();

        const fresh = await store.another();
        expect((await fresh.reader.verify(KEY, 1)).kind, point).toBe('whole');
        expect(['absent', 'whole'], point).toContain((await fresh.reader.verify(KEY, 2)).kind);
        await store.writer.discard(FILL);
        await publishGeneration(store, { key: KEY, fence: 3, fillId: 'f3' });
        const { generations, staging } = await fresh.directories.list(KEY);
        expect(staging, point).toEqual([]);
        expect(
          generations.filter((fence) => fence !== 2),
          point,
        ).toEqual([1, 3]);
      }
    },
  );

  test('a failed fsync of the part is not tried again: the kernel reports lost writes once', async () => {
    await using store = await openFileStoreSubject();
    const staging = await store.writer.stage(KEY, 2, 'f2');
    await store.writePart(staging.partPath, 'rows');
    store.files.fail({ operation: 'fsync', path: 'part-000' }, 'ESTALE');
    await expect(store.writer.seal(staging)).rejects.toMatchObject({
      code: 'PQ_STORE_IO',
      details: { operation: 'fsync', errno: 'ESTALE' },
    });
  });

  test('a part that changes after it was sealed is not described', async () => {
    await using store = await openFileStoreSubject();
    const { staging, manifest } = await stageGeneration(store, FILL);
    await writeFile(staging.partPath, 'one more batch of rows than was sealed');
    await expect(store.writer.describe(staging, manifest)).rejects.toMatchObject({ code: 'PQ_STORE_IO' });
  });

  test('a store that may not be written says so, and that asking again will not help', async () => {
    await using store = await openFileStoreSubject();
    store.files.fail({ operation: 'mkdir', path: 'staging/' }, 'EROFS');
    await expect(store.writer.stage(KEY, 2, 'f2')).rejects.toMatchObject({
      code: 'PQ_STORE_IO',
      retryable: false,
      message: expect.stringContaining('write access'),
    });
  });

  test('when the mount goes away its empty mount point stays empty', async () => {
    await using store = await openFileStoreSubject();
    await rm(store.root, { recursive: true });
    await run('mkdir', [store.root]);
    await expect(store.writer.stage(KEY, 2, 'f2')).rejects.toMatchObject({ code: 'PQ_STORE_IO' });
    await expect(store.directories.list(KEY)).rejects.toMatchObject({ code: 'PQ_STORE_IO' });
    await expect(store.marks.raiseMark({ target: 'dataset:a', hard: 1, purge: 0 })).rejects.toMatchObject({
      code: 'PQ_STORE_IO',
    });
    expect((await run('ls', ['-A', store.root])).stdout).toBe('');
  });
});

describe('a really full filesystem', () => {
  test('a fill that does not fit fails with PQ_STORE_FULL, leaves the old generation whole, and its staging can be discarded', async ({
    skip,
  }) => {
    const mountPoint = await mkdtemp(join(tmpdir(), 'parqueue-full-'));
    const refusal = await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mountPoint]).then(
      () => null,
      String,
    );
    if (refusal !== null) {
      await rm(mountPoint, { recursive: true });
      skip(`needs root to mount a tmpfs of 256 KiB: ${refusal}`);
    }
    try {
      await using store = await openFileStoreSubject(mountPoint);
      await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
      const staging = await store.writer.stage(KEY, 2, 'f2');
      await expect(writeFile(staging.partPath, Buffer.alloc(1024 * 1024))).rejects.toMatchObject({ code: 'ENOSPC' });
      // The part took the last page: nothing else can be written, yet reading and giving up must work.
      await expect(
        store.marks.writeHead({ key: KEY, fence: 1, version: 'v', sha256: '', verified: 1, verifiedAtMs: 1 }),
      ).rejects.toMatchObject({ code: 'PQ_STORE_FULL', retryable: true });
      expect((await store.reader.verify(KEY, 1)).kind).toBe('whole');
      await store.writer.discard(staging);
      await publishGeneration(store, { key: KEY, fence: 3, fillId: 'f3' });
      expect(await store.directories.list(KEY)).toEqual({ generations: [1, 3], staging: [] });
    } finally {
      await run('umount', [mountPoint]);
      await rm(mountPoint, { recursive: true });
    }
  });
});

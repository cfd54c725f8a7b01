/** What NFS clients do to a store: names remembered as absent, stale handles, replies that get lost after the deed. */
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ArmedErrno, FileOperation } from '../testing/faulty-files.ts';
import { openFileStoreSubject, type FileStoreSubject } from '../testing/file-store-subject.ts';
import { KEY, publishGeneration, stageGeneration } from '../testing/store-fixtures.ts';

describe('a name that this client remembers as absent', () => {
  test.each(['manifest.json', 'part-000.parquet'])(
    '%s is asked for again after its parents were revalidated',
    async (name) => {
      await using store = await openFileStoreSubject();
      await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
      store.files.fail({ operation: 'open', path: name }, 'ENOENT');
      store.files.log.length = 0;
      expect((await store.reader.inspect(KEY, 1)).kind).toBe('whole');
      const generation = dirname(store.reader.partPath(KEY, 1).relative);
      const key = dirname(generation);
      const revalidated = store.files.log
        .filter(({ operation }) => operation === 'revalidate')
        .map(({ path }) => path.slice(store.root.length + 1));
      expect(revalidated).toEqual(['', 'entries', dirname(key), key, generation]);
    },
  );

  test('a head.json written by another host a moment ago is found', async () => {
    await using store = await openFileStoreSubject();
    const head = { key: KEY, fence: 1, version: 'v', sha256: 'aa', verified: 1, verifiedAtMs: 1 };
    await (await store.another()).marks.writeHead(head);
    store.files.fail({ operation: 'open', path: 'head.json' }, 'ENOENT');
    expect(await store.marks.readHead(KEY)).toEqual(head);
  });

  test('a directory is changed by us before we list it', async () => {
    await using store = await openFileStoreSubject();
    store.files.log.length = 0;
    await store.epochs.latest();
    expect(store.files.log.map(({ operation }) => operation)).toEqual(['mkdir', 'rmdir', 'readdir']);
  });

  test('listers that touch one directory at once, or find the touch of one that crashed, still list it', async () => {
    await using store = await openFileStoreSubject();
    await store.epochs.claim(3);
    store.files.fail({ operation: 'rmdir', path: 'epochs' }, 'EIO');
    await expect(store.epochs.latest()).rejects.toMatchObject({
      code: 'PQ_STORE_IO',
      details: { operation: 'rmdir', path: 'epochs/.touch', errno: 'EIO' },
    });
    const another = await store.another();
    expect(
      await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : another).epochs.latest())),
    ).toEqual(Array(20).fill(3));
  });
});

describe('a stale handle', () => {
  test.each(['manifest.json', 'part-000.parquet'])('of %s is opened again once', async (name) => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
    store.files.fail({ operation: 'open', path: name }, 'ESTALE');
    expect((await store.reader.verify(KEY, 1)).kind).toBe('whole');
    store.files.fail({ operation: 'read', path: name }, 'ESTALE');
    expect((await store.reader.verify(KEY, 1)).kind).toBe('whole');
  });

  test('that stays stale is an I/O error, neither damage nor absence', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
    store.files.fail({ operation: 'open', path: 'manifest.json', times: 2 }, 'ESTALE');
    await expect(store.reader.inspect(KEY, 1)).rejects.toMatchObject({
      code: 'PQ_STORE_IO',
      retryable: true,
      details: { operation: 'read', errno: 'ESTALE', path: expect.stringMatching(/^entries\/.*manifest\.json$/) },
    });
  });

  test('an unreadable part is an I/O error, neither damage nor absence', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
    store.files.fail({ operation: 'read', path: 'part-000' }, 'EIO');
    await expect(store.reader.verify(KEY, 1)).rejects.toMatchObject({ code: 'PQ_STORE_IO', details: { errno: 'EIO' } });
    expect((await store.reader.verify(KEY, 1)).kind).toBe('whole');
  });
});

describe('a part that is opened to be sent', () => {
  const wanted = { start: 5, into: new Uint8Array(7) };
  const TEXT = 'bytes of a part';

  const published = async (): Promise<FileStoreSubject> => {
    const store = await openFileStoreSubject();
    await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1', text: TEXT });
    store.files.log.length = 0;
    return store;
  };

  test.each<FileOperation>(['open', 'stat', 'read'])(
    'is opened afresh, its parents first, when its handle is stale at %s',
    async (operation) => {
      await using store = await published();
      store.files.fail({ operation, path: 'part-000' }, 'ESTALE');
      await using part = await store.parts.open(KEY, 1, wanted);
      expect(part).toMatchObject({ bytes: TEXT.length });
      expect(Buffer.from(part?.first ?? []).toString()).toBe(TEXT.slice(5, 12));
      const steps = store.files.log.map(({ operation: name }) => name);
      expect(steps.slice(steps.indexOf('revalidate'))).toEqual([
        ...Array<string>(5).fill('revalidate'),
        'open',
        'stat',
        'read',
      ]);
      expect(steps.filter((name) => name === 'close')).toHaveLength(operation === 'open' ? 0 : 1);
    },
  );

  test('is gone where a fresh look finds no file, as after gc on another host', async () => {
    await using store = await published();
    store.files.before({ operation: 'stat', path: 'part-000' }, async () => {
      const gc = await store.another();
      await gc.directories.moveToTrash({ key: KEY, fence: 1 });
    });
    store.files.fail({ operation: 'stat', path: 'part-000' }, 'ESTALE');
    expect(await store.parts.open(KEY, 1, wanted)).toBeNull();
    expect(await store.parts.open(KEY, 2, wanted)).toBeNull();
  });

  test.each<FileOperation>(['open', 'stat', 'read'])(
    'is in trouble, not gone, while its handle stays stale at %s',
    async (operation) => {
      await using store = await published();
      store.files.fail({ operation, path: 'part-000', times: 2 }, 'ESTALE');
      await expect(store.parts.open(KEY, 1, wanted)).rejects.toMatchObject({
        code: 'PQ_STORE_IO',
        details: { errno: 'ESTALE' },
      });
      expect((await store.reader.inspect(KEY, 1)).kind).toBe('whole');
    },
  );

  test('tells its reader when the handle goes stale later, and hides nothing by opening another file', async () => {
    await using store = await published();
    await using part = await store.parts.open(KEY, 1, wanted);
    store.files.log.length = 0;
    store.files.fail({ operation: 'read', path: 'part-000' }, 'ESTALE');
    await expect(part?.read(new Uint8Array(3), 12)).rejects.toMatchObject({ errno: -116 });
    expect(store.files.log.map(({ operation }) => operation)).toEqual(['read']);
  });
});

describe('a reply that got lost', () => {
  test.each<ArmedErrno>(['ENOENT', 'ENOTEMPTY', 'EIO', 'ESTALE', 'ETIMEDOUT'])(
    'a rename that was done and reported as %s counts as published',
    async (errno) => {
      await using store = await openFileStoreSubject();
      const { staging, manifest } = await stageGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
      store.files.failAfterwards({ operation: 'rename', path: /g1$/ }, errno);
      await store.writer.publish(staging);
      expect(store.files.log.at(-2)).toMatchObject({
        operation: 'fsync',
        path: dirname(dirname(store.reader.partPath(KEY, 1).absolute)),
      });
      expect(await store.reader.verify(KEY, 1)).toEqual({ kind: 'whole', manifest });
    },
  );

  test('a rename that was reported as failed and was not done is a failure', async () => {
    await using store = await openFileStoreSubject();
    const { staging } = await stageGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
    store.files.fail({ operation: 'rename', path: /g1$/ }, 'EIO');
    await expect(store.writer.publish(staging)).rejects.toMatchObject({
      code: 'PQ_STORE_IO',
      details: { operation: 'rename', errno: 'EIO' },
    });
    expect((await store.reader.inspect(KEY, 1)).kind).toBe('absent');
  });

  test('a move to trash that was done and reported as not found is done', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
    store.files.failAfterwards({ operation: 'rename', path: 'trash/' }, 'ENOENT');
    await store.directories.moveToTrash({ key: KEY, fence: 1 });
    expect((await store.reader.inspect(KEY, 1)).kind).toBe('absent');
    expect(await store.directories.emptyTrash()).toBe(1);
  });

  test('a claim that was made and reported as EEXIST is given up, never held twice', async () => {
    await using store = await openFileStoreSubject();
    store.files.failAfterwards({ operation: 'mkdir', path: 'epochs/1' }, 'EEXIST');
    expect(await store.epochs.claim(1)).toBe(false);
    expect(await (await store.another()).epochs.claim(1)).toBe(false);
    expect(await store.epochs.latest()).toBe(1);
  });
});

describe('trash', () => {
  test('what another host still reads waits for the next sweep, the rest goes', async () => {
    await using store = await openFileStoreSubject();
    for (const fence of [1, 2]) {
      await publishGeneration(store, { key: KEY, fence, fillId: `f${fence}` });
      await store.directories.moveToTrash({ key: KEY, fence });
    }
    store.files.fail({ operation: 'remove' }, 'ENOTEMPTY');
    expect(await store.directories.emptyTrash()).toBe(1);
    expect(await store.directories.emptyTrash()).toBe(1);
  });

  test('a directory that cannot be removed does not keep the others, and is reported', async () => {
    await using store = await openFileStoreSubject();
    for (const fence of [1, 2, 3]) {
      await publishGeneration(store, { key: KEY, fence, fillId: `f${fence}` });
      await store.directories.moveToTrash({ key: KEY, fence });
    }
    store.files.fail({ operation: 'remove' }, 'EIO');
    await expect(store.directories.emptyTrash()).rejects.toMatchObject({ code: 'PQ_STORE_IO' });
    expect(await store.directories.emptyTrash()).toBe(1);
  });

  test('two sweeps at once share the work without an error', async () => {
    await using store = await openFileStoreSubject();
    for (let fence = 1; fence <= 20; fence += 1) {
      await publishGeneration(store, { key: KEY, fence, fillId: `f${fence}` });
      await store.directories.moveToTrash({ key: KEY, fence });
    }
    const another = await store.another();
    await Promise.all([store.directories.emptyTrash(), another.directories.emptyTrash()]);
    expect(await store.directories.emptyTrash()).toBe(0);
  });
});

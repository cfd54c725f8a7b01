/** How much work judging costs, and what is judged when files are swapped or taken away meanwhile. */
import { cp, mkdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFileStoreSubject, type FileStoreSubject } from '../testing/file-store-subject.ts';
import type { Corruption } from '../testing/memory-store.ts';
import { KEY, OTHER_KEY, publishGeneration } from '../testing/store-fixtures.ts';

const FIRST = { key: KEY, fence: 1, fillId: 'f1' };

/** One read call takes the small part whole, a second one meets its end. */
function hashesTaken(store: FileStoreSubject): number {
  return store.files.log.filter(({ operation, path }) => operation === 'read' && path.endsWith('.parquet')).length / 2;
}

async function spoilt(path: string): Promise<void> {
  await writeFile(path, (await readFile(path, 'utf8')).replace('"rows":', '"rows":1'));
}

describe('the cost of looking', () => {
  test('an untouched part is opened and not read', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    store.files.log.length = 0;
    await store.reader.inspect(KEY, 1);
    expect(hashesTaken(store)).toBe(0);
  });

  test('a part with another time is hashed once, for all who ask and all who ask later, until it changes again', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    await store.corruptPart(KEY, 1, 'touch');
    store.files.log.length = 0;
    const all = await Promise.all(Array.from({ length: 8 }, () => store.reader.inspect(KEY, 1)));
    expect(all.map(({ kind }) => kind)).toEqual(Array(8).fill('whole'));
    await store.reader.inspect(KEY, 1);
    expect(hashesTaken(store)).toBe(1);

    const { absolute } = store.reader.partPath(KEY, 1);
    await utimes(absolute, 1, 1);
    await store.reader.inspect(KEY, 1);
    expect(hashesTaken(store)).toBe(2);
  });

  test('a verdict of damage is remembered like one of health', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    await store.corruptPart(KEY, 1, 'rewrite');
    store.files.log.length = 0;
    for (let look = 0; look < 3; look += 1) expect((await store.reader.inspect(KEY, 1)).kind).toBe('damaged');
    expect(hashesTaken(store)).toBe(1);
  });

  test('a hash that failed is taken again', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    await store.corruptPart(KEY, 1, 'touch');
    store.files.fail({ operation: 'read', path: '.parquet' }, 'EIO');
    await expect(store.reader.inspect(KEY, 1)).rejects.toMatchObject({ code: 'PQ_STORE_IO' });
    expect((await store.reader.inspect(KEY, 1)).kind).toBe('whole');
  });

  test('the full check reads the part every time', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    store.files.log.length = 0;
    await store.reader.verify(KEY, 1);
    await store.reader.verify(KEY, 1);
    const reads = store.files.log.filter(({ operation, path }) => operation === 'read' && path.endsWith('.parquet'));
    expect(reads, 'a small part is read in one').toHaveLength(2);
  });
});

describe('a manifest that was read', () => {
  const looked = async (): Promise<FileStoreSubject> => {
    const store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    expect((await store.reader.inspect(KEY, 1)).kind).toBe('whole');
    store.files.log.length = 0;
    return store;
  };
  const manifestOf = (store: FileStoreSubject): string =>
    join(dirname(store.reader.partPath(KEY, 1).absolute), 'manifest.json');
  const steps = (store: FileStoreSubject): readonly string[] =>
    store.files.log.map(({ operation, path }) => `${operation} ${basename(path)}`);

  test('is not read again: its file is asked for by name, and the part is opened', async () => {
    await using store = await looked();
    expect(await store.reader.inspect(KEY, 1)).toMatchObject({ kind: 'whole', manifest: { key: KEY, fence: 1 } });
    expect(steps(store).toSorted()).toEqual([
      'close part-000.parquet',
      'lookup manifest.json',
      'open part-000.parquet',
      'stat part-000.parquet',
    ]);
  });

  test.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    ['is gone', (path) => rm(path), /manifest is missing/],
    ['was cut', (path) => truncate(path, 20), /not JSON/],
    ['says something else', (path) => spoilt(path), /does not match its digest/],
  ])('and %s afterwards is noticed by the next look', async (_, damage, reason) => {
    await using store = await looked();
    await damage(manifestOf(store));
    expect(await store.reader.inspect(KEY, 1)).toMatchObject({
      kind: 'damaged',
      reason: expect.stringMatching(reason),
    });
  });

  test('and replaced by its equal is read once more, and then remembered as it is', async () => {
    await using store = await looked();
    const path = manifestOf(store);
    await writeFile(`${path}.copy`, await readFile(path));
    await rename(`${path}.copy`, path);
    for (let look = 0; look < 3; look += 1) expect((await store.reader.inspect(KEY, 1)).kind).toBe('whole');
    expect(steps(store).filter((step) => step === 'read manifest.json')).toHaveLength(1);
  });

  test.each<Corruption>(['truncate', 'rewrite'])('does not stand for a part that met %s', async (how) => {
    await using store = await looked();
    await store.corruptPart(KEY, 1, how);
    expect((await store.reader.inspect(KEY, 1)).kind).toBe('damaged');
  });

  test('does not stand for a generation that was taken away', async () => {
    await using store = await looked();
    await (await store.another()).directories.moveToTrash({ key: KEY, fence: 1 });
    expect(await store.reader.inspect(KEY, 1)).toEqual({ kind: 'absent' });
  });

  test('is read by every full check, which nothing that is remembered answers', async () => {
    await using store = await looked();
    await store.reader.verify(KEY, 1);
    await store.reader.verify(KEY, 1);
    expect(steps(store).filter((step) => step === 'read manifest.json')).toHaveLength(2);
  });

  test('whose file was changed between its identity and its text is read again', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    const path = manifestOf(store);
    store.files.before({ operation: 'read', path: 'manifest.json' }, async () => {
      await writeFile(path, await readFile(path));
    });
    expect((await store.reader.inspect(KEY, 1)).kind).toBe('whole');
    store.files.log.length = 0;
    await store.reader.inspect(KEY, 1);
    expect(steps(store)).toContain('read manifest.json');
  });
});

describe('callers of one generation', () => {
  test('share a look that began after they asked, and nobody hears of a look that began before', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    await store.reader.inspect(KEY, 1);
    const gate = store.files.gate({ operation: 'close', path: 'part-000' });
    store.files.log.length = 0;
    const first = store.reader.inspect(KEY, 1);
    await gate.reached;
    await store.dropPart(KEY, 1);
    const later = Array.from({ length: 50 }, () => store.reader.inspect(KEY, 1));
    gate.open();
    expect((await first).kind).toBe('whole');
    for (const verdict of await Promise.all(later)) expect(verdict).toMatchObject({ kind: 'damaged' });
    // The first look, and one more, which looked twice for what it did not find.
    const opened = store.files.log.filter(({ operation, path }) => operation === 'open' && path.endsWith('.parquet'));
    expect(opened.length).toBeLessThanOrEqual(4);
  });

  test('hear of trouble that one of them meets, and the next one looks afresh', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    store.files.fail({ operation: 'open', path: 'manifest.json' }, 'EIO');
    const asked = await Promise.allSettled([store.reader.inspect(KEY, 1), store.reader.inspect(KEY, 1)]);
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await store.reader.inspect(KEY, 1)).kind).toBe('whole');
  });
});

describe('a generation under a wrong name', () => {
  const copyTo = async (store: FileStoreSubject, key: string, fence: number): Promise<void> => {
    await store.directories.list(key);
    const target = dirname(store.reader.partPath(key, fence).absolute);
    await mkdir(dirname(target), { recursive: true });
    await cp(dirname(store.reader.partPath(KEY, 1).absolute), target, { recursive: true, preserveTimestamps: true });
  };

  test('of another key is damaged', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    await copyTo(store, OTHER_KEY, 1);
    expect(await store.reader.inspect(OTHER_KEY, 1)).toEqual({
      kind: 'damaged',
      reason: 'the manifest is of another key',
    });
  });

  test('of another fence is damaged', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    await copyTo(store, KEY, 2);
    expect(await store.reader.inspect(KEY, 2)).toEqual({ kind: 'damaged', reason: 'the manifest is of another fence' });
  });

  test('of another store is damaged', async () => {
    await using store = await openFileStoreSubject();
    await using foreign = await openFileStoreSubject();
    await publishGeneration(foreign, FIRST);
    await store.directories.list(KEY);
    await cp(dirname(foreign.reader.partPath(KEY, 1).absolute), dirname(store.reader.partPath(KEY, 1).absolute), {
      recursive: true,
    });
    expect(await store.reader.inspect(KEY, 1)).toEqual({ kind: 'damaged', reason: 'the manifest is of another store' });
  });

  test('a key that is none never becomes a path', async () => {
    await using store = await openFileStoreSubject();
    for (const key of ['../../etc', 'a-b', `x/${KEY}`, '']) {
      await expect(store.reader.inspect(key, 1)).rejects.toMatchObject({ code: 'PQ_INVALID_REQUEST' });
      expect(() => store.reader.partPath(key, 1)).toThrow(/not a cache key/);
    }
  });
});

describe('gc beside a reader', () => {
  test.each(['manifest.json', 'part-000.parquet'])(
    'a generation taken away before its %s was opened is absent, not damaged',
    async (name) => {
      await using store = await openFileStoreSubject();
      await publishGeneration(store, FIRST);
      const gate = store.files.gate({ operation: 'open', path: name });
      const look = store.reader.inspect(KEY, 1);
      await gate.reached;
      const gc = await store.another();
      await gc.directories.moveToTrash({ key: KEY, fence: 1 });
      await gc.directories.emptyTrash();
      gate.open();
      expect(await look).toEqual({ kind: 'absent' });
    },
  );

  test('a hash under way is finished although the generation was taken away', async () => {
    await using store = await openFileStoreSubject();
    await publishGeneration(store, FIRST);
    const gate = store.files.gate({ operation: 'read', path: '.parquet' });
    const look = store.reader.verify(KEY, 1);
    await gate.reached;
    await (await store.another()).directories.moveToTrash({ key: KEY, fence: 1 });
    gate.open();
    expect((await look).kind).toBe('whole');
  });
});

/**
 * I6, I11: the directory of a key may go at any moment at which nothing is in it. So a removal is put before every single
 * operation of whoever puts something there, and whoever puts something there before every single operation of a removal.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFileStoreSubject, type FileStoreSubject } from '../testing/file-store-subject.ts';
import { KEY, publishGeneration, stageGeneration } from '../testing/store-fixtures.ts';
import { keyDirectory, shardDirectory } from './layout.ts';
import { shardOf } from '../model/cache-key.ts';

const MARK = { target: `key:${KEY}`, hard: 7, purge: 0 };
const HEAD = { key: KEY, fence: 5, version: 'v', sha256: '', verified: 5, verifiedAtMs: 0 };

const PUBLISHED = 'a generation is published';

interface Deed {
  readonly name: string;
  readonly act: (store: FileStoreSubject) => Promise<unknown>;
  readonly isDone: (store: Pick<FileStoreSubject, 'directories' | 'marks' | 'reader' | 'root'>) => Promise<boolean>;
}

const DEEDS: readonly Deed[] = [
  {
    name: 'a fill is staged',
    act: (store) => store.writer.stage(KEY, 5, 'f5'),
    isDone: async (store) => (await store.directories.list(KEY)).staging.length === 1,
  },
  {
    name: PUBLISHED,
    act: (store) => publishGeneration(store, { key: KEY, fence: 5, fillId: 'f5' }),
    isDone: async (store) => (await store.reader.verify(KEY, 5)).kind === 'whole',
  },
  {
    name: 'a mark is raised',
    act: (store) => store.marks.raiseMark({ ...MARK, hard: 9 }),
    // Alone in a directory it forbids nothing: then both go.
    isDone: async (store) =>
      !existsSync(join(store.root, keyDirectory(KEY))) || (await store.marks.readMark(KEY))?.hard === 9,
  },
  {
    name: 'head.json is written',
    act: (store) => store.marks.writeHead(HEAD),
    isDone: async (store) => (await store.marks.readHead(KEY))?.fence === 5,
  },
  {
    name: 'staging is given up',
    act: async (store) => {
      await store.writer.stage(KEY, 5, 'f5');
      await store.writer.discard({ key: KEY, fence: 5, fillId: 'f5' });
    },
    isDone: async (store) => (await store.directories.list(KEY)).staging.length === 0,
  },
  {
    name: 'the directory is listed, and marks are read',
    act: async (store) => [await store.directories.list(KEY), await store.marks.readMark(KEY)],
    isDone: async () => true,
  },
];

/** Does `act` in a new store, with `meanwhile` before its operation number `at`. @returns null where it has no such operation */
async function interrupted(
  at: number,
  steps: {
    readonly prepare?: (store: FileStoreSubject) => Promise<unknown>;
    readonly act: (store: FileStoreSubject) => Promise<unknown>;
    readonly meanwhile: (other: FileStoreSubject) => Promise<unknown>;
  },
): Promise<{ readonly store: FileStoreSubject; readonly point: string } | null> {
  const store = await openFileStoreSubject();
  await steps.prepare?.(store);
  const other = await openFileStoreSubject(store.root);
  // Both know the shard, as processes do that have run for a while.
  await other.directories.keys(shardOf(KEY));
  await store.directories.keys(shardOf(KEY));
  store.files.log.length = 0;
  let begun = 0;
  let point: string | null = null;
  for (const operation of [
    'mkdir',
    'open',
    'chmod',
    'fsync',
    'close',
    'readdir',
    'rename',
    'unlink',
    'rmdir',
    'remove',
    'stat',
  ] as const)
    for (let skip = 0; skip < 30; skip += 1)
      store.files.before({ operation, path: shardOf(KEY), skip }, async () => {
        begun += 1;
        if (begun - 1 !== at) return;
        point = `${operation} #${skip}`;
        await steps.meanwhile(other);
      });
  await steps.act(store);
  store.files.disarm();
  if (point !== null) return { store, point };
  await store[Symbol.asyncDispose]();
  return null;
}

describe('a collection that removes the empty directory before any operation takes nothing away', () => {
  test.each(DEEDS.filter(({ name }) => name !== PUBLISHED))('while $name', async ({ act, isDone }) => {
    let points = 0;
    for (let at = 0; ; at += 1) {
      const run = await interrupted(at, { act, meanwhile: (other) => other.directories.removeEmpty(KEY) });
      if (run === null) break;
      await using store = run.store;
      points += 1;
      expect(await isDone(await store.another()), run.point).toBe(true);
    }
    expect(points).toBeGreaterThan(3);
  });
});

describe('before any operation of a removal', () => {
  test.each(DEEDS.slice(0, 3))('$name, and stays', async ({ act, isDone }) => {
    for (let at = 0; ; at += 1) {
      const run = await interrupted(at, {
        prepare: (store) => store.marks.raiseMark(MARK),
        act: (store) => store.directories.removeEmpty(KEY),
        meanwhile: act,
      });
      if (run === null) break;
      await using store = run.store;
      expect(await isDone(await store.another()), run.point).toBe(true);
    }
  });

  test('what was staged before it is published, and the mark that forbids it is there', async () => {
    let points = 0;
    for (let at = 0; ; at += 1) {
      let publish = async (): Promise<unknown> => undefined;
      const run = await interrupted(at, {
        prepare: async (store) => {
          const { staging } = await stageGeneration(store, { key: KEY, fence: 5, fillId: 'f5' });
          await store.marks.raiseMark(MARK);
          publish = () => store.writer.publish(staging);
        },
        act: async (store) => {
          expect(await store.directories.removeEmpty(KEY)).toBe(false);
        },
        meanwhile: () => publish(),
      });
      if (run === null) break;
      await using store = run.store;
      points += 1;
      expect((await store.marks.readMark(KEY))?.hard, run.point).toBe(7);
    }
    expect(points).toBeGreaterThan(3);
  });

  test('another removal comes, and both are content', async () => {
    for (let at = 0; ; at += 1) {
      const run = await interrupted(at, {
        prepare: (store) => store.marks.raiseMark(MARK),
        act: (store) => store.directories.removeEmpty(KEY),
        meanwhile: (other) => other.directories.removeEmpty(KEY),
      });
      if (run === null) break;
      await using store = run.store;
      expect(existsSync(join(store.root, keyDirectory(KEY))), run.point).toBe(false);
    }
  });
});

test('the parent is synced after what is put there: the directory of before may be another one', async () => {
  for (const { act } of DEEDS.slice(0, 4)) {
    await using store = await openFileStoreSubject();
    await act(store);
    const lastIn = store.files.log.findLastIndex(
      ({ operation, path }) => operation === 'mkdir' && path.includes(keyDirectory(KEY)),
    );
    const synced = store.files.log.findLastIndex(
      ({ operation, path }) => operation === 'fsync' && path.endsWith(shardDirectory(shardOf(KEY))),
    );
    const staged = store.files.log.findLastIndex(
      ({ operation, path }) => operation === 'rename' && path.includes(keyDirectory(KEY)) && !path.includes('/g5'),
    );
    expect(synced).toBeGreaterThan(Math.max(lastIn, staged));
  }
});

test('of a directory that was made just now nothing is listed; of one that was there everything is', async () => {
  await using store = await openFileStoreSubject();
  const listings = (): number => store.files.log.filter(({ operation }) => operation === 'readdir').length;
  const before = listings();
  expect(await store.directories.list(KEY)).toEqual({ generations: [], staging: [] });
  expect(listings()).toBe(before);
  await stageGeneration(store, { key: KEY, fence: 5, fillId: 'f5' });
  expect((await store.directories.list(KEY)).staging).toEqual([{ key: KEY, fence: 5, fillId: 'f5' }]);
});

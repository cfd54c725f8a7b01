/** I11: a mark that was acknowledged is never lowered, whoever raises beside it; head.json is old or new, never torn. */
import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFileStoreSubject } from '../testing/file-store-subject.ts';
import { KEY, OTHER_KEY } from '../testing/store-fixtures.ts';

const TARGET = `key:${KEY}`;
const SCOPE = 'dataset:sales';

describe('raisers on two hosts', () => {
  test.each([TARGET, SCOPE])(
    'a slow raiser of a lower %s cannot undo a higher one acknowledged meanwhile',
    async (target) => {
      await using store = await openFileStoreSubject();
      const slow = await openFileStoreSubject(store.root);
      // The schedule of marks.ts: B reads nothing, A raises to 9 and is acknowledged, B goes on to write 3.
      const gate = slow.files.gate({ operation: 'open', path: 'trash/tmp-' });
      const lower = slow.marks.raiseMark({ target, hard: 3, purge: 3 });
      await gate.reached;
      await store.marks.raiseMark({ target, hard: 9, purge: 0 });
      gate.open();
      await lower;
      const found = target === TARGET ? [await store.marks.readMark(KEY)] : await store.epochs.scopeMarks();
      expect(found).toEqual([{ target, hard: 9, purge: 3 }]);
    },
  );

  test('raisers of equal marks do not remove each other', async () => {
    await using store = await openFileStoreSubject();
    const others = await Promise.all([store.another(), store.another()]);
    await Promise.all([store, ...others].map(({ marks }) => marks.raiseMark({ target: TARGET, hard: 4, purge: 4 })));
    expect(await store.marks.readMark(KEY)).toEqual({ target: TARGET, hard: 4, purge: 4 });
  });

  test('many raisers in three stores at once leave the maximum of each tick, each seeing at least its own', async () => {
    await using store = await openFileStoreSubject();
    const stores = [store, await store.another(), await store.another()];
    await Promise.all(
      Array.from({ length: 45 }, async (_, index) => {
        const { marks } = stores[index % 3] ?? store;
        const hard = ((index * 7) % 45) + 50;
        const purge = ((index * 11) % 45) + 1;
        await marks.raiseMark({ target: TARGET, hard, purge });
        const seen = await marks.readMark(KEY);
        expect(seen?.hard).toBeGreaterThanOrEqual(hard);
        expect(seen?.purge).toBeGreaterThanOrEqual(purge);
      }),
    );
    expect(await store.marks.readMark(KEY)).toEqual({ target: TARGET, hard: 94, purge: 45 });
  });

  test('a listing that missed both the old file and the new one is not believed', async () => {
    await using store = await openFileStoreSubject();
    await store.marks.raiseMark({ target: SCOPE, hard: 1, purge: 0 });
    const other = await store.another();
    const reader = await openFileStoreSubject(store.root);
    // What a reader sees whose listing passed the new name's place before it was there, and the old one's after it went.
    const readdirAsWas = reader.files.readdir.bind(reader.files);
    let looks = 0;
    reader.files.readdir = async (path) => {
      looks += 1;
      if (looks > 1) return readdirAsWas(path);
      await other.marks.raiseMark({ target: SCOPE, hard: 2, purge: 0 });
      return [];
    };
    expect(await reader.epochs.scopeMarks()).toEqual([{ target: SCOPE, hard: 2, purge: 0 }]);
  });

  test('a mark removed between listing and reading sends the reader back to the listing', async () => {
    await using store = await openFileStoreSubject();
    await store.marks.raiseMark({ target: SCOPE, hard: 1, purge: 0 });
    const other = await store.another();
    store.files.before({ operation: 'open', path: 'not-before/' }, () =>
      other.marks.raiseMark({ target: SCOPE, hard: 2, purge: 0 }),
    );
    expect(await store.epochs.scopeMarks()).toEqual([{ target: SCOPE, hard: 2, purge: 0 }]);
  });
});

describe('mark files', () => {
  test('a hundred raises in a row leave one file', async () => {
    await using store = await openFileStoreSubject();
    for (let tick = 1; tick <= 100; tick += 1) await store.marks.raiseMark({ target: SCOPE, hard: tick, purge: 0 });
    expect(await readdir(join(store.root, 'not-before'))).toEqual(['dataset%3Asales.100-0.json']);
  });

  test('what a failed raise leaves behind is swept with the trash', async () => {
    await using store = await openFileStoreSubject();
    store.files.fail({ operation: 'fsync', path: 'trash/tmp-' }, 'ENOSPC');
    await expect(store.marks.raiseMark({ target: SCOPE, hard: 1, purge: 0 })).rejects.toMatchObject({
      code: 'PQ_STORE_FULL',
    });
    expect(await readdir(join(store.root, 'trash'))).toHaveLength(1);
    expect(await store.directories.emptyTrash()).toBe(0);
    expect(await readdir(join(store.root, 'trash'))).toEqual([]);
  });

  test('a scope mark that makes no sense is an error: leaving it out could serve what was forbidden', async () => {
    await using store = await openFileStoreSubject();
    await writeFile(join(store.root, 'not-before', 'dataset%3Asales.7-0.json'), '');
    await expect(store.epochs.scopeMarks()).rejects.toMatchObject({
      code: 'PQ_STORE_IO',
      retryable: false,
      message: expect.stringContaining('dataset%3Asales.7-0.json'),
    });
    await store.marks.raiseMark({ target: SCOPE, hard: 8, purge: 0 });
    expect(await store.epochs.scopeMarks()).toEqual([{ target: SCOPE, hard: 8, purge: 0 }]);
  });

  test('files of other names beside the marks are not marks', async () => {
    await using store = await openFileStoreSubject();
    await writeFile(join(store.root, 'not-before', 'README'), 'notes of an operator');
    expect(await store.epochs.scopeMarks()).toEqual([]);
  });
});

describe('head.json', () => {
  const head = { key: KEY, fence: 1, version: 'v', sha256: 'aa', verified: 1, verifiedAtMs: 1 };

  test('readers beside many writers see a whole one at every moment', async () => {
    await using store = await openFileStoreSubject();
    const other = await store.another();
    await store.marks.writeHead(head);
    let writing = true;
    const writers = Promise.all(
      [store, other].map(async ({ marks }, index) => {
        for (let fence = 2; fence < 40; fence += 1)
          await marks.writeHead({ ...head, fence: fence * 2 + index, version: 'v'.repeat(fence * 100) });
      }),
    ).finally(() => {
      writing = false;
    });
    const fences: number[] = [];
    while (writing) fences.push((await store.marks.readHead(KEY))?.fence ?? -1);
    await writers;
    expect(fences.length).toBeGreaterThan(10);
    expect(fences).not.toContain(-1);
  });

  test('a sweep of the trash in the middle of a write does not lose it', async () => {
    await using store = await openFileStoreSubject();
    const other = await store.another();
    store.files.before(
      { operation: 'rename', path: 'head.json' },
      async () => void (await other.directories.emptyTrash()),
    );
    await store.marks.writeHead(head);
    expect(await store.marks.readHead(KEY)).toEqual(head);
  });

  test('one that makes no sense is a hint that says nothing', async () => {
    await using store = await openFileStoreSubject();
    await store.marks.writeHead(head);
    const path = join(dirname(dirname(store.reader.partPath(KEY, 1).absolute)), 'head.json');
    for (const text of ['', '{', '[]', '{"key":1}', JSON.stringify({ ...head, key: OTHER_KEY })]) {
      await writeFile(path, text);
      expect(await store.marks.readHead(KEY)).toBeNull();
    }
  });
});

/** The identity of a store: given once, kept for ever, and never guessed. */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FaultyFiles } from '../testing/faulty-files.ts';
import { nodeFiles } from './files.ts';
import { openStore } from './open-store.ts';

interface Folder extends AsyncDisposable {
  readonly root: string;
}

async function folder(): Promise<Folder> {
  const root = await mkdtemp(join(tmpdir(), 'parqueue-open-'));
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

const fileMode = 0o640;

describe('opening a store', () => {
  test('a root that does not exist becomes a store, and stays the same one', async () => {
    await using parent = await folder();
    const root = join(parent.root, 'var', 'store');
    const first = await openStore({ root, fileMode });
    const second = await openStore({ root, fileMode });
    expect(second.storeId).toBe(first.storeId);
    expect(first.storeId).toMatch(/^[0-9a-f]{32}$/);
    expect(JSON.parse(await readFile(join(root, 'parqueue.json'), 'utf8'))).toEqual({
      storeFormat: 2,
      needs: 1,
      storeId: first.storeId,
    });
    expect((await readdir(root)).toSorted()).toEqual(['entries', 'epochs', 'not-before', 'parqueue.json', 'trash']);
    expect(await readdir(join(root, 'trash'))).toEqual([]);
  });

  test('who only looks makes nothing where no store is', async () => {
    await using parent = await folder();
    for (const root of [parent.root, join(parent.root, 'not', 'there')]) {
      await expect(openStore({ root, fileMode, absent: 'refuse' })).rejects.toMatchObject({ code: 'PQ_CONFIG' });
    }
    expect(await readdir(parent.root)).toEqual([]);
  });

  test('all who open a new root at once agree on its identity', async () => {
    for (let round = 0; round < 5; round += 1) {
      await using parent = await folder();
      const stores = await Promise.all(
        Array.from({ length: 12 }, () => openStore({ root: join(parent.root, 'new'), fileMode })),
      );
      expect(new Set(stores.map(({ storeId }) => storeId)).size).toBe(1);
    }
  });

  test('the identity is durable before it has its name', async () => {
    await using parent = await folder();
    const files = new FaultyFiles(nodeFiles);
    await openStore({ root: parent.root, fileMode, files, randomId: () => 'ab'.repeat(16) });
    const order = files.log
      .filter(({ operation }) => operation === 'fsync' || operation === 'link')
      .map(({ operation, path }) => `${operation} ${path.slice(parent.root.length)}`);
    expect(order.slice(0, 2)).toEqual([`fsync /trash/tmp-${'ab'.repeat(16)}`, 'link /parqueue.json']);
    expect(order.at(-1)).toBe('fsync ');
  });

  test('a link that was made and reported as failed is believed by what is there', async () => {
    await using parent = await folder();
    const files = new FaultyFiles(nodeFiles);
    files.failAfterwards({ operation: 'link' }, 'EIO');
    const { storeId } = await openStore({ root: parent.root, fileMode, files });
    expect((await openStore({ root: parent.root, fileMode })).storeId).toBe(storeId);
  });

  test('a store of a later format is refused untouched, whatever else it holds', async () => {
    await using parent = await folder();
    await writeFile(join(parent.root, 'parqueue.json'), '{"storeFormat":3,"id":"another shape"}');
    await expect(openStore({ root: parent.root, fileMode })).rejects.toMatchObject({
      code: 'PQ_CONFIG',
      message: expect.stringMatching(/format 3.*up to 2/),
    });
    expect(await readdir(parent.root)).toEqual(['parqueue.json']);
  });

  test.each(['', 'null', '{}', '{"storeFormat":1}', '{"storeFormat":1,"storeId":"../x"}'])(
    'an identity that reads %j is refused',
    async (text) => {
      await using parent = await folder();
      await writeFile(join(parent.root, 'parqueue.json'), text);
      await expect(openStore({ root: parent.root, fileMode })).rejects.toMatchObject({
        code: 'PQ_CONFIG',
        message: expect.stringContaining('parqueue.json'),
      });
    },
  );

  test('entries without an identity are refused: half a store, or the wrong mount', async () => {
    await using parent = await folder();
    await mkdir(join(parent.root, 'entries'));
    await expect(openStore({ root: parent.root, fileMode })).rejects.toMatchObject({
      code: 'PQ_CONFIG',
      message: expect.stringContaining('mounted'),
    });
  });

  test('an identity that this client does not see at first is looked for again, not given anew', async () => {
    await using parent = await folder();
    const { storeId } = await openStore({ root: parent.root, fileMode });
    const files = new FaultyFiles(nodeFiles);
    files.fail({ operation: 'open', path: 'parqueue.json' }, 'ENOENT');
    expect((await openStore({ root: parent.root, fileMode, files })).storeId).toBe(storeId);
  });

  test.each([
    ['ENOSPC', 'PQ_STORE_FULL'],
    ['EACCES', 'PQ_STORE_IO'],
  ] as const)('a root that refuses with %s is reported as %s', async (errno, code) => {
    await using parent = await folder();
    const files = new FaultyFiles(nodeFiles);
    files.fail({ operation: 'mkdir', path: 'entries' }, errno);
    await expect(openStore({ root: parent.root, fileMode, files })).rejects.toMatchObject({ code });
  });
});

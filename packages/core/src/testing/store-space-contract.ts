/** What every store tells gc and admission: what is there at a glance, what it takes, and what head.json no longer names. */
import assert from 'node:assert/strict';
import { shardOf } from '../model/cache-key.ts';
import type { KeyDirectories, StoreMarks, StoreSpace } from '../ports/store.ts';
import { KEY, publishGeneration, stageGeneration, type WritableStore } from './store-fixtures.ts';

export interface SpaceSubject extends WritableStore {
  readonly directories: KeyDirectories;
  readonly marks: StoreMarks;
  readonly space: StoreSpace;
}

type Claim = (name: string, body: (store: SpaceSubject) => Promise<void>) => void;

export function claimsOfSpace(claim: Claim): void {
  claim('a glance shows what a listing does, and makes nothing', async (store) => {
    assert.deepEqual(await store.directories.glance(KEY), { generations: [], staging: [] });
    assert.deepEqual(await store.directories.keys(shardOf(KEY)), []);
    await publishGeneration(store, { key: KEY, fence: 5, fillId: 'f5' });
    await store.writer.stage(KEY, 6, 'f6');
    assert.deepEqual(await store.directories.glance(KEY), await store.directories.list(KEY));
  });

  claim(
    'a directory that holds nothing but marks goes; one with a fill, a generation or head.json stays',
    async (store) => {
      assert.equal(await store.directories.removeEmpty(KEY), false);
      await store.directories.list(KEY);
      await store.marks.raiseMark({ target: `key:${KEY}`, hard: 4, purge: 3 });
      await store.writer.stage(KEY, 5, 'f5');
      assert.equal(await store.directories.removeEmpty(KEY), false);
      await store.directories.moveToTrash({ key: KEY, fence: 5, fillId: 'f5' });
      await publishGeneration(store, { key: KEY, fence: 6, fillId: 'f6' });
      assert.equal(await store.directories.removeEmpty(KEY), false);
      const head = { key: KEY, fence: 6, version: 'checksum:00', sha256: '', verified: 6, verifiedAtMs: 0 };
      await store.marks.writeHead(head);
      await store.directories.moveToTrash({ key: KEY, fence: 6 });
      assert.equal(await store.directories.removeEmpty(KEY), false);
      await store.marks.clearHead(KEY, 6);
      assert.equal((await store.marks.readMark(KEY))?.hard, 4);
      assert.equal(await store.directories.removeEmpty(KEY), true);
      assert.deepEqual(await store.directories.keys(shardOf(KEY)), []);
      assert.equal(await store.marks.readMark(KEY), null);
      await publishGeneration(store, { key: KEY, fence: 7, fillId: 'f7' });
      assert.deepEqual((await store.directories.list(KEY)).generations, [7]);
    },
  );

  claim('the bytes of a part are told while it is written and when it is published', async (store) => {
    const staging = { key: KEY, fence: 5, fillId: 'f5' };
    assert.equal(await store.space.stagedBytes(staging), 0);
    const sizes: number[] = [];
    const text = 'twelve bytes';
    const { staging: staged } = await stageGeneration(store, { ...staging, text }, async () => {
      sizes.push(await store.space.stagedBytes(staging));
    });
    assert.deepEqual(sizes, [0, 12, 12]);
    await store.writer.publish(staged);
    assert.equal(await store.space.generationBytes(staging), 12);
    assert.equal(await store.space.generationBytes({ key: KEY, fence: 6 }), 0);
  });

  claim('free space is a number of bytes', async (store) => {
    const { freeBytes, totalBytes } = await store.space.free();
    assert.ok(Number.isFinite(freeBytes) && freeBytes > 0 && freeBytes <= totalBytes);
  });

  claim('head.json goes only while it names what it is to name no more', async (store) => {
    const head = { key: KEY, version: 'checksum:00', sha256: '', verified: 5, verifiedAtMs: 0 };
    await store.marks.clearHead(KEY, 5);
    await store.marks.writeHead({ ...head, fence: 6 });
    await store.marks.clearHead(KEY, 5);
    assert.equal((await store.marks.readHead(KEY))?.fence, 6);
    await store.marks.clearHead(KEY, 6);
    assert.equal(await store.marks.readHead(KEY), null);
  });
}

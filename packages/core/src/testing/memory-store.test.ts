import { describe, expect, test } from 'vitest';
import { MemoryStore, type MemoryOperation } from './memory-store.ts';
import { storeContract } from './store-contract.ts';
import { KEY, publishGeneration, stageGeneration } from './store-fixtures.ts';

describe('the memory store keeps the contract', () => {
  storeContract({ describe, test }, async () => {
    const store = new MemoryStore({ storeId: 'memory' });
    const { storeId, writer, reader, directories, marks, space, epochs } = store;
    return {
      storeId,
      writer,
      reader,
      directories,
      marks,
      space,
      epochs,
      writePart: async (path, text) => void (await store.writePart(path, text)),
      corruptPart: async (key, fence, how) => store.corruptPart(key, fence, how),
      dropPart: async (key, fence) => store.dropPart(key, fence),
      dropManifest: async (key, fence) => store.dropManifest(key, fence),
      corruptManifest: async (key, fence) => store.corruptManifest(key, fence),
      [Symbol.asyncDispose]: async () => {},
    };
  });
});

describe('the memory store under a scheduler', () => {
  test('every operation waits for the hook before anything happens', async () => {
    const store = new MemoryStore({ storeId: 'memory' });
    const begun: MemoryOperation[] = [];
    store.beforeOperation = async (name) => void begun.push(name);
    await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1' });
    expect(begun).toEqual(['stage', 'writePart', 'seal', 'describe', 'publish']);

    store.beforeOperation = async () => {
      throw new Error('killed here');
    };
    await expect(store.directories.moveToTrash({ key: KEY, fence: 1 })).rejects.toThrow('killed here');
    expect(store.allGenerations()).toHaveLength(1);
  });

  test('what is in staging, published and in trash can be looked at from outside', async () => {
    const store = new MemoryStore({ storeId: 'memory' });
    await publishGeneration(store, { key: KEY, fence: 1, fillId: 'f1', text: 'rows' });
    await stageGeneration(store, { key: KEY, fence: 2, fillId: 'f2' });
    await store.directories.moveToTrash({ key: KEY, fence: 1 });
    expect(store.allStaging().map(({ fillId }) => fillId)).toEqual(['f2']);
    expect(store.allGenerations()).toEqual([]);
    expect(store.trash.map(({ fence, part }) => [fence, part?.content])).toEqual([[1, 'rows']]);
  });
});

/** What can be no witness, and what was not asked: a range is never given to another generation for want of an answer. */
import { afterAll, expect, test } from 'vitest';
import { StoreCalls } from '@parqueue/core/store';
import { openFileStoreSubject, publishGeneration } from '@parqueue/core/testing';
import { PartLayouts } from './part-layouts.ts';

const REF = { key: `prices_de-${'0a'.repeat(16)}`, fence: 1 };
const store = await openFileStoreSubject();
await publishGeneration(store, { ...REF, fillId: 'f1' });

afterAll(() => store[Symbol.asyncDispose]());

test('a file that is gone, or is no Parquet file, is no witness', async () => {
  const layouts = new PartLayouts(store);
  expect(await layouts.of(REF)).toBeNull();
  expect(await layouts.of({ ...REF, fence: 2 })).toBeNull();
});

test('a store that does not answer for a footer is an error, and no file that is gone', async () => {
  const calls = new StoreCalls({ max: 1, patienceMs: 20 });
  const { reader } = store;
  let comeBack = (): void => undefined;
  const hung = calls.run(
    'read',
    () =>
      new Promise<void>((resolve) => {
        comeBack = resolve;
      }),
  );
  const givenUp = { code: 'PQ_STORE_IO', details: { errno: 'ETIMEDOUT' } };
  await expect(hung).rejects.toMatchObject(givenUp);
  await expect(new PartLayouts({ reader, calls }).of(REF)).rejects.toMatchObject(givenUp);
  comeBack();
  await expect.poll(() => calls.stuck).toBe(0);
});

import { expect, test } from 'vitest';
import { SharedLook } from './shared-look.ts';

test('who asks in one turn of the event loop shares one look, which begins after the last of them asked', async () => {
  let looked = 0;
  const shared = new SharedLook(async (wishes: readonly string[]) => {
    looked += 1;
    return wishes.join('');
  });
  const asked = [shared.take('a'), Promise.resolve().then(() => shared.take('b')), shared.take('c')];
  expect(looked).toBe(0);
  expect(await Promise.all(asked)).toEqual(['acb', 'acb', 'acb']);
  expect(looked).toBe(1);
});

test('who comes while a look is under way shares the next one, also behind one that fails', async () => {
  const looks: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const wished: (readonly string[])[] = [];
  const shared = new SharedLook(async (wishes: readonly string[]) => {
    wished.push(wishes);
    return await new Promise<number>((resolve, reject) => void looks.push({ resolve, reject }));
  });
  const first = shared.take('a');
  await expect.poll(() => looks.length).toBe(1);
  const others = ['b', 'c', 'd'].map((wish) => shared.take(wish));
  expect(looks.length).toBe(1);
  looks[0]?.reject(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await expect.poll(() => looks.length).toBe(2);
  const later = shared.take('e');
  looks[1]?.resolve(2);
  expect(await Promise.all(others)).toEqual([2, 2, 2]);
  await expect.poll(() => looks.length).toBe(3);
  looks[2]?.resolve(3);
  expect(await later).toBe(3);
  const anew = shared.take('f');
  await expect.poll(() => looks.length).toBe(4);
  looks[3]?.resolve(4);
  expect(await anew).toBe(4);
  expect(wished).toEqual([['a'], ['b', 'c', 'd'], ['e'], ['f']]);
});

import { expect, test } from 'vitest';
import { SharedLook } from './shared-look.ts';

test('who comes while a look is under way shares the next one, also behind one that fails', async () => {
  const looks: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const shared = new SharedLook(
    async () => await new Promise<number>((resolve, reject) => void looks.push({ resolve, reject })),
  );
  const first = shared.take();
  const others = [shared.take(), shared.take(), shared.take()];
  expect(looks.length).toBe(1);
  looks[0]?.reject(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await expect.poll(() => looks.length).toBe(2);
  const later = shared.take();
  looks[1]?.resolve(2);
  expect(await Promise.all(others)).toEqual([2, 2, 2]);
  await expect.poll(() => looks.length).toBe(3);
  looks[2]?.resolve(3);
  expect(await later).toBe(3);
  const anew = shared.take();
  await expect.poll(() => looks.length).toBe(4);
  looks[3]?.resolve(4);
  expect(await anew).toBe(4);
});

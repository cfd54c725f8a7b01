import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ParqueueError } from '../model/errors.ts';
import { Timeline } from '../testing/timeline.ts';
import { StoreReach } from './store-reach.ts';

test('a filesystem that hangs is told after two seconds, and keeps one thread however often somebody asks', async () => {
  const clock = new Timeline(0);
  const looks: (() => void)[] = [];
  const hung = new StoreReach({ clock, look: () => new Promise((resolve) => looks.push(() => resolve(0))) });
  for (const afterMs of [2_000, 4_000, 6_000]) {
    expect(await clock.until(hung.ask())).toBe('the store does not answer');
    expect(clock.now()).toBe(afterMs);
  }
  expect(looks).toHaveLength(1);
  looks[0]?.();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  const back = hung.ask();
  looks[1]?.();
  expect(await back).toBe('ok');
});

test('a store that is not there is told by its code, without its path', async () => {
  const reach = new StoreReach({ clock: new Timeline(0), look: () => stat('/no/such/store') });
  expect(await reach.ask()).toBe('the store cannot be reached: ENOENT');
});

test('a call that the store gave up or refused is told by what the filesystem did, not by our code for it', async () => {
  const hung = new ParqueueError('PQ_STORE_IO', 'no answer', { details: { operation: 'statfs', errno: 'ETIMEDOUT' } });
  const reach = new StoreReach({ clock: new Timeline(0), look: () => Promise.reject(hung) });
  expect(await reach.ask()).toBe('the store cannot be reached: ETIMEDOUT');
});

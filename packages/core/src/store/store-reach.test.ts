import { expect, test } from 'vitest';
import { Timeline } from '../testing/timeline.ts';
import { StoreReach } from './store-reach.ts';

test('a filesystem that hangs is told after two seconds, and keeps one thread however often somebody asks', async () => {
  const clock = new Timeline(0);
  const looks: (() => void)[] = [];
  const hung = new StoreReach({ root: '/', clock, look: () => new Promise((resolve) => looks.push(() => resolve(0))) });
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
  const root = '/no/such/store';
  expect(await new StoreReach({ root, clock: new Timeline(0) }).ask()).toBe('the store cannot be reached: ENOENT');
});

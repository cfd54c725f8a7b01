import { expect, test } from 'vitest';
import { drain, type Drainable } from './drain.ts';

/** A queue whose one job ends when `finish` is called, or when it is handed back for the `deafTo + 1`th time. */
function queueWithJob(deafTo = 0): Drainable & { finish(): void; readonly asked: () => number } {
  let asked = 0;
  let running = 1;
  let closed = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const finish = (): void => {
    running = 0;
    closed();
  };
  return {
    get running() {
      return running;
    },
    stopTaking: () => over,
    handBack: () => {
      asked += 1;
      if (asked > deafTo) finish();
    },
    finish,
    asked: () => asked,
  };
}

test('jobs that end within the time given are not disturbed', async () => {
  const queue = queueWithJob();
  const drained = drain([queue], 60_000);
  queue.finish();
  expect(await drained).toBe(true);
  expect(queue.asked()).toBe(0);
});

test('what has not ended by then is handed on', async () => {
  const queue = queueWithJob();
  expect(await drain([queue], 0)).toBe(true);
  expect(queue.asked()).toBe(1);
});

test('a job that started while the queue closed is asked again', async () => {
  const queue = queueWithJob(2);
  expect(await drain([queue], 0)).toBe(true);
  expect(queue.asked()).toBe(3);
});

test('a queue that cannot close is left when it runs nothing, however long jobs might have finished', async () => {
  const stuck: Drainable = { running: 0, stopTaking: () => new Promise(() => undefined), handBack: () => undefined };
  expect(await drain([stuck], 3_600_000)).toBe(true);
});

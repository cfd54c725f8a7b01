import { describe, expect, test } from 'vitest';
import type { Clock } from '@parqueue/core';
import { Budget } from './budget.ts';

/** Nobody here waits until their time is over. */
const clock: Clock = {
  now: () => 0,
  sleep: (_ms, signal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('woken')), { once: true });
    }),
};

function makeBudget(units: number, waitingMax = 64) {
  const budget = new Budget({ units, waitingMax, waitMs: 1000, refusal: 'no room' }, clock);
  const order: string[] = [];
  const giveBacks: (() => void)[] = [];
  /** @returns once it is known whether it was had at once */
  const take = async (sharer: string | null, wanted = 1, signal = new AbortController().signal): Promise<boolean> => {
    const before = budget.waiting;
    const taken = budget.take(wanted, { sharer, signal }).then((giveBack) => {
      order.push(sharer ?? 'nobody');
      giveBacks.push(giveBack);
    });
    const isWaiting = budget.waiting > before;
    if (!isWaiting) await taken;
    else taken.catch(() => undefined);
    return !isWaiting;
  };
  const takeAll = async (sharer: string | null, most = 100): Promise<number> => {
    for (let had = 0; had < most; had += 1) if (!(await take(sharer))) return had;
    return most;
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { budget, take, takeAll, order, giveBacks, settle };
}

describe('a share', () => {
  test('of one caller alone is three quarters, and the next has three quarters of the rest', async () => {
    const { takeAll } = makeBudget(32);
    expect(await takeAll('a')).toBe(24);
    expect(await takeAll('b')).toBe(6);
    expect(await takeAll('c')).toBe(1);
    expect(await takeAll('d')).toBe(1);
  });

  test('is everything where there is nobody to share with', async () => {
    expect(await makeBudget(32).takeAll(null)).toBe(32);
  });

  test('of who has none is what is free, also all of it', async () => {
    const { take } = makeBudget(10);
    expect(await take('a', 99)).toBe(true);
    expect(await take('b')).toBe(false);
  });

  test('who waits for their own share keeps nobody else', async () => {
    const { take, takeAll } = makeBudget(4);
    expect(await takeAll('a')).toBe(3);
    expect(await take('a')).toBe(false);
    expect(await take('b')).toBe(true);
  });
});

describe('who waits', () => {
  test('is served by who holds least, then by who came first', async () => {
    const { take, takeAll, order, giveBacks, settle } = makeBudget(4);
    await takeAll('a');
    await takeAll('b');
    for (const sharer of ['a', 'c', 'b', 'd']) await take(sharer);
    order.length = 0;
    for (const giveBack of giveBacks.splice(0)) {
      giveBack();
      await settle();
    }
    // c and d held nothing; by then a does neither, and came before b.
    expect(order).toEqual(['c', 'd', 'a', 'b']);
  });

  test('is not overtaken by who wants less', async () => {
    const { take, order, giveBacks, settle } = makeBudget(10);
    await take('a', 7);
    expect(await take('b', 8)).toBe(false);
    expect(await take('c', 1)).toBe(false);
    giveBacks[0]?.();
    await settle();
    expect(order).toEqual(['a', 'b', 'c']);
  });

  test('has room in the line, however many of another key stand there', async () => {
    const { budget, take, settle } = makeBudget(1, 8);
    await take('z');
    const refused: unknown[] = [];
    const keep = (error: unknown): void => void refused.push(error);
    for (let one = 0; one < 20; one += 1)
      budget.take(1, { sharer: 'a', signal: new AbortController().signal }).catch(keep);
    expect(budget.waiting).toBe(6);
    expect(await take('b')).toBe(false);
    expect(budget.waiting).toBe(7);
    await settle();
    expect(refused).toEqual(Array.from({ length: 14 }, () => expect.objectContaining({ code: 'PQ_RATE_LIMITED' })));
  });

  test('and leaves lets the others go on, and keeps nothing', async () => {
    const { budget, take, order, settle } = makeBudget(10);
    const left = new AbortController();
    await take('a', 7);
    await take('b', 8, left.signal);
    await take('c', 3);
    left.abort(new Error('left'));
    await settle();
    expect(order).toEqual(['a', 'c']);
    expect(budget.waiting).toBe(0);
  });
});

import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ParqueueError, type AskBatch, type Clock } from '@parqueue/core';
import { AskTally } from './ask-tally.ts';
import type { Live } from './coordination-link.ts';

/** Time that passes only when it is told to. */
class HandClock implements Clock {
  readonly #sleepers = new Set<() => void>();

  now(): number {
    return 0;
  }

  async sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#sleepers.add(resolve);
      signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    });
  }

  async pass(): Promise<void> {
    const due = [...this.#sleepers];
    this.#sleepers.clear();
    for (const wake of due) wake();
    await turn();
  }
}

interface Told {
  readonly tally: AskTally;
  readonly clock: HandClock;
  /** Ids and counts, as they were sent, acknowledged or not. */
  readonly sent: readonly AskBatch[];
  lose: 'nothing' | 'replies';
}

function open(): Told {
  const sent: AskBatch[] = [];
  const clock = new HandClock();
  let ids = 0;
  const told: Told = { clock, sent, lose: 'nothing', tally: null as unknown as AskTally };
  const add = async (batch: AskBatch): Promise<void> => {
    sent.push(batch);
    if (told.lose === 'replies') throw new ParqueueError('PQ_COORDINATION_DOWN', 'the connection broke');
  };
  const live = { coordination: { askCounts: { add } } } as unknown as Live;
  const tally = new AskTally({
    link: { run: (work) => work(live) },
    clock,
    randomId: () => `batch-${(ids += 1)}`,
    log: { warn: (...words: unknown[]) => expect.unreachable(JSON.stringify(words)) },
  });
  tally.start();
  return Object.assign(told, { tally });
}

const hits = ({ totals }: AskBatch): number | undefined => totals.get('prices')?.hit;

test('nothing is told while nobody asks, and counts are told together when the time has come', async () => {
  const { tally, clock, sent } = open();
  await clock.pass();
  expect(sent).toEqual([]);
  for (let asks = 0; asks < 3; asks += 1) tally.count('prices', 'hit');
  tally.count('prices', 'error');
  tally.count('orders', 'miss');
  tally.count(null, 'hit');
  expect(sent).toEqual([]);
  await clock.pass();
  await clock.pass();
  expect(sent.map(({ id, totals }) => [id, Object.fromEntries(totals)])).toEqual([
    [
      'batch-1',
      {
        prices: { hit: 3, stale: 0, miss: 0, collapsed: 0, error: 1 },
        orders: { hit: 0, stale: 0, miss: 1, collapsed: 0, error: 0 },
      },
    ],
  ]);
  await tally.close();
});

test('what was not acknowledged is told again as the same batch, and what was counted since comes behind it', async () => {
  const told = open();
  const { tally, clock, sent } = told;
  told.lose = 'replies';
  tally.count('prices', 'hit');
  await clock.pass();
  tally.count('prices', 'hit');
  tally.count('prices', 'hit');
  await clock.pass();
  told.lose = 'nothing';
  await clock.pass();
  expect(sent.map((batch) => [batch.id, hits(batch)])).toEqual([
    ['batch-1', 1],
    ['batch-1', 1],
    ['batch-1', 1],
    ['batch-2', 2],
  ]);
  await tally.close();
});

test('closing tells what is left', async () => {
  const { tally, sent } = open();
  tally.count('prices', 'stale');
  await tally.close();
  expect(sent.map(({ totals }) => totals.get('prices')?.stale)).toEqual([1]);
});

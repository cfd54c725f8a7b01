/** What a renewal may meet, and what the fill hears of it. */
import { expect, test } from 'vitest';
import { keepLease, LEASE_LOST } from './heartbeat.ts';
import { ParqueueError } from './model/errors.ts';
import { EpochLost, type Leases } from './ports/coordination.ts';

const CLAIM = { key: 'k', fillId: 'f', holder: 'h', ttlMs: 30, scopes: [] };

/** Beats at each call of `beat`; waits for ever otherwise. */
function heartbeat(renew: Leases['renew']) {
  const due: (() => void)[] = [];
  const clock = {
    now: () => 0,
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        due.push(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
  };
  const leases: Leases = {
    renew,
    acquire: () => Promise.reject(new Error('unused')),
    release: async () => undefined,
    list: async () => [],
  };
  const beat = async (): Promise<void> => {
    due.shift()?.();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
  return { ...keepLease(CLAIM, 1, { leases, clock }), beat };
}

test.each([
  ['refused', async () => false],
  ['made in an epoch that ended', () => Promise.reject(new EpochLost('over'))],
])('a renewal %s loses the lease', async (_name, renew) => {
  const { lost, beat, stop } = heartbeat(renew);
  await beat();
  expect(lost.reason).toBe(LEASE_LOST);
  await stop();
});

test('a Redis that cannot be reached means nothing yet: the next renewal decides', async () => {
  const replies = [() => Promise.reject(new ParqueueError('PQ_COORDINATION_DOWN', 'away')), async () => true];
  const { lost, beat, stop } = heartbeat(async () => (await replies.shift()?.()) ?? false);
  await beat();
  await beat();
  expect(lost.aborted).toBe(false);
  await beat();
  expect(lost.aborted).toBe(true);
  await stop();
});

test('what nobody expected stops the fill, and is told when the fill ends', async () => {
  const { lost, beat, stop } = heartbeat(() => Promise.reject(new TypeError('a defect')));
  await beat();
  expect(lost.aborted).toBe(true);
  await expect(stop()).rejects.toThrow('a defect');
});

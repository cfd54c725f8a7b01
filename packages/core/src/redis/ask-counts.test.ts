/** Counts of asks and sums of heads on a real Redis. */
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { connectRedis } from './connection.ts';
import { openCoordination, type Coordination } from './coordination.ts';
import { KEYS } from './keys.ts';
import { NO_ASKS, type AskBatch, type AskHistory } from '../ports/ask-counts.ts';
import { commitRequest, openEpoch } from '../testing/coordination-contract.ts';
import { randomId, STORE_ID, systemClock } from '../testing/redis-harness.ts';

const URL = `${inject('redisUrl')}/105`;
const HOUR_MS = 3_600_000;
let admin: ReturnType<typeof connectRedis>;
let coordination: Coordination;

beforeEach(async () => {
  admin = connectRedis({ url: URL }, 'worker');
  await admin.flushdb();
  coordination = await openCoordination({ url: URL, storeId: STORE_ID, clock: systemClock, randomId });
  await openEpoch({ ports: coordination, storeId: STORE_ID }, 1);
  await coordination.reconciler.completePass(1);
});

afterEach(async () => {
  await coordination.close();
  admin.disconnect();
});

function batch(id: string, counts: Readonly<Record<string, Partial<typeof NO_ASKS>>>): AskBatch {
  return { id, totals: new Map(Object.entries(counts).map(([name, some]) => [name, { ...NO_ASKS, ...some }])) };
}

/** Of a dataset, over everything that is kept: a batch may fall into one minute or the next. */
function totals({ minutes, hours }: AskHistory, dataset: string) {
  const sum = (buckets: AskHistory['minutes']) =>
    buckets.reduce(
      (all, { totals: of }) => {
        const counts = of.get(dataset) ?? NO_ASKS;
        return { hit: all.hit + counts.hit, miss: all.miss + counts.miss };
      },
      { hit: 0, miss: 0 },
    );
  return { minutes: sum(minutes), hours: sum(hours) };
}

test('batches of several processes add up by dataset and outcome, in the minute and in the hour', async () => {
  await coordination.askCounts.add(batch('a', { prices: { hit: 3 }, orders: { error: 1 } }));
  await coordination.askCounts.add(batch('b', { prices: { hit: 4, miss: 1 } }));
  const history = await coordination.askCounts.history();
  expect(totals(history, 'prices')).toEqual({ minutes: { hit: 7, miss: 1 }, hours: { hit: 7, miss: 1 } });
  expect(history.minutes).toHaveLength(60);
  expect(history.hours).toHaveLength(24);
  expect(history.minutes.map(({ atMs }) => atMs % 60_000)).toEqual(Array.from({ length: 60 }, () => 0));
  expect(history.hours.at(-1)?.totals.get('orders') ?? history.hours.at(-2)?.totals.get('orders')).toEqual({
    ...NO_ASKS,
    error: 1,
  });
});

test('a batch that is resent counts once', async () => {
  const sent = batch('a', { prices: { hit: 3 } });
  await coordination.askCounts.add(sent);
  await coordination.askCounts.add(sent);
  expect(totals(await coordination.askCounts.history(), 'prices').hours).toEqual({ hit: 3, miss: 0 });
});

test('what is old is no longer told, and every key ends by itself', async () => {
  await coordination.askCounts.add(batch('a', { prices: { hit: 3 } }));
  const [hour = ''] = await admin.keys(KEYS.asksHour('*'));
  const at = Number(hour.split(':').at(-1));
  await admin.rename(hour, KEYS.asksHour(String(at - 24)));
  expect(totals(await coordination.askCounts.history(), 'prices').hours).toEqual({ hit: 0, miss: 0 });
  for (const key of await admin.keys('{pq}:asks-*')) {
    const ttl = await admin.pttl(key);
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(25 * HOUR_MS);
  }
});

test('heads of a dataset are summed, and only so many keys are looked at', async () => {
  const keys = Array.from({ length: 450 }, (_, n) => `prices-${String(n).padStart(32, '0')}`);
  const fences: number[] = [];
  for (const key of keys) fences.push(await fill(key, 'prices'));
  await fill(keys[0] ?? '', 'orders');
  const whole = await coordination.entries.sum('prices', 450);
  const head = commitRequest(1, 'x', 'v');
  expect(whole).toMatchObject({
    entries: 449,
    rows: 449 * head.rows,
    bytes: 449 * head.bytes,
    complete: true,
    damaged: 0,
  });
  await coordination.heads.markDamaged(keys[7] ?? '', fences[7] ?? 0, 'torn');
  expect(await coordination.entries.sum('prices', 450)).toMatchObject({ entries: 449, damaged: 1 });
  expect(whole.newestCommittedAtMs).toBeGreaterThan(0);
  expect(whole.newestVerifiedAtMs).toBeGreaterThanOrEqual(whole.oldestVerifiedAtMs ?? Infinity);
  expect(await coordination.entries.sum('prices', 250)).toMatchObject({ entries: 249, complete: false });
  expect(await coordination.entries.sum('nothing', 250)).toMatchObject({
    entries: 0,
    newestCommittedAtMs: null,
    newestVerifiedAtMs: null,
    oldestVerifiedAtMs: null,
    complete: true,
  });
});

async function fill(key: string, dataset: string): Promise<number> {
  const claim = { key, fillId: randomId(), holder: 'h', ttlMs: 60_000, scopes: [] };
  const grant = await coordination.leases.acquire(claim);
  if (grant.kind !== 'granted') throw new Error(`the lease is ${grant.kind}`);
  await coordination.heads.commit({ ...commitRequest(grant.fence, claim.fillId, 'v'), key, dataset });
  await coordination.leases.release(claim, grant.fence);
  return grant.fence;
}

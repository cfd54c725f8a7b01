/** Listings, memo and durability on a real Redis. */
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { connectRedis } from './connection.ts';
import { openCoordination, type Coordination } from './coordination.ts';
import { readDurability } from './durability.ts';
import { KEYS } from './keys.ts';
import { commitRequest, openEpoch } from '../testing/coordination-contract.ts';
import { randomId, STORE_ID, systemClock } from '../testing/redis-harness.ts';

const URL = `${inject('redisUrl')}/104`;
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

async function filled(key: string, dataset: string | null): Promise<number> {
  const claim = { key, fillId: randomId(), holder: 'h', ttlMs: 60_000, scopes: [] };
  const grant = await coordination.leases.acquire(claim);
  if (grant.kind !== 'granted') throw new Error(`the lease is ${grant.kind}`);
  await coordination.heads.commit({ ...commitRequest(grant.fence, claim.fillId, 'v'), key, dataset });
  await coordination.leases.release(claim, grant.fence);
  return grant.fence;
}

const keyOf = (slug: string, n: number): string => `${slug}-${String(n).padStart(32, '0')}`;

test('a load that gave its lease back, or that a purge ended, leaves nothing among the leases', async () => {
  const claims = ['a', 'b'].map((slug) => ({
    key: keyOf(slug, 0),
    fillId: slug,
    holder: 'h',
    ttlMs: 60_000,
    scopes: ['dataset:prices'],
  }));
  const [released, purged] = claims;
  const fences = await Promise.all(claims.map((claim) => coordination.leases.acquire(claim)));
  const [first = 0, second = 0] = fences.map((grant) => (grant.kind === 'granted' ? grant.fence : 0));
  expect(await admin.zcard(KEYS.leases)).toBe(2);
  if (released === undefined || purged === undefined) throw new Error('there are two');
  await coordination.leases.release(released, first);
  await coordination.ticks.invalidate('dataset:prices', 'purge');
  expect(await coordination.leases.renew(purged, second)).toBe(false);
  expect(await admin.exists(KEYS.leases, ...claims.map(({ key }) => KEYS.lease(key)))).toBe(0);
});

test.each(['evicted', 'purged'])(
  'of a key whose head was %s no index tells, and once it is forgotten no name',
  async (how) => {
    const key = keyOf('gone', 0);
    const fence = await filled(key, 'prices');
    const { heads, ticks, pins, eviction, retirement } = coordination;
    await heads.look({ key, scopes: [], probeTargets: [] }, { id: 'p', ttlMs: 60_000 });
    await pins.release(key, 'p');
    if (how === 'purged') {
      await ticks.invalidate(`key:${key}`, 'purge');
      await retirement.noteOrphans({ key, dataset: 'prices' }, []);
    } else {
      // Of a worker that died: its lease ran out, and nobody gave it back.
      await admin.hset(KEYS.lease(key), { fence, fillId: 'f', expiresAt: 1 });
      await admin.zadd(KEYS.leases, 0, key);
      const readAtMs = (await eviction.survey([key])).keys[0]?.head?.readAtMs ?? null;
      const head = { key, fence, dataset: 'prices', readAtMs };
      expect(await eviction.evict(head, { epoch: 1, reason: 'quota', dryRun: false })).toBe('evicted');
    }
    for (const index of [KEYS.entries, KEYS.dataset('prices'), KEYS.reads, KEYS.leases])
      expect(await admin.zscore(index, key), index).toBeNull();
    await pins.pinGeneration({ key, fence }, { id: 'q', ttlMs: 60_000 });
    await pins.release(key, 'q');
    expect(await retirement.retire({ key, fence }, { epoch: 1, graceMs: 0, dryRun: false })).toBe('removable');
    await retirement.removed({ key, fence });
    // A pin that ran out and a lease that was not given back are no reason to keep it.
    await admin.zadd(KEYS.pins(key), 1, 'late');
    await admin.hset(KEYS.pinned(key), 'late', fence);
    await admin.hset(KEYS.lease(key), { fence, fillId: 'f', expiresAt: 1 });
    await admin.zadd(KEYS.leases, 0, key);
    expect(await eviction.forget(key, { epoch: 1, toldMs: 0 })).toBe('forgotten');
    expect(await admin.keys(`*${key}*`)).toEqual([]);
    for (const index of [KEYS.entries, KEYS.dataset('prices'), KEYS.reads, KEYS.leases])
      expect(await admin.zscore(index, key), index).toBeNull();
  },
);

test('pins that ran out hold nothing, however many there are; one that did not does', async () => {
  const key = keyOf('pinned', 0);
  const fence = await filled(key, 'prices');
  await filled(key, 'prices');
  const ids = Array.from({ length: 250 }, (_, at) => `p${at}`);
  await admin.zadd(KEYS.pins(key), ...ids.flatMap((id) => [1, id]));
  await admin.hset(KEYS.pinned(key), Object.fromEntries(ids.map((id) => [id, fence])));
  const leave = { epoch: 1, graceMs: 0, dryRun: true };
  await coordination.pins.pinGeneration({ key, fence }, { id: 'live', ttlMs: 60_000 });
  expect(await coordination.retirement.retire({ key, fence }, leave)).toBe('refused');
  await coordination.pins.release(key, 'live');
  expect(await coordination.retirement.retire({ key, fence }, leave)).toBe('removable');
});

describe('entries', () => {
  test('are listed page by page in key order, each once', async () => {
    const keys = Array.from({ length: 25 }, (_, n) => keyOf('prices', n));
    for (const key of keys.toReversed()) await filled(key, 'prices');
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page = await coordination.entries.list({ prefix: '', dataset: null, limit: 10, after });
      expect(page.entries.length).toBeLessThanOrEqual(10);
      seen.push(...page.entries.map(({ key }) => key));
      after = page.next;
    } while (after !== null);
    expect(seen).toEqual(keys);
  });

  test('are listed by whose they are, and a page never ends at one of others', async () => {
    const dataset = (n: number): string => (n % 3 === 0 ? 'own' : 'foreign');
    for (let n = 0; n < 9; n += 1) await filled(keyOf('rows', n), dataset(n));
    const list = async (after: string | null) =>
      await coordination.entries.list({ prefix: '', dataset: null, limit: 1, after, isFor: (name) => name === 'own' });
    for (const [after, key, next] of [
      [null, 0, 0],
      [0, 3, 3],
      [3, 6, null],
    ] as const) {
      const page = await list(after === null ? null : keyOf('rows', after));
      expect(page.entries.map((entry) => entry.key)).toEqual([keyOf('rows', key)]);
      expect(page.next).toBe(next === null ? null : keyOf('rows', next));
    }
  });

  test('of datasets that ask the same are listed together, in key order, each once', async () => {
    for (let n = 0; n < 9; n += 1) await filled(keyOf('rows', n), ['own', 'twin', 'foreign'][n % 3] ?? null);
    // In both indexes: the other took it over.
    await filled(keyOf('rows', 0), 'twin');
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page = await coordination.entries.list({ prefix: '', dataset: 'own', alike: ['twin'], limit: 2, after });
      seen.push(...page.entries.map(({ key }) => key));
      after = page.next;
    } while (after !== null);
    expect(seen).toEqual([0, 1, 3, 4, 6, 7].map((n) => keyOf('rows', n)));
  });

  test('that were evicted are listed no more, and tell why they went', async () => {
    const key = keyOf('prices', 1);
    const fence = await filled(key, 'prices');
    expect(await coordination.entries.evicted(key)).toBeNull();
    const head = { key, fence, dataset: 'prices', readAtMs: null };
    await coordination.eviction.evict(head, { epoch: 1, reason: 'dataset-quota', dryRun: false });
    for (const dataset of [null, 'prices']) {
      const { entries } = await coordination.entries.list({ prefix: '', dataset, limit: 10, after: null });
      expect(entries).toEqual([]);
    }
    expect(await coordination.entries.evicted(key)).toEqual({
      fence,
      atMs: expect.any(Number),
      reason: 'dataset-quota',
      dataset: 'prices',
    });
  });

  test('that were purged are told by nobody, until they are filled again', async () => {
    const [purged, other] = [keyOf('prices', 1), keyOf('prices', 2)];
    await filled(purged, 'prices');
    await filled(other, 'prices');
    const told = async (withPurged?: boolean) => {
      const filter = { prefix: '', dataset: 'prices', limit: 10, after: null };
      const { entries } = await coordination.entries.list({ ...filter, ...(withPurged && { withPurged }) });
      const sum = await coordination.entries.sum('prices', 10);
      return { keys: entries.map(({ key }) => key), counted: sum.entries };
    };
    await coordination.ticks.invalidate(`key:${purged}`, 'purge');
    expect((await coordination.heads.look({ key: purged, scopes: [], probeTargets: [] }, null)).head).toBeNull();
    expect(await told()).toEqual({ keys: [other], counted: 1 });
    expect((await told(true)).keys, 'who purges finds it still').toEqual([purged, other]);
    await filled(purged, 'prices');
    expect(await told()).toEqual({ keys: [purged, other], counted: 2 });
    await coordination.ticks.invalidate(`key:${purged}`, 'hard');
    expect(await told(), 'hard: not to be used, and still there').toEqual({ keys: [purged, other], counted: 2 });
  });

  test('are found by prefix and by dataset, and one that another dataset took over moved with it', async () => {
    await filled(keyOf('orders', 1), 'orders');
    await filled(keyOf('prices', 1), 'prices');
    await filled(keyOf('prices', 2), 'prices');
    await filled(keyOf('prices', 2), null);
    const list = async (prefix: string, dataset: string | null): Promise<readonly string[]> => {
      const { entries } = await coordination.entries.list({ prefix, dataset, limit: 10, after: null });
      return entries.map(({ key }) => key);
    };
    expect(await list('prices', null)).toEqual([keyOf('prices', 1), keyOf('prices', 2)]);
    expect(await list('', 'prices')).toEqual([keyOf('prices', 1)]);
    expect(await list('x', null)).toEqual([]);
  });

  test('tell their last read, their live pins and what is retired, newest first', async () => {
    const key = keyOf('prices', 1);
    const fences = [await filled(key, null), await filled(key, null), await filled(key, null)];
    const summary = async () =>
      (await coordination.entries.list({ prefix: '', dataset: null, limit: 1, after: null })).entries[0];
    expect(await summary()).toMatchObject({ key, lastReadAtMs: null, head: { fence: fences[2] } });
    const target = { key, scopes: [], probeTargets: [] };
    await coordination.heads.look(target, null);
    expect((await summary())?.lastReadAtMs).toBeNull();
    await coordination.heads.look(target, 'read');
    expect((await summary())?.lastReadAtMs).toBeGreaterThan(0);
    expect(await coordination.entries.pinCount(key)).toBe(0);
    await coordination.heads.look(target, { id: 'p1', ttlMs: 60_000 });
    await coordination.heads.look(target, { id: 'p2', ttlMs: 60_000 });
    await admin.zadd(KEYS.pins(key), 1, 'p2');
    expect(await coordination.entries.pinCount(key)).toBe(1);
    expect((await coordination.entries.retired(key)).map(({ fence }) => fence)).toEqual([fences[1], fences[0]]);
  });
});

test('a memo is remembered under names of any length and spelling, and has an end', async () => {
  const name = `stat:${'x'.repeat(5000)}:\u0000\n`;
  expect(await coordination.statMemo.get(name)).toBeNull();
  await coordination.statMemo.put(name, 'hash');
  expect(await coordination.statMemo.get(name)).toBe('hash');
  const [key] = await admin.keys(KEYS.memo('*'));
  expect(await admin.ttl(key ?? '')).toBeGreaterThan(0);
});

test('what nobody may forget has no end, what may be forgotten has one', async () => {
  await filled(keyOf('prices', 1), 'prices');
  await coordination.outcomes.record({ id: 'lake.fill.00', key: keyOf('prices', 1) }, { kind: 'cancelled' });
  await coordination.asks.keep(
    ['a'],
    { fillId: 'lake.fill.00', key: keyOf('prices', 1), requirement: { after: 1, hardAfter: 0, arrived: 1 } },
    1000,
  );
  const mortal: string[] = [];
  for (const key of await admin.keys('*')) if ((await admin.pttl(key)) > 0) mortal.push(key);
  expect(mortal.toSorted()).toEqual([KEYS.ask('a'), KEYS.outcome('lake.fill.00')]);
});

test('durability tells what the server was started with', async () => {
  expect(await readDurability(URL)).toEqual({ evictionPolicy: 'noeviction', persistent: false });
});

test('without a quota ended reservations go a few at a time, and those of running fills stay', async () => {
  const wish = { dataset: null, bytes: 7, ttlMs: 60_000, quotaBytes: null, datasetQuotaBytes: null };
  const ended = Array.from({ length: 20 }, (_, n) => [`dead-${n}`, '7:1:'] as const);
  await admin.hset(KEYS.reserved, Object.fromEntries(ended));
  await coordination.usage.reserve({ ...wish, key: keyOf('a', 1), fillId: 'running' });
  const left = await admin.hlen(KEYS.reserved);
  expect(left, 'at most three are looked at').toBeGreaterThanOrEqual(18);
  for (let n = 0; n < 300; n += 1) await coordination.usage.reserve({ ...wish, key: keyOf('a', 2), fillId: 'another' });
  expect((await admin.hkeys(KEYS.reserved)).toSorted()).toEqual(['another', 'running']);
  expect(await coordination.usage.read()).toMatchObject({ reservedBytes: 14 });
});

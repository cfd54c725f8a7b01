/** What watchers hear of jobs and heads, on a real Redis. */
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { connectRedis } from './connection.ts';
import { openCoordination, type Coordination } from './coordination.ts';
import { KEYS, PREFIX } from './keys.ts';
import { queueName } from './queues.ts';
import { Worker } from 'bullmq';
import type { Job } from '../model/job.ts';
import { commitRequest, openEpoch } from '../testing/coordination-contract.ts';
import { randomId, STORE_ID, systemClock } from '../testing/redis-harness.ts';

const URL = `${inject('redisUrl')}/106`;
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

const keyOf = (n: number): string => `prices-${String(n).padStart(32, '0')}`;

async function fill(key: string): Promise<number> {
  const claim = { key, fillId: randomId(), holder: 'h', ttlMs: 60_000, scopes: [] };
  const grant = await coordination.leases.acquire(claim);
  if (grant.kind !== 'granted') throw new Error(`the lease is ${grant.kind}`);
  await coordination.heads.commit({ ...commitRequest(grant.fence, claim.fillId, 'v'), key, dataset: 'prices' });
  await coordination.leases.release(claim, grant.fence);
  return grant.fence;
}

test('a job is told when it comes, runs and ends, whatever its queue, and once per look', async () => {
  let position = await coordination.activity.start();
  const look = async (): Promise<readonly string[]> => {
    const happened = await coordination.activity.since(position);
    position = happened.position;
    return happened.jobIds;
  };
  expect(await look()).toEqual([]);
  const lake = await coordination.jobs.enqueue(job('lake', 1));
  const pond = await coordination.jobs.enqueue(job('pond', 1));
  expect((await look()).toSorted()).toEqual([lake.id, pond.id].toSorted());
  expect(await look()).toEqual([]);
  await coordination.jobs.cancel(pond.id);
  expect(await look()).toEqual([pond.id]);
  const connection = connectRedis({ url: URL }, 'worker');
  const worker = new Worker<Job>(queueName('fill', 'lake'), async (one) => one.updateProgress({ phase: 'reading' }), {
    connection,
    prefix: PREFIX,
  });
  await expect.poll(async () => (await coordination.jobBrowser.get(lake.id))?.state).toBe('finished');
  expect(await look()).toEqual([lake.id]);
  await worker.close();
  connection.disconnect();
});

test('a head that moved is told once with what it is now, and one that nothing is known of is not', async () => {
  const before = await fill(keyOf(1));
  const position = await coordination.activity.start();
  const second = await fill(keyOf(1));
  await fill(keyOf(2));
  const third = await fill(keyOf(1));
  await fill(keyOf(3));
  await admin.del(KEYS.head(keyOf(3)));
  const { changes, position: next } = await coordination.activity.since(position);
  expect(changes.map(({ key, head }) => [key, head?.fence])).toEqual([
    [keyOf(2), second + 1],
    [keyOf(1), third],
  ]);
  expect(before).toBeLessThan(second);
  expect((await coordination.activity.since(next)).changes).toEqual([]);
  const [first] = changes;
  const later = await coordination.activity.changesAfter(first?.id ?? '');
  expect(later).toEqual({ changes: [changes[1]], complete: true });
});

test('a head that was evicted is told with its dataset and why, and one that came back as what it is', async () => {
  const fence = await fill(keyOf(1));
  const position = await coordination.activity.start();
  const head = { key: keyOf(1), fence, dataset: 'prices', readAtMs: null };
  expect(await coordination.eviction.evict(head, { epoch: 1, reason: 'unread', dryRun: false })).toBe('evicted');
  const { changes, position: next } = await coordination.activity.since(position);
  expect(changes).toEqual([
    {
      id: expect.any(String),
      key: keyOf(1),
      head: null,
      evicted: { fence, atMs: expect.any(Number), reason: 'unread', dataset: 'prices' },
    },
  ]);
  const again = await fill(keyOf(1));
  expect((await coordination.activity.since(next)).changes).toMatchObject([{ key: keyOf(1), head: { fence: again } }]);
  const missed = await coordination.activity.changesAfter(changes[0]?.id ?? '');
  expect(missed).toMatchObject({ complete: true, changes: [{ head: { fence: again } }] });
  // Lost otherwise: what it was evicted for once says nothing of that.
  await admin.del(KEYS.head(keyOf(1)));
  expect((await coordination.activity.since(next)).changes).toEqual([]);
});

test('who was away for too long hears that it is not all', async () => {
  await fill(keyOf(1));
  expect((await coordination.activity.changesAfter('0-0')).complete).toBe(false);
  const [[id] = ['']] = await admin.xrange(KEYS.changes, '-', '+');
  expect((await coordination.activity.changesAfter(id)).complete).toBe(true);
  // An id that this stream never gave, and one whose stream is lost with all that came after it.
  expect((await coordination.activity.changesAfter('9999999999999-0')).complete).toBe(false);
  await admin.del(KEYS.changes);
  expect(await coordination.activity.changesAfter(id)).toEqual({ changes: [], complete: false });
});

test('however many come back at once, with whatever ids, are told what each missed by one read for the first and one for the rest', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 40; n += 1) {
    await fill(keyOf(n % 8));
    ids.push((await admin.xrevrange(KEYS.changes, '+', '-', 'COUNT', 1))[0]?.[0] ?? '');
  }
  const commands = async (): Promise<number> =>
    [...(await admin.info('commandstats')).matchAll(/^cmdstat_(xrange|xrevrange|hgetall|hmget):calls=(\d+)/gm)]
      .map(([, , calls]) => Number(calls))
      .reduce((sum, calls) => sum + calls, 0);
  const before = await commands();
  const alone = await coordination.activity.changesAfter(ids[0] ?? '');
  const costOfOne = (await commands()) - before;
  expect(alone.changes.map(({ key }) => key)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map(keyOf));
  const asked = Array.from({ length: 520 }, (_, n) => n % ids.length);
  const answers = await Promise.all(asked.map((n) => coordination.activity.changesAfter(ids[n] ?? '')));
  // Of a key that changed several times only the last change is told: those of the last eight.
  for (const [at, n] of asked.entries()) {
    const missed = ids.slice(Math.max(n + 1, 32));
    expect([n, answers[at]?.complete, answers[at]?.changes.map(({ id }) => id)]).toEqual([n, true, missed]);
  }
  expect((await commands()) - before).toBeLessThanOrEqual(3 * costOfOne);
});

test('of more than is told at once the latest are, and only who missed others hears that these are not all', async () => {
  const changes = admin.pipeline();
  for (let n = 1; n <= 600; n += 1) changes.xadd(KEYS.changes, `${n}-0`, 'key', keyOf(n % 2), 'fence', '1');
  await changes.exec();
  await fill(keyOf(1));
  const behind = async (id: string) => await coordination.activity.changesAfter(id);
  const [far, near, latest] = await Promise.all([behind('50-0'), behind('101-0'), behind('600-0')]);
  expect([far.complete, near.complete, latest.complete]).toEqual([false, true, true]);
  for (const { changes: told } of [far, near, latest]) expect(told.map(({ key }) => key)).toEqual([keyOf(1)]);
});

function job(source: string, after: number): Job {
  const key = `${source}-00000000000000000000000000000000`;
  return {
    kind: 'fill',
    requestId: null,
    requirement: { after, hardAfter: 0 },
    request: { key, source },
  } as unknown as Job;
}

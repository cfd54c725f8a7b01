/** head.json follows the head, on the memory ports. */
import { expect, test } from 'vitest';
import { writeHeadFile } from './head-file.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { KEY } from './testing/store-fixtures.ts';

const TARGET = { key: KEY, scopes: [], probeTargets: [] };

async function committed() {
  const store = new MemoryStore({ storeId: 'heads' });
  const { marks } = store;
  const coordination = new MemoryCoordination(new MemoryRedis({ now: () => 1_000_000 }));
  const { heads, leases, eviction } = coordination;
  await openEpoch({ ports: coordination, storeId: 'heads' }, 1);
  await coordination.reconciler.completePass(1);
  const claim = { key: KEY, fillId: 'f', holder: 'test', scopes: [], ttlMs: 1 };
  const grant = await leases.acquire(claim);
  if (grant.kind !== 'granted') throw new Error(grant.kind);
  const { fence } = grant;
  const described = { version: 'v', sha256: 'ab', bytes: 1, rows: 1, consistency: 'exact', startedAtMs: 1 } as const;
  await heads.commit({ key: KEY, fence, fillId: 'f', source: 's', dataset: null, scopes: [], ...described });
  await leases.release(claim, fence);
  return { fence, heads, eviction, marks };
}

test('head.json names no head that went while it was written', async () => {
  const { fence, heads, eviction, marks } = await committed();
  const writeHead: typeof marks.writeHead = async (pointer) => {
    await marks.writeHead(pointer);
    const head = { key: KEY, fence, dataset: null, readAtMs: null };
    await eviction.evict(head, { epoch: 1, reason: 'unread', dryRun: false });
  };
  expect(await writeHeadFile(TARGET, { heads, marks: { ...marks, writeHead } })).toBeNull();
  expect(await marks.readHead(KEY)).toBeNull();
});

test('who committed looks once, and what it knows gives way to a head that moved since', async () => {
  const { fence, heads, marks } = await committed();
  let looks = 0;
  const look: typeof heads.look = (target, wish) => {
    looks += 1;
    return heads.look(target, wish);
  };
  const counted = { heads: { ...heads, look }, marks };
  const known = { fence, version: 'v', sha256: 'ab', verified: fence, verifiedAtMs: 1 };
  expect(await writeHeadFile(TARGET, counted, known)).toBe(fence);
  expect(looks).toBe(1);
  expect(await marks.readHead(KEY)).toEqual({ key: KEY, ...known });
  expect(await writeHeadFile(TARGET, counted, { ...known, fence: fence - 1, version: 'before' })).toBe(fence);
  expect(await marks.readHead(KEY)).toEqual({ key: KEY, ...known });
});

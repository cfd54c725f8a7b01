/** head.json follows the head, on the memory ports. */
import { expect, test } from 'vitest';
import { writeHeadFile } from './head-file.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { KEY } from './testing/store-fixtures.ts';

const TARGET = { key: KEY, scopes: [], probeTargets: [] };

test('head.json names no head that went while it was written', async () => {
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
  const writeHead: typeof marks.writeHead = async (pointer) => {
    await marks.writeHead(pointer);
    const head = { key: KEY, fence, dataset: null, readAtMs: null };
    await eviction.evict(head, { epoch: 1, reason: 'unread', dryRun: false });
  };
  expect(await writeHeadFile(TARGET, { heads, marks: { ...marks, writeHead } })).toBeNull();
  expect(await marks.readHead(KEY)).toBeNull();
});

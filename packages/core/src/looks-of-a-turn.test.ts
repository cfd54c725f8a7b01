/** Who shares a look at a head, and that it tells as much as a look of their own. On the coordination in memory. */
import { beforeEach, expect, test } from 'vitest';
import { withLooksOfATurn } from './looks-of-a-turn.ts';
import { endOfTurn } from './model/shared-look.ts';
import type { Heads, LookTarget, LookWish } from './ports/coordination.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';

const TARGET: LookTarget = { key: 'words-1', scopes: ['dataset:words'], probeTargets: [] };

let coordination: MemoryCoordination;
let heads: Heads;
let looks: LookWish[];

beforeEach(async () => {
  coordination = new MemoryCoordination(new MemoryRedis({ now: () => 1_000_000 }));
  await openEpoch({ ports: coordination, storeId: 'turns' }, 1);
  looks = [];
  const { heads: own } = coordination;
  const counted: Heads = {
    ...own,
    look(target, wish) {
      looks.push(wish);
      return own.look(target, wish);
    },
  };
  heads = withLooksOfATurn(counted);
});

test('who asks for one head in one turn shares one look, and the next turn has its own', async () => {
  const asked = [heads.look(TARGET, 'read'), Promise.resolve().then(() => heads.look(TARGET, 'read'))];
  const [first, second] = await Promise.all(asked);
  expect(second).toBe(first);
  expect(looks).toEqual(['read']);
  await heads.look(TARGET, 'read');
  expect(looks).toHaveLength(2);
});

test('a look began after all who share it had asked: what happens up to then is seen by each', async () => {
  const earlier = heads.look(TARGET, 'read');
  expect(looks).toEqual([]);
  const { tick } = await coordination.ticks.startProbe(TARGET);
  const later = heads.look(TARGET, 'read');
  for (const look of await Promise.all([earlier, later])) expect(look.seen.started).toBe(tick);
});

test('a pin is its own look, at once, and so is a look that is not to be read', async () => {
  const pinned = heads.look(TARGET, { id: 'mine', ttlMs: 1_000 });
  const known = heads.look(TARGET, null);
  expect(looks).toEqual([{ id: 'mine', ttlMs: 1_000 }, null]);
  await Promise.all([pinned, known, heads.look(TARGET, 'read')]);
  expect(looks).toHaveLength(3);
});

test('other keys and other marks are looked at by themselves', async () => {
  const others: LookTarget[] = [
    { ...TARGET, key: 'words-2' },
    { ...TARGET, scopes: ['dataset:others'] },
  ];
  const [first, ...rest] = await Promise.all([TARGET, ...others].map((target) => heads.look(target, 'read')));
  expect(looks).toHaveLength(3);
  for (const look of rest) expect(look).not.toBe(first);
});

test('a look that fails fails for those who share it, and for nobody after them', async () => {
  let failing = true;
  const { heads: own } = coordination;
  const shared = withLooksOfATurn({
    ...own,
    look: (target, wish) => (failing ? Promise.reject(new Error('away')) : own.look(target, wish)),
  });
  const asked = await Promise.allSettled([shared.look(TARGET, 'read'), shared.look(TARGET, 'read')]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  failing = false;
  await endOfTurn();
  expect((await shared.look(TARGET, 'read')).head).toBeNull();
});

/** What an invalidation marks, in Redis and on the store, on the ports in memory. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Epochs } from './epoch.ts';
import { invalidate, invalidatePrefix, type InvalidateDeps } from './invalidate.ts';
import type { PrefixedKey } from './invalidation-reach.ts';
import type { InvalidateMode, Ticks } from './ports/coordination.ts';
import type { Entries } from './ports/entries.ts';
import type { StoreMarks } from './ports/store.ts';
import { epochOf } from './model/ticks.ts';
import { emptyState } from './testing/memory/state.ts';
import { READERS_MAX } from './ports/parts.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { KEY, OTHER_KEY, publishGeneration } from './testing/store-fixtures.ts';

let redis: MemoryRedis;
let coordination: MemoryCoordination;
let scopesByKey: Map<string, readonly string[]>;
let store: MemoryStore;
let epochs: Epochs;
let ids: number;

beforeEach(async () => {
  store = new MemoryStore({ storeId: 'invalidate' });
  redis = new MemoryRedis({ now: () => 1_000_000 });
  coordination = new MemoryCoordination(redis);
  scopesByKey = new Map();
  ids = 0;
  epochs = epochsOf(coordination);
  await epochs.open();
});

/** Of one process. */
function epochsOf({ register }: MemoryCoordination): Epochs {
  return new Epochs({
    register,
    store: store.epochs,
    clock: { now: () => 0, sleep: async () => undefined },
    randomId: () => `id${(ids += 1)}`,
    onStep: () => undefined,
  });
}

test.each(['soft', 'hard', 'purge'] as const)('%s on a table marks each view that reads it as well', async (mode) => {
  await coordination.parts.learn('wh/APP.V', ['wh/APP.SALES', 'wh/APP.REGIONS']);
  await coordination.parts.learn('wh/APP.W', ['wh/APP.REGIONS']);
  const { tick, reached } = await mark('table:wh/APP.SALES', mode);
  expect(reached).toEqual(['table:wh/APP.V']);
  const field = mode === 'purge' ? 'purge' : mode;
  expect((await seenAt('table:wh/APP.SALES'))[field]).toBe(tick);
  expect((await seenAt('table:wh/APP.V'))[field]).toBeGreaterThan(tick);
  expect((await seenAt('table:wh/APP.W'))[field]).toBe(0);
});

test('what a table and its views were marked with is on the store before it is acknowledged, unless it is soft', async () => {
  await coordination.parts.learn('wh/APP.V', ['wh/APP.SALES']);
  await mark('table:wh/APP.SALES', 'soft');
  expect(await store.epochs.scopeMarks()).toEqual([]);
  const { tick } = await mark('table:wh/APP.SALES', 'purge');
  const marks = (await store.epochs.scopeMarks()).toSorted((a, b) => a.hard - b.hard);
  expect(marks).toEqual([
    { target: 'table:wh/APP.SALES', hard: tick, purge: tick },
    { target: 'table:wh/APP.V', hard: tick + 1, purge: tick + 1 },
  ]);
});

test('a table with more readers than can be told apart takes the whole source with it', async () => {
  for (let i = 0; i <= READERS_MAX; i += 1) await coordination.parts.learn(`wh/APP.V${i}`, ['wh/APP.SALES']);
  expect((await mark('table:wh/APP.SALES', 'hard')).reached).toEqual(['source:wh']);
});

test('keys, datasets and sources reach nothing but themselves', async () => {
  for (const target of ['key:k', 'dataset:d', 'source:wh']) expect((await mark(target, 'hard')).reached).toEqual([]);
});

test.each(['soft', 'hard', 'purge'] as const)(
  '%s on a dataset reaches what others that ask the same had loaded',
  async (mode) => {
    await coordination.reconciler.completePass(1);
    for (const dataset of ['prices', 'quotes', 'orders'])
      await filled(`${dataset}-0`, { dataset, scopes: [`dataset:${dataset}`, 'source:wh'] });
    await leased('first-0', ['dataset:quotes', 'source:wh']);
    const alike = (dataset: string) => (dataset === 'orders' ? ['orders'] : ['quotes', 'prices']);
    const done = await invalidate('dataset:prices', mode, { ...deps(), alike });
    expect(done).toMatchObject({ reached: ['dataset:quotes'], entries: 2, fills: 1 });
    expect((await seenAt('dataset:quotes'))[mode]).toBeGreaterThan(done.tick);
    expect((await seenAt('dataset:orders'))[mode]).toBe(0);
    const marks = await store.epochs.scopeMarks();
    expect(marks.map(({ target }) => target).toSorted()).toEqual(
      mode === 'soft' ? [] : ['dataset:prices', 'dataset:quotes'],
    );
    if (mode === 'purge')
      for (const [key, purged] of [
        ['quotes-0', true],
        ['orders-0', false],
      ] as const)
        expect([key, (await store.marks.readMark(key)) !== null]).toEqual([key, purged]);
  },
);

test.each(['dataset:prices', `key:${KEY}`])(
  'a hard mark of %s counts in the epoch that another process opened while the store kept it',
  async (target) => {
    const other = new MemoryCoordination(redis);
    const raiseMark: StoreMarks['raiseMark'] = async (mark) => {
      if (redis.state.runId === 'run-1') {
        redis.restart('run-2', emptyState('run-2'));
        await epochsOf(other).open();
        await other.reconciler.apply({ key: KEY, epoch: 2, newest: null, others: [], mark: null });
      }
      await store.marks.raiseMark(mark);
    };
    await invalidate(target, 'hard', { ...deps(), marks: { ...store.marks, raiseMark } });
    const { seen } = await other.heads.look({ key: KEY, scopes: ['dataset:prices'], probeTargets: [] }, null);
    expect(epochOf(seen.hard)).toBe(2);
  },
);

describe('what an invalidation concerns', () => {
  beforeEach(async () => {
    await coordination.reconciler.completePass(1);
    await filled('prices_a-0', { scopes: ['dataset:prices', 'source:wh', 'table:wh/APP.SALES'] });
    await filled('prices_b-0', { scopes: ['dataset:prices', 'source:wh', 'table:wh/APP.V'] });
    await filled('orders-0', { dataset: 'orders', scopes: ['dataset:orders', 'source:wh'] });
    await filled('elsewhere-0', { dataset: null, source: 'lake', scopes: ['source:lake'] });
    await coordination.parts.learn('wh/APP.V', ['wh/APP.SALES']);
  });

  test.each([
    ['key:prices_a-0', { entries: 1, fills: 0 }],
    ['key:nothing-0', { entries: 0, fills: 0 }],
    ['dataset:prices', { entries: 2, fills: 1 }],
    ['dataset:nothing', { entries: 0, fills: 0 }],
    ['source:wh', { entries: 3, fills: 1 }],
    ['table:wh/APP.SALES', { entries: 2, fills: 1 }],
    ['table:wh/APP.V', { entries: 1, fills: 0 }],
  ])('%s is counted: %j', async (target, counts) => {
    await leased('prices_first-0', ['dataset:prices', 'source:wh', 'table:wh/APP.SALES']);
    for (const mode of ['soft', 'hard', 'purge'] as const) expect(await mark(target, mode)).toMatchObject(counts);
  });

  test('a fill that begins after it is not', async () => {
    expect(await mark('dataset:prices', 'hard')).toMatchObject({ fills: 0 });
    await leased('prices_first-0', ['dataset:prices']);
    expect(await mark('dataset:prices', 'hard')).toMatchObject({ fills: 1 });
  });

  test('nor one that begins before it is counted', async () => {
    const { list } = coordination.leases;
    let lists = 0;
    const leases = {
      list: async () => {
        if ((lists += 1) > 1) await leased('prices_first-0', ['dataset:prices']);
        return await list();
      },
    };
    expect(await invalidate('dataset:prices', 'hard', { ...deps(), leases })).toMatchObject({ fills: 0 });
  });

  test('a load that the mark ends at once is counted, one that begins just before it too, and none that comes after it', async () => {
    const scopes = ['dataset:first', 'source:wh'];
    const claim = { key: 'first_a-0', fillId: 'first', holder: 'w', ttlMs: 1000, scopes };
    const fence = await leased(claim.key, scopes, claim.fillId);
    const ticks: Ticks = {
      ...coordination.ticks,
      invalidate: async (target, mode) => {
        await leased('first_b-0', scopes);
        const tick = await coordination.ticks.invalidate(target, mode);
        expect(await coordination.leases.renew(claim, fence)).toBe(false);
        await filled(claim.key, { dataset: 'first', scopes, fillId: 'again' });
        return tick;
      },
    };
    const purged = await invalidate('dataset:first', 'purge', { ...deps(), ticks });
    expect(purged).toMatchObject({ entries: 0, fills: 2 });
    const { head } = await coordination.heads.look({ key: claim.key, scopes, probeTargets: [] }, null);
    expect(head?.fillId).toBe('again');
  });

  test('a purge of a scope purges each of its entries, durably', async () => {
    await mark('table:wh/APP.SALES', 'purge');
    const { purge: tick } = await seenAt('table:wh/APP.V');
    for (const [key, purged] of Object.entries({ 'prices_a-0': true, 'prices_b-0': true, 'orders-0': false })) {
      const { head, seen } = await coordination.heads.look({ key, scopes: [], probeTargets: [] }, null);
      expect([head === null, seen.purge]).toEqual([purged, purged ? tick : 0]);
      expect((await store.marks.readMark(key))?.purge ?? 0).toBe(purged ? seen.purge : 0);
    }
  });
});

test('what began to load after a scope was purged goes on while its entries are marked one by one', async () => {
  await coordination.reconciler.completePass(1);
  await filled('prices_a-0', { scopes: ['dataset:prices', 'source:wh'] });
  const list: Entries['list'] = async (filter) => {
    const page = await deps().entries.list(filter);
    await filled('prices_a-0', { scopes: ['dataset:prices', 'source:wh'], fillId: 'later' });
    return page;
  };
  const { tick, entries } = await invalidate('dataset:prices', 'purge', { ...deps(), entries: { list } });
  const { head } = await coordination.heads.look({ key: 'prices_a-0', scopes: [], probeTargets: [] }, null);
  expect({ entries, fillId: head?.fillId }).toEqual({ entries: 1, fillId: 'later' });
  expect(await store.marks.readMark('prices_a-0')).toMatchObject({ hard: tick, purge: tick });
});

test('a purge of a scope reaches keys of the store that Redis was not compared with yet', async () => {
  for (const key of [KEY, OTHER_KEY]) await publishGeneration(store, { key, fence: 17, fillId: 'f' });
  scopesByKey.set(KEY, ['dataset:prices', 'source:wh']);
  expect(await mark('dataset:prices', 'hard')).toMatchObject({ entries: 0 });
  const { tick, entries } = await mark('dataset:prices', 'purge');
  expect(entries).toBe(1);
  expect(await store.marks.readMark(KEY)).toMatchObject({ hard: tick, purge: tick });
  expect(await store.marks.readMark(OTHER_KEY)).toBeNull();
});

describe('a prefix', () => {
  const prefix = (text: string, mode: InvalidateMode, concerns: (key: PrefixedKey) => boolean = () => true) =>
    invalidatePrefix(text, mode, { ...deps(), concerns });

  test('concerns entries and loads under way, first ones included, each marked by its key', async () => {
    await coordination.reconciler.completePass(1);
    await filled('prices_a-0');
    await filled('orders-0');
    const fence = await leased('prices_first-0', ['dataset:prices', 'source:wh']);
    const { entries, fills, marks } = await prefix('prices', 'purge');
    expect({ entries, fills }).toEqual({ entries: 1, fills: 1 });
    expect(marks.map(({ target }) => target).toSorted()).toEqual(['key:prices_a-0', 'key:prices_first-0']);
    const claim = { key: 'prices_first-0', fillId: 'fill-prices_first-0', holder: 'w', ttlMs: 1000, scopes: [] };
    expect(await coordination.leases.renew(claim, fence)).toBe(false);
  });

  test('concerns what its caller may see, by the dataset of entry or load', async () => {
    await coordination.reconciler.completePass(1);
    await filled('prices_a-0');
    await leased('prices_first-0', ['dataset:orders', 'source:wh']);
    const own = ({ dataset }: PrefixedKey): boolean => dataset === 'orders';
    expect(await prefix('prices', 'hard', own)).toMatchObject({ entries: 0, fills: 1 });
  });

  test('reaches keys of the store that Redis was not compared with yet', async () => {
    await publishGeneration(store, { key: KEY, fence: 17, fillId: 'f' });
    const known = ({ dataset }: PrefixedKey): boolean => dataset !== undefined;
    expect(await prefix('prices', 'hard', known)).toMatchObject({ entries: 0, marks: [] });
    expect(await prefix('prices', 'hard')).toMatchObject({ entries: 1, marks: [{ target: `key:${KEY}` }] });
    expect((await store.marks.readMark(KEY))?.hard).toBeGreaterThan(17);
  });
});

async function leased(key: string, scopes: readonly string[], fillId = `fill-${key}`): Promise<number> {
  const claim = { key, fillId, holder: 'w', ttlMs: 1000, scopes };
  const grant = await coordination.leases.acquire(claim);
  if (grant.kind !== 'granted') throw new Error(grant.kind);
  return grant.fence;
}

async function filled(
  key: string,
  {
    dataset = 'prices',
    source = 'wh',
    scopes = [],
    fillId = `fill-${key}`,
  }: {
    readonly dataset?: string | null;
    readonly source?: string;
    readonly scopes?: readonly string[];
    readonly fillId?: string;
  } = {},
): Promise<void> {
  const fence = await leased(key, scopes, fillId);
  scopesByKey.set(key, scopes);
  const described = { version: 'checksum:a', sha256: 'ab', bytes: 1, rows: 1, consistency: 'exact' } as const;
  await coordination.heads.commit({ key, fence, fillId, source, dataset, scopes, startedAtMs: 1, ...described });
  await coordination.leases.release({ key, fillId, holder: 'w', ttlMs: 1000, scopes }, fence);
}

function deps(): InvalidateDeps {
  const { ticks, parts, heads, leases, retirement } = coordination;
  const { marks, directories, reader } = store;
  const list: Entries['list'] = async ({ prefix, dataset, alike = [] }) => ({
    next: null,
    entries: [...redis.state.keys].flatMap(([key, { head }]) =>
      head !== null && key.startsWith(prefix) && (dataset === null || [dataset, ...alike].includes(head.dataset ?? ''))
        ? [{ key, head, lastReadAtMs: null }]
        : [],
    ),
  });
  const scopesOf = async ({ key }: { readonly key: string }) => scopesByKey.get(key) ?? [];
  return { ticks, parts, heads, leases, retirement, marks, directories, reader, epochs, entries: { list }, scopesOf };
}

function mark(target: string, mode: InvalidateMode) {
  return invalidate(target, mode, deps());
}

async function seenAt(scope: string) {
  return (await coordination.heads.look({ key: 'any', scopes: [scope], probeTargets: [] }, null)).seen;
}

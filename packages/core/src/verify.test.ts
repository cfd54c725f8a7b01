/** What the full check finds, and that what it marked stays marked, on the memory ports. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ParqueueError } from './model/errors.ts';
import { epochStart, type Tick } from './model/ticks.ts';
import { shardOf } from './model/cache-key.ts';
import { reconcileKey } from './rebuild.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { KEY, OTHER_KEY, publishGeneration } from './testing/store-fixtures.ts';
import { verifyStore, type VerifyDeps, type VerifyOptions, type VerifyReport } from './verify.ts';

const OLDER = epochStart(1) + 5;
const NEWEST = epochStart(1) + 8;

let store: MemoryStore;
let coordination: MemoryCoordination;

beforeEach(async () => {
  store = new MemoryStore({ storeId: 'verify' });
  coordination = new MemoryCoordination(new MemoryRedis({ now: () => 1_000_000 }));
  await openEpoch({ ports: coordination, storeId: 'verify' }, 2);
  for (const fence of [OLDER, NEWEST]) await publish(KEY, fence);
  await publish(OTHER_KEY, NEWEST);
  for (const key of [KEY, OTHER_KEY]) await reconcile(key);
});

describe('a full check', () => {
  test('of heads reads each head once and nothing else; of all, what was replaced too', async () => {
    expect(await verify()).toMatchObject({ keys: 2, generations: 2, findings: [] });
    expect(await verify({ generations: 'all' })).toMatchObject({ keys: 2, generations: 3, findings: [] });
    expect(await verify({ key: KEY, generations: 'all' })).toMatchObject({ keys: 1, generations: 2 });
  });

  test('goes on at the shard it is told, tells which it is at, and each finding at once', async () => {
    const shards: string[] = [];
    store.corruptPart(KEY, NEWEST);
    const findings: string[] = [];
    const onProgress: VerifyOptions['onProgress'] = ({ shard }) => void shards.push(shard);
    const told = { onProgress, onFinding: ({ key }: { readonly key: string }) => void findings.push(key) };
    expect(await verify({ ...told, from: shardOf(KEY) })).toMatchObject({ findings: [{ key: KEY }] });
    expect(findings).toEqual([KEY]);
    expect([shards[0], shards.at(-1)]).toEqual([shardOf(KEY), 'ff']);
    const after = (parseInt(shardOf(KEY), 16) + 1).toString(16).padStart(2, '0');
    expect((await verify({ ...told, from: after })).findings).toEqual([]);
  });

  test('of a key that is nowhere finds nothing, and lists no directory, which would make it', async () => {
    const listed: string[] = [];
    const { keys, list } = store.directories;
    const directories = {
      keys: keys.bind(store.directories),
      list: async (key: string) => (listed.push(key), await list(key)),
    };
    const nowhere = `sales-${'0'.repeat(32)}`;
    expect(await verify({ key: nowhere }, coordination.heads, directories)).toMatchObject({
      generations: 0,
      findings: [],
    });
    expect(listed).toEqual([]);
    expect(await verify({ key: KEY }, coordination.heads, directories)).toMatchObject({ generations: 1 });
    expect(listed, 'Redis names the head').toEqual([]);
    expect(await verify({ key: KEY }, null, directories)).toMatchObject({ generations: 1 });
    expect(listed).toEqual([KEY]);
  });

  test('of a head that was replaced and collected while it was looked for finds nothing', async () => {
    const gone = epochStart(1) + 7;
    const { heads } = coordination;
    let looks = 0;
    const look: typeof heads.look = async (...asked) => {
      const found = await heads.look(...asked);
      looks += 1;
      return looks > 1 || found.head === null ? found : { ...found, head: { ...found.head, fence: gone } };
    };
    const raced = { look, markDamaged: heads.markDamaged.bind(heads) } as unknown as typeof heads;
    expect(await verify({ key: KEY }, raced)).toMatchObject({ findings: [] });
    expect(looks).toBe(2);
  });

  test('marks a head with flipped bits, so that it is a miss in Redis and damaged for every reader', async () => {
    store.corruptPart(KEY, NEWEST, 'flip');
    expect((await store.reader.inspect(KEY, NEWEST)).kind, 'the cheap check cannot know').toBe('whole');
    const { findings } = await verify();
    expect(findings).toEqual([
      {
        key: KEY,
        fence: NEWEST,
        head: true,
        kind: 'damaged',
        reason: 'the part does not match its hash',
        marked: ['redis', 'store'],
      },
    ]);
    expect((await headOf(KEY))?.damaged).toBe('the part does not match its hash');
    expect((await store.reader.inspect(KEY, NEWEST)).kind).toBe('damaged');
  });

  test('of all finds a damaged generation that is not the head, and leaves the head alone', async () => {
    store.corruptPart(KEY, OLDER, 'flip');
    expect((await verify()).findings).toEqual([]);
    expect((await verify({ generations: 'all' })).findings).toMatchObject([
      { fence: OLDER, head: false, marked: ['store'] },
    ]);
    expect((await headOf(KEY))?.damaged).toBeNull();
  });

  test('finds a head whose files are gone', async () => {
    await store.directories.moveToTrash({ key: KEY, fence: NEWEST });
    expect((await verify()).findings).toMatchObject([{ key: KEY, kind: 'absent', head: true, marked: ['redis'] }]);
    expect((await headOf(KEY))?.damaged).toBe('its files are gone');
  });

  test('calls nothing damaged that gc took away meanwhile', async () => {
    store.beforeOperation = async (name, { fence }) => {
      if (name !== 'verify' || fence !== OLDER) return;
      store.beforeOperation = null;
      await store.directories.moveToTrash({ key: KEY, fence: OLDER });
    };
    expect((await verify({ key: KEY, generations: 'all' })).findings).toEqual([]);
  });

  test('goes on behind a file that cannot be read, and marks nothing for it', async () => {
    store.beforeOperation = async (name, { key }) => {
      if (name === 'verify' && key === KEY) throw new ParqueueError('PQ_STORE_IO', 'EIO');
    };
    const report = await verify();
    expect(report).toMatchObject({ keys: 2, generations: 1, findings: [{ key: KEY, kind: 'unreadable', marked: [] }] });
    expect((await headOf(KEY))?.damaged).toBeNull();
  });

  test('ends when it is told to', async () => {
    const stop = new AbortController();
    stop.abort(new Error('Ctrl-C'));
    await expect(verify({ signal: stop.signal })).rejects.toThrow('Ctrl-C');
  });
});

describe('without Redis', () => {
  test('the newest generation of a key is checked, and marked on the store alone', async () => {
    store.corruptPart(KEY, NEWEST, 'flip');
    const { findings, generations } = await verify({}, null);
    expect(generations).toBe(2);
    expect(findings).toMatchObject([{ key: KEY, fence: NEWEST, head: true, marked: ['store'] }]);
  });

  test('what was marked is not taken for whole by the rebuilding that follows', async () => {
    store.corruptPart(KEY, NEWEST, 'flip');
    await verify({}, null);
    coordination = new MemoryCoordination(new MemoryRedis({ now: () => 2_000_000 }));
    await openEpoch({ ports: coordination, storeId: 'verify' }, 3);
    await reconcile(KEY);
    expect((await headOf(KEY))?.fence).toBe(OLDER);
  });
});

async function publish(key: string, fence: Tick): Promise<void> {
  await publishGeneration(store, { key, fence, fillId: `f${fence}` });
}

async function verify(
  options: Partial<VerifyOptions> = {},
  heads: MemoryCoordination['heads'] | null = coordination.heads,
  directories: VerifyDeps['directories'] = store.directories,
): Promise<VerifyReport> {
  const { reader } = store;
  return await verifyStore(
    { reader, directories, heads, onStep: () => undefined },
    { key: null, generations: 'heads', signal: new AbortController().signal, onProgress: () => undefined, ...options },
  );
}

async function reconcile(key: string): Promise<void> {
  const { reconciler, ticks, parts } = coordination;
  const { directories, reader } = store;
  await reconcileKey(key, { reconciler, ticks, parts, directories, reader, onStep: () => undefined });
}

async function headOf(key: string) {
  return (await coordination.heads.look({ key, scopes: [], probeTargets: [] }, null)).head;
}

/** A store of format 1, made by hand as its release left it, becomes one of this release's: whole, once, by anybody. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FaultyFiles, type FaultPoint } from '../testing/faulty-files.ts';
import { nodeFiles } from './files.ts';
import { STORE_FORMAT } from './format.ts';
import type { Migration, MigrationProgress } from './migrate.ts';
import { openStore, type OpenStoreOptions } from './open-store.ts';

const STORE_ID = '0123456789abcdef0123456789abcdef';
const KEYS = ['00', '00', '7f', 'ff'].map((shard, at) => `orders-${shard}${String(at).repeat(30)}`);
const fileMode = 0o640;

interface OldStore extends AsyncDisposable {
  readonly root: string;
  readonly open: (options?: Partial<OpenStoreOptions>) => Promise<readonly MigrationProgress[]>;
  readonly identity: () => Promise<unknown>;
  readonly head: (key: string) => Promise<Readonly<Record<string, unknown>>>;
}

/** What release 0.1 wrote before format 2: an identity without `needs`, head.json without `file`. */
async function oldStore(): Promise<OldStore> {
  const root = await mkdtemp(join(tmpdir(), 'parqueue-migrate-'));
  for (const name of ['entries', 'epochs', 'trash', 'not-before']) await mkdir(join(root, name));
  await writeFile(join(root, 'parqueue.json'), `{"storeFormat":1,"storeId":"${STORE_ID}"}\n`);
  for (const key of KEYS) {
    const directory = join(root, 'entries', key.slice(7, 9), key);
    await mkdir(join(directory, 'staging'), { recursive: true });
    await writeFile(join(directory, 'head.json'), `${JSON.stringify(oldHead(key))}\n`);
  }
  return {
    root,
    open: async (options = {}) => {
      const told: MigrationProgress[] = [];
      await openStore({ root, fileMode, onMigration: (progress) => told.push(progress), ...options });
      return told;
    },
    identity: async () => JSON.parse(await readFile(join(root, 'parqueue.json'), 'utf8')) as unknown,
    head: async (key) =>
      JSON.parse(await readFile(join(root, 'entries', key.slice(7, 9), key, 'head.json'), 'utf8')) as Readonly<
        Record<string, unknown>
      >,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** Opens the store in a process of its own and kills that at the point. @returns the signal it ended by; null: it ended by itself */
async function killedAt(root: string, point: FaultPoint): Promise<NodeJS.Signals | null> {
  const built = new URL('../../dist/testing/migrating.child.js', import.meta.url);
  const child = fork(built, [root, JSON.stringify(point)], { execArgv: [] });
  child.once('message', (news) => news === 'reached' && child.kill('SIGKILL'));
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal;
}

/** Every file with its text; without what lies in trash and waits to be removed. */
async function filesOf(root: string): Promise<Readonly<Record<string, string>>> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const files = found.map((entry) => [join(entry.parentPath, entry.name), entry.isFile()] as const);
  const kept = files.filter(([path]) => !path.startsWith(join(root, 'trash', '/')));
  const texts = await Promise.all(
    kept.map(async ([path, isFile]) => [path.slice(root.length), isFile ? await readFile(path, 'utf8') : 'a folder']),
  );
  return Object.fromEntries(texts) as Record<string, string>;
}

function oldHead(key: string): Readonly<Record<string, unknown>> {
  return { key, fence: 1000000000042, version: 'sha256:ab', sha256: 'ab', verified: 1000000000050, verifiedAtMs: 1 };
}

const FILE = 'g1000000000042/part-000.parquet';
const migrated = { storeFormat: STORE_FORMAT, needs: 1, storeId: STORE_ID };

describe('a store of format 1', () => {
  test('is brought to this format by opening it, and keeps its id and all that stood in its files', async () => {
    await using store = await oldStore();
    const told = await store.open();
    expect(await store.identity()).toEqual(migrated);
    for (const key of KEYS) expect(await store.head(key)).toEqual({ ...oldHead(key), file: FILE });
    expect(told.at(-1)).toMatchObject({ state: 'done', to: STORE_FORMAT, shardsDone: 256, changed: KEYS.length });
    expect((await readdir(store.root)).filter((name) => name.startsWith('migration'))).toEqual([]);
    expect(await store.open(), 'the second opening has nothing to do').toEqual([]);
  });

  test('tells where it is when it begins, now and then, and when it is done', async () => {
    const told = async (stepMs: number) => {
      await using store = await oldStore();
      let atMs = 0;
      const all = await store.open({ now: () => (atMs += stepMs) });
      return all.map(({ state, shardsDone }) => [state, shardsDone]);
    };
    expect(await told(0)).toEqual([
      ['working', 0],
      ['done', 256],
    ]);
    expect((await told(5000)).length, 'every sixteenth shard, and each that holds something').toBe(19);
  });

  test('keeps a head.json that is not of its key, or cannot be read, as it is', async () => {
    await using store = await oldStore();
    const [first = '', second = '', third = ''] = KEYS;
    const strange = { [first]: JSON.stringify(oldHead(second)), [second]: '{"key"', [third]: '{"fence":-1}' };
    const pathOf = (key: string): string => join(store.root, 'entries', key.slice(7, 9), key, 'head.json');
    for (const [key, text] of Object.entries(strange)) await writeFile(pathOf(key), text);
    expect((await store.open()).at(-1)).toMatchObject({ state: 'done', changed: 1 });
    for (const [key, text] of Object.entries(strange)) expect(await readFile(pathOf(key), 'utf8')).toBe(text);
  });

  test('is left alone by those who only look', async () => {
    await using store = await oldStore();
    await expect(store.open({ older: 'refuse' })).rejects.toMatchObject({ code: 'PQ_CONFIG' });
    expect(await store.identity()).toEqual({ storeFormat: 1, storeId: STORE_ID });
    expect(await store.head(KEYS[0] ?? '')).toEqual(oldHead(KEYS[0] ?? ''));
  });

  test('is migrated once by many that open it at the same time', async () => {
    await using store = await oldStore();
    const all = await Promise.all(Array.from({ length: 6 }, () => store.open()));
    expect(await store.identity()).toEqual(migrated);
    expect(all.filter((told) => told.at(-1)?.state === 'done')).toHaveLength(1);
    for (const key of KEYS) expect(await store.head(key)).toMatchObject({ file: FILE });
  });

  test('half migrated by a process that died is finished by the next one, from where that one was', async () => {
    await using store = await oldStore();
    const files = new FaultyFiles(nodeFiles);
    files.fail({ operation: 'rename', path: '/7f/' }, 'EIO');
    await expect(store.open({ files })).rejects.toMatchObject({ code: 'PQ_STORE_IO' });
    expect(await store.identity(), 'the format is switched last').toEqual({ storeFormat: 1, storeId: STORE_ID });
    const looks = { slept: 0 };
    const told = await store.open({
      sleep: async () => {
        looks.slept += 1;
      },
    });
    expect(looks.slept, 'a claim is believed until its progress has not moved for a minute').toBe(60);
    expect(told.at(-1)).toMatchObject({ state: 'done', changed: 2 });
    expect(await store.identity()).toEqual(migrated);
    for (const key of KEYS) expect(await store.head(key)).toMatchObject({ file: FILE });
  });

  test('killed again and again while it is migrated, and migrated then, is what one that nobody killed is', async () => {
    await using store = await oldStore();
    await using calm = await oldStore();
    await calm.open();
    const points: readonly FaultPoint[] = [
      { operation: 'rename', path: 'head.json', skip: 1 },
      { operation: 'rename', path: '/2/progress.json', skip: 1 },
      { operation: 'fsync', path: '/7f/' },
      { operation: 'rename', path: 'head.json' },
      { operation: 'rename', path: 'parqueue.json' },
      { operation: 'rename', path: 'migration-2.' },
    ];
    for (const point of points) expect(await killedAt(store.root, point), JSON.stringify(point)).toBe('SIGKILL');
    expect(await store.identity(), 'the last one was switched already').toEqual(migrated);
    expect(await filesOf(store.root)).not.toEqual(await filesOf(calm.root));
    expect(await store.open(), 'there is nothing left to migrate').toEqual([]);
    expect(await filesOf(store.root)).toEqual(await filesOf(calm.root));
  });

  test('is left by a holder that slept and was taken over, and no harm is done', async () => {
    await using store = await oldStore();
    const files = new FaultyFiles(nodeFiles);
    const gate = files.gate({ operation: 'rename', path: '/7f/' });
    const sleeper = store.open({ files, sleep: async () => undefined });
    await gate.reached;
    await store.open({ sleep: async () => undefined });
    expect(await store.identity()).toEqual(migrated);
    gate.open();
    const told = await sleeper;
    expect(told.some(({ state }) => state === 'done')).toBe(false);
    expect(await store.identity()).toEqual(migrated);
    for (const key of KEYS) expect(await store.head(key)).toMatchObject({ file: FILE });
  });
});

describe('formats to come', () => {
  test('steps run one after the other, and what they ask of releases is written down', async () => {
    await using store = await oldStore();
    const seen: string[] = [];
    const step = (to: number, needs: number): Migration => ({
      to,
      needs,
      what: `step ${to}`,
      migrateKey: async (_disk, key) => {
        seen.push(`${to} ${key}`);
        return true;
      },
    });
    await store.open({ migrations: [step(3, 3), step(2, 1)] });
    expect(seen).toEqual([2, 3].flatMap((to) => KEYS.map((key) => `${to} ${key}`)));
    expect(await store.identity()).toEqual({ storeFormat: 3, needs: 3, storeId: STORE_ID });
  });

  test('a store that needs a later release is refused, told what to do, and not touched', async () => {
    await using store = await oldStore();
    await writeFile(join(store.root, 'parqueue.json'), `{"storeFormat":9,"needs":9,"storeId":"${STORE_ID}"}\n`);
    await expect(store.open()).rejects.toThrow(
      /needs a release of Parqueue that understands format 9.*run the release/,
    );
    await writeFile(join(store.root, 'parqueue.json'), `{"storeFormat":9,"storeId":"${STORE_ID}"}\n`);
    await expect(store.open()).rejects.toMatchObject({ code: 'PQ_CONFIG' });
    await expect(access(join(store.root, 'migration-2'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a later store that only added something is used as it is: an upgrade can be taken back', async () => {
    await using store = await oldStore();
    const later = { storeFormat: 9, needs: STORE_FORMAT, storeId: STORE_ID };
    await writeFile(join(store.root, 'parqueue.json'), JSON.stringify(later));
    expect(await store.open()).toEqual([]);
    expect(await store.identity()).toEqual(later);
  });
});

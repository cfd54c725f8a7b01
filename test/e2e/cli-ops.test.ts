/** The commands an operator has, beside a running `up` and without it: what they find, mark, tell and exit with. */
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectRedis } from '@parqueue/core/redis';
import { CliStage, type Server } from './cli-stage.ts';

let stage: CliStage;
let server: Server;

beforeAll(async () => {
  stage = new CliStage();
  await stage.init();
  await stage.run(['generate', 'data/orders.parquet', '--rows', '2000']);
  server = await stage.up();
});
afterAll(async () => {
  await stage.endAll();
});

interface Got {
  readonly key: string;
  readonly generation: number;
  readonly cacheStatus: string;
}

async function json<T>(...args: readonly string[]): Promise<T & { readonly exit: number | null }> {
  const { exit, out, err } = await stage.run([...args, '--json'], { PARQUEUE_URL: server.url });
  if (out === '') throw new Error(err);
  return { ...(JSON.parse(out) as T), exit };
}

const get = async (): Promise<Got> => await json<Got>('get', 'orders', '-o', 'out.parquet');

function partOf({ key, generation }: Got): string {
  const shard = /-([0-9a-f]{2})[0-9a-f]{30}$/.exec(key)?.[1] ?? '';
  return join(stage.folder, 'var/store/entries', shard, key, `g${generation}`, 'part-000.parquet');
}

/** One bit, and the time as it was: what a disk does, and no check of size and time can see. */
function decay(path: string): void {
  const { mode } = statSync(path);
  const reference = `${path}.time`;
  execFileSync('touch', ['-r', path, reference]);
  const bytes = readFileSync(path);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  chmodSync(path, 0o640);
  writeFileSync(path, bytes);
  chmodSync(path, mode);
  execFileSync('touch', ['-r', reference, path]);
  execFileSync('rm', [reference]);
}

/** The one that `up` brought along, reached as commands reach it. */
function embeddedRedis(): ReturnType<typeof connectRedis> & AsyncDisposable {
  const text = readFileSync(join(stage.folder, 'var/redis/address.json'), 'utf8');
  const { port, password } = JSON.parse(text) as { port: number; password: string };
  const redis = connectRedis({ url: `redis://:${password}@127.0.0.1:${port}` }, 'worker');
  return Object.assign(redis, { [Symbol.asyncDispose]: async () => redis.disconnect() });
}

interface Doctor {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly area: string;
    readonly name: string;
    readonly status: string;
    readonly todo?: string;
  }[];
}

function statusOf({ checks }: Doctor, area: string, name: string): string | undefined {
  return checks.find((check) => check.area === area && check.name === name)?.status;
}

describe('beside a running up', () => {
  test('doctor finds its Redis and its processes, and that all is well', async () => {
    await get();
    // The first comparison with the store goes on beside what is asked.
    const compared = async (): Promise<void> =>
      expect(statusOf(await json<Doctor>('doctor'), 'work', 'epoch')).toBe('ok');
    await vi.waitFor(compared, { timeout: 40_000, interval: 500 });
    const report = await json<Doctor>('doctor');
    expect(report.checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect([report.ok, report.exit]).toEqual([true, 0]);
    for (const [area, name] of [
      ['redis', 'reachable'],
      ['store', 'commits'],
      ['store', 'same files'],
      ['cluster', 'workers'],
      ['cluster', 'APIs'],
      ['cluster', 'config'],
      ['work', 'epoch'],
      ['source files', 'orders'],
    ] as const)
      expect(statusOf(report, area, name), `${area}: ${name}`).toBe('ok');
    const text = await stage.run(['doctor', '--source', 'files']);
    expect([text.exit, text.out]).toEqual([0, expect.stringMatching(/^source files\n +ok +connection/m) as string]);
  });

  test('doctor leaves a paused source alone, and asks it where it is named', async () => {
    const post = async (what: string): Promise<Response> =>
      await fetch(`${server.url}/v1/sources/files/${what}`, { method: 'POST' });
    await post('pause');
    const report = await json<Doctor>('doctor');
    expect(statusOf(report, 'work', 'paused')).toBe('warn');
    expect(report.checks.filter(({ area }) => area === 'source files')).toMatchObject([{ status: 'skipped' }]);
    expect(statusOf(await json<Doctor>('doctor', '--source', 'files'), 'source files', 'orders')).toBe('ok');
    await post('resume');
  });

  test('doctor goes on behind a Redis that answers and refuses to write', async () => {
    await using redis = embeddedRedis();
    await redis.config('SET', 'min-replicas-to-write', '1');
    const report = await json<Doctor>('doctor');
    await redis.config('SET', 'min-replicas-to-write', '0');
    const areas = [statusOf(report, 'redis', 'commands'), statusOf(report, 'store', 'commits')];
    expect([report.exit, ...areas, statusOf(report, 'source files', 'orders')]).toEqual([1, 'fail', 'ok', 'ok']);
  });

  test('verify finds a flipped bit, and the next ask loads the entry again', async () => {
    const before = await get();
    expect(await json('verify')).toMatchObject({ ok: true, exit: 0, generations: 1, redis: true });
    decay(partOf(before));
    const served = await fetch(`${server.url}/v1/datasets/orders.parquet`);
    expect(served.headers.get('parqueue-generation'), 'the server cannot notice').toBe(String(before.generation));
    await served.body?.cancel();
    const found = await stage.run(['verify']);
    expect([found.exit, found.out]).toEqual([
      1,
      expect.stringMatching(/^DAMAGED {2}orders-.*does not match its hash \(marked: redis, store\)/) as string,
    ]);
    const after = await get();
    expect(after.generation).toBeGreaterThan(before.generation);
    expect(await json('verify', '--entry', after.key)).toMatchObject({ ok: true, exit: 0 });
    expect(await json('verify', '--all')).toMatchObject({
      exit: 1,
      findings: [{ head: false, fence: before.generation }],
    });
  });

  test('gc says what it would remove, and waits while readers may hold what Redis forgot', async () => {
    expect(await json('gc', '--dry-run')).toMatchObject({
      exit: 0,
      dryRun: true,
      waitingFor: 'pins-of-the-last-epoch',
      items: [],
    });
    expect((await stage.run(['gc'])).out).toContain('nothing is removed yet');
  });

  test('rebuild opens an epoch in which everything is there again, and verified before it is answered', async () => {
    const before = await get();
    const { epoch, restored } = await json<{ epoch: number; restored: number }>('rebuild');
    expect([epoch, restored]).toEqual([2, 1]);
    const after = await get();
    expect([after.generation, after.cacheStatus]).toEqual([
      before.generation,
      expect.stringContaining('revalidated') as string,
    ]);
  });

  test('verify goes on at the shard that an interrupted one told', async () => {
    expect(await json('verify', '--from', '00')).toMatchObject({ keys: 1 });
    expect(await json('verify', '--from', 'ff')).toMatchObject({ keys: 0, findings: [] });
    expect((await stage.run(['verify', '--from', '1'])).exit).toBe(2);
  });

  test('an unknown key is not found, an unknown source either', async () => {
    expect((await stage.run(['verify', '--entry', `orders-${'0'.repeat(32)}`])).exit).toBe(3);
    const { exit, err } = await stage.run(['doctor', '--source', 'nope']);
    expect([exit, err]).toEqual([3, expect.stringContaining('PQ_UNKNOWN_SOURCE') as string]);
  });
});

describe('when it is stopped', () => {
  test('verify goes on without Redis, and the others say what they need', async () => {
    const last = await get();
    expect(await server.stop()).toBe(0);
    const { exit, out, err } = await stage.run(['verify', '--json']);
    expect([exit, JSON.parse(out), err]).toEqual([
      0,
      expect.objectContaining({ ok: true, redis: false, generations: 1 }) as object,
      expect.stringContaining('without Redis') as string,
    ]);
    decay(partOf(last));
    expect((await stage.run(['verify'])).out).toContain('(marked: store)');
    for (const command of ['gc', 'rebuild']) {
      const refused = await stage.run([command]);
      expect([command, refused.exit, refused.err]).toEqual([
        command,
        4,
        expect.stringContaining('PQ_COORDINATION_DOWN') as string,
      ]);
    }
    const report = await json<Doctor>('doctor');
    expect([report.exit, statusOf(report, 'redis', 'reachable'), statusOf(report, 'store', 'commits')]).toEqual([
      1,
      'fail',
      'ok',
    ]);
  });

  test('a store of an older format is left alone by commands and migrated by the next server', async () => {
    const store = join(stage.folder, 'var/store');
    const identity = JSON.parse(readFileSync(join(store, 'parqueue.json'), 'utf8')) as { storeId: string };
    writeFileSync(join(store, 'parqueue.json'), JSON.stringify({ storeFormat: 1, storeId: identity.storeId }));
    const head =
      readdirSync(join(store, 'entries'), { recursive: true, encoding: 'utf8' }).find((path) =>
        path.endsWith('head.json'),
      ) ?? '';
    const path = join(store, 'entries', head);
    const { file, ...old } = JSON.parse(readFileSync(path, 'utf8')) as { file: string; fence: number };
    writeFileSync(path, JSON.stringify(old));
    const refused = await stage.run(['verify']);
    expect([refused.exit, refused.err]).toEqual([
      1,
      expect.stringContaining('older format 1: start a server') as string,
    ]);
    const told = await json<Doctor>('doctor');
    expect(statusOf(told, 'source files', 'orders'), 'sources are asked without the store').toBe('ok');
    expect(JSON.parse(readFileSync(join(store, 'parqueue.json'), 'utf8')), 'doctor changes nothing').toMatchObject({
      storeFormat: 1,
    });

    server = await stage.up();
    expect(JSON.parse(readFileSync(join(store, 'parqueue.json'), 'utf8'))).toEqual({
      storeFormat: 2,
      needs: 1,
      storeId: identity.storeId,
    });
    expect(server.err()).toContain('the store is being migrated');
    const read = JSON.parse(readFileSync(path, 'utf8')) as { file: string; fence: number };
    expect(read.file).toBe(`g${read.fence}/part-000.parquet`);
    expect(file).toMatch(/^g\d+\/part-000\.parquet$/);
    expect(statSync(join(dirname(path), read.file)).isFile()).toBe(true);
    expect((await get()).cacheStatus, 'what verify marked without Redis is loaded again').toContain('fwd=miss');
    expect(await server.stop()).toBe(0);
  });
});

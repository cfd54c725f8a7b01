/** Wrapped functions over a real Redis, a real store and the built thread for files, in this process. */
import { readdir, rm, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { deferred } from '../model/deferred.ts';
import { ParqueueError } from '../model/errors.ts';
import type { FreshnessPolicy } from '../model/freshness.ts';
import { shardOf } from '../model/cache-key.ts';
import {
  canonicalArguments,
  checkFunction,
  openInProcess,
  requestOf,
  type Found,
  type InProcess,
  type OpenInProcessOptions,
  type WrappedFunction,
} from './index.ts';

const REDIS = `${inject('redisUrl')}/117`;

let root: string;
let redis: Redis;
/** Most tests share one process, and with it one thread for files; each has a function of its own. */
let shared: InProcess;
let others: InProcess[] = [];
let name = '';
let tests = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'parqueue-wrapped-'));
  redis = new Redis(REDIS);
  await redis.flushdb();
  shared = await openInProcess({ root, redis: REDIS });
});

beforeEach(() => {
  name = `prices${(tests += 1)}`;
});

afterEach(async () => {
  for (const one of others) await one.close(AbortSignal.abort());
  others = [];
});

afterAll(async () => {
  await shared.close(AbortSignal.abort());
  redis.disconnect();
  await rm(root, { recursive: true, force: true });
});

async function another(more: Omit<OpenInProcessOptions, 'root' | 'redis'> = {}): Promise<InProcess> {
  const inProcess = await openInProcess({ root, redis: REDIS, ...more });
  others.push(inProcess);
  return inProcess;
}

interface Wish extends Partial<Pick<WrappedFunction, 'name' | 'revision' | 'version'>> {
  readonly load: () => unknown;
  readonly token?: () => unknown;
  readonly args?: readonly unknown[];
  readonly policy?: Partial<FreshnessPolicy>;
  readonly limits?: Partial<WrappedFunction['limits']>;
  readonly signal?: AbortSignal;
}

const LIMITS = { rowsMax: 1e6, bytesMax: 1e8, timeoutMs: 60_000 };

function requestFor({ name: own = name, revision = '', version = 'token', args = [], limits }: Wish) {
  const of = { name: own, revision, version, columnTypes: {}, limits: { ...LIMITS, ...limits } };
  return requestOf(of, canonicalArguments(args, own));
}

async function ask(inProcess: InProcess, wish: Wish): Promise<Found> {
  const request = requestFor(wish);
  const policy = { version: request.versionKind, maxAgeMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
  const call = {
    name,
    load: () => wish.load(),
    version: request.versionKind === 'token' ? (wish.token ?? ((): unknown => 1)) : null,
    inside: <T>(_: unknown, work: () => T): T => work(),
  };
  const asked = { request, policy: { ...policy, ...wish.policy }, cachedOnly: false, continues: null };
  const found = await inProcess.ask(asked, call, wish.signal ?? new AbortController().signal);
  await inProcess.release(found.pin);
  return found;
}

async function rowsOf(inProcess: InProcess, found: Found): Promise<readonly unknown[]> {
  const table = tableFromIPC(await inProcess.readArrow(found, new AbortController().signal));
  return table.toArray().map((row: { toJSON(): unknown }) => row.toJSON());
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? [] : Promise.reject(error),
  );
}

async function filesOf(wish: Wish): Promise<readonly string[]> {
  const { key } = requestFor(wish);
  const folder = join(root, 'entries', shardOf(key), key);
  // A load that was out of time at once has not even a folder.
  const [names, staging] = await Promise.all([folder, join(folder, 'staging')].map(namesIn));
  return [...(names ?? []).filter((name) => name.startsWith('g')), ...(staging ?? [])];
}

/** A load that counts its runs and gives the number of each. */
function counting(): { readonly load: () => unknown; readonly runs: () => number } {
  let runs = 0;
  return { load: () => [{ run: (runs += 1) }], runs: () => runs };
}

const never = new Promise<never>(() => undefined);

describe('a wrapped function', () => {
  it('runs once for all who ask at a time, and again when its version changed', async () => {
    const [a, b] = [shared, await another()];
    const { load, runs } = counting();
    let version = 1;
    const wish = { load, token: () => ({ version }) };
    const found = await Promise.all([ask(a, wish), ask(a, wish), ask(b, wish), ask(b, wish)]);
    expect(runs()).toBe(1);
    expect(new Set(found.map(({ pin }) => pin.fence)).size).toBe(1);
    expect((await ask(b, wish)).answer.cache).toBe('revalidated');
    version = 2;
    const changed = await ask(a, wish);
    expect([changed.answer.cache, await rowsOf(a, changed)]).toEqual(['miss', [{ run: 2 }]]);
  });

  it('whose version moves while it runs answers with those rows, and never again', async () => {
    let [source, runs] = ['A', 0];
    const wish: Wish = {
      token: () => source,
      load: () => {
        runs += 1;
        if (runs === 1) source = 'B';
        return [{ source }];
      },
    };
    expect(await rowsOf(shared, await ask(shared, wish))).toEqual([{ source: 'B' }]);
    source = 'A';
    expect(await rowsOf(shared, await ask(shared, wish))).toEqual([{ source: 'A' }]);
    expect((await ask(shared, wish)).answer.cache).toBe('revalidated');
  });

  it('whose version moves behind its rows is run again for it', async () => {
    let source = 'A';
    const load = (): readonly object[] => {
      const rows = [{ source }];
      source = 'B';
      return rows;
    };
    const wish: Wish = { token: () => source, load };
    expect(await rowsOf(shared, await ask(shared, wish))).toEqual([{ source: 'A' }]);
    expect(await rowsOf(shared, await ask(shared, wish))).toEqual([{ source: 'B' }]);
  });

  it('has an entry for each name, revision and argument', async () => {
    const inProcess = shared;
    const { load, runs } = counting();
    for (const wish of [{}, { revision: '2' }, { args: ['XETR'] }, { name: 'other' }, { version: 'manual' as const }])
      await ask(inProcess, { load, ...wish });
    expect(runs()).toBe(5);
    expect(requestFor({ load, name: 'prices' }).key).toBe('prices-1a8667d41b5645b1f4d4e9a1055af539');
  });

  it('has an entry for each declared type, however that is spelled', () => {
    const keyOf = (id: string): string =>
      requestOf({ name, revision: '', version: 'ttl', columnTypes: { id }, limits: LIMITS }, []).key;
    expect(keyOf('bigint')).not.toBe(keyOf('double'));
    expect(keyOf('decimal(5, 2)')).toBe(keyOf('DECIMAL(5,2)'));
  });

  it('without a version runs again only when it is invalidated', async () => {
    const inProcess = shared;
    const { load, runs } = counting();
    const wish = { load, version: 'manual' as const };
    await ask(inProcess, wish);
    expect((await ask(inProcess, wish)).answer.cache).toBe('hit');
    await inProcess.invalidate(`source:wrapped:${name}`, 'hard');
    expect((await ask(inProcess, wish)).answer.cache).toBe('miss');
    expect(runs()).toBe(2);
  });

  it('with a time to live runs again when that is over', async () => {
    const inProcess = shared;
    const { load, runs } = counting();
    const wish = { load, version: 'ttl' as const };
    await ask(inProcess, { ...wish, policy: { maxAgeMs: 600_000 } });
    expect((await ask(inProcess, { ...wish, policy: { maxAgeMs: 600_000 } })).answer.cache).toBe('hit');
    expect((await ask(inProcess, { ...wish, policy: { maxAgeMs: 0 } })).answer.cache).toBe('miss');
    expect(runs()).toBe(2);
  });

  it.each([
    ['ttl', { maxAgeMs: 600_000 }, 1],
    ['manual', {}, 1],
    ['ttl', {}, 2],
  ] as const)(
    'without a version (%s, %o): who comes while it runs makes it run %i times in all',
    async (version, policy, times) => {
      const [a, b] = [shared, await another()];
      const { load, runs } = counting();
      const [began, gate] = [deferred<void>(), deferred<void>()];
      const gated = async (): Promise<unknown> => {
        began.resolve();
        await gate.promise;
        return load();
      };
      const wish = { load: gated, version, policy };
      const first = ask(a, wish);
      await began.promise;
      const later = [ask(a, wish), ask(b, wish), ask(b, wish)];
      // All of them wait for work by now, whichever work it is.
      await expect.poll(async () => (await redis.pubsub('NUMSUB', `{pq}:notice:${requestFor(wish).key}`))[1]).toBe(2);
      gate.resolve();
      const fences = (await Promise.all([first, ...later])).map(({ pin }) => pin.fence);
      expect([runs(), new Set(fences).size]).toEqual([times, times]);
    },
  );

  it('is answered for while it runs again, where a changed answer may be stale', async () => {
    const inProcess = shared;
    const gate = deferred<void>();
    let version = 1;
    const token = (): number => version;
    await ask(inProcess, { load: () => [{ run: 1 }], token });
    version = 2;
    const behind = { staleWhileRevalidateMs: 600_000 };
    const load = async (): Promise<unknown> => {
      await gate.promise;
      return [{ run: 2 }];
    };
    const stale = await ask(inProcess, { load, token, policy: behind });
    expect([stale.answer.cache, await rowsOf(inProcess, stale)]).toEqual(['stale', [{ run: 1 }]]);
    gate.resolve();
    const fresh = await ask(inProcess, { load, token });
    expect(await rowsOf(inProcess, fresh)).toEqual([{ run: 2 }]);
  });

  it('gives no rows, which is an answer', async () => {
    const inProcess = shared;
    const found = await ask(inProcess, { load: () => [] });
    expect([found.manifest.part.rows, await rowsOf(inProcess, found)]).toEqual([0, []]);
  });
});

describe('what goes wrong', () => {
  it('is told with the error of the function as cause, and an older answer is given where that is allowed', async () => {
    const inProcess = shared;
    const own = new RangeError('token=hunter2');
    const failing = { load: () => Promise.reject(own) };
    const failed = await ask(inProcess, failing).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE', cause: own, retryable: true });
    expect(String((failed as Error).message)).toContain('(RangeError)');
    expect(JSON.stringify(await redis.keys('*'))).toContain('outcome');
    for (const key of await redis.keys('*outcome*')) expect(await redis.get(key)).not.toContain('hunter2');

    await ask(inProcess, { load: () => [{ run: 1 }] });
    const older = { staleIfErrorMs: 600_000 };
    const stale = await ask(inProcess, { ...failing, token: () => 2, policy: older });
    expect(stale.answer.staleReason).toBe('staleIfError');
    const unknown = (): never => {
      throw own;
    };
    expect((await ask(inProcess, { ...failing, token: unknown, policy: older })).answer.cache).toBe('stale');
  });

  it('keeps the code that the function gave it', async () => {
    const inProcess = shared;
    const load = (): never => {
      throw new ParqueueError('PQ_SOURCE_REJECTED', 'there is no market NOPE');
    };
    await expect(ask(inProcess, { load })).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      message: 'there is no market NOPE',
    });
  });

  it('has a limit: a function that never ends is let go of, and what it brings later is dropped', async () => {
    const inProcess = shared;
    const late = deferred<unknown>();
    const wish = { load: () => late.promise, limits: { timeoutMs: 1000 } };
    await expect(ask(inProcess, wish)).rejects.toMatchObject({ code: 'PQ_FILL_TIMEOUT' });
    late.resolve([{ late: true }]);
    expect(await filesOf(wish)).toEqual([]);
    await expect(
      ask(inProcess, { load: () => [], token: () => never, limits: { timeoutMs: 200 } }),
    ).rejects.toMatchObject({ code: 'PQ_FILL_TIMEOUT' });
  });

  it.each<readonly [string, Omit<Wish, 'load'> & { readonly given: unknown }]>([
    ['PQ_LIMIT_EXCEEDED', { given: [{ a: 1 }, { a: 2 }], limits: { rowsMax: 1 } }],
    ['PQ_LIMIT_EXCEEDED', { given: [{ a: 1 }], limits: { bytesMax: 10 } }],
    ['PQ_UNSUPPORTED_TYPE', { given: 'rows' }],
    ['PQ_UNTRACKABLE', { given: [], token: () => undefined }],
    ['PQ_INVALID_REQUEST', { given: [], token: () => new Map() }],
  ])('is told by a code, and leaves nothing behind: %s', async (code, { given, ...more }) => {
    const inProcess = shared;
    const wish = { load: () => given, ...more };
    await expect(ask(inProcess, wish)).rejects.toMatchObject({ code });
    expect(await filesOf(wish)).toEqual([]);
  });

  it.each([
    ['PQ_INVALID_REQUEST', { timeoutMs: Number.POSITIVE_INFINITY }],
    ['PQ_INVALID_REQUEST', { timeoutMs: 2 ** 31 }],
    ['PQ_INVALID_REQUEST', { rowsMax: Number.NaN }],
    ['PQ_INVALID_REQUEST', { bytesMax: 0 }],
  ])('is told before anything runs where limits are none: %s %j', (code, limits) => {
    const of = { name, revision: '', version: 'token', columnTypes: {}, limits: { ...LIMITS, ...limits } } as const;
    expect(() => checkFunction(of)).toThrow(expect.objectContaining({ code }));
  });

  it.each([{ fillsMax: 0 }, { fillsMax: 1.5 }, { leaseTtlMs: 0 }, { leaseTtlMs: Number.NaN }])(
    'is told at the opening where nothing could run: %j',
    async (wrong) => {
      await expect(another(wrong)).rejects.toMatchObject({ code: 'PQ_CONFIG' });
    },
  );

  it('is repaired where it is the files', async () => {
    const inProcess = shared;
    const { load, runs } = counting();
    const { path } = await ask(inProcess, { load });
    await writeFile(path, 'no parquet');
    const found = await ask(inProcess, { load });
    expect([await rowsOf(inProcess, found), runs()]).toEqual([[{ run: 2 }], 2]);
  });

  it('loses nothing where it is the memory of Redis', async () => {
    const inProcess = shared;
    const { load, runs } = counting();
    const { pin } = await ask(inProcess, { load });
    await redis.flushdb();
    const found = await ask(inProcess, { load });
    expect([found.pin.fence, runs()]).toEqual([pin.fence, 1]);
  });
});

describe('loads in one process', () => {
  it('that call others never wait for the places they hold themselves', async () => {
    const inProcess = await another({ fillsMax: 1 });
    const inner = { name: 'inner', load: () => [{ inner: true }] };
    const outer = {
      load: async function* (): AsyncGenerator<object, void, undefined> {
        await ask(inProcess, inner);
        yield { first: true };
        await ask(inProcess, { ...inner, args: [2] });
      },
    };
    expect((await ask(inProcess, outer)).manifest.part.rows).toBe(1);
  });

  it('that call what another caller waits for do not wait for the place of that', async () => {
    const [begun, gate, looked] = [deferred<void>(), deferred<void>(), deferred<void>()];
    const inner: Wish = { name: `${name}/inner`, version: 'manual', load: () => [{ inner: true }] };
    const { key } = requestFor(inner);
    const inProcess = await another({
      fillsMax: 1,
      onStep: (step, details) => {
        if (step === 'looked' && details.key === key) looked.resolve();
      },
    });
    const outer = {
      load: async (): Promise<readonly object[]> => {
        begun.resolve();
        await gate.promise;
        await ask(inProcess, inner);
        return [{ outer: true }];
      },
    };
    const both = [ask(inProcess, outer)];
    await begun.promise;
    both.push(ask(inProcess, inner));
    // It has a job by now, which waits for the only place.
    // From now on its job waits for the only place.
    await looked.promise;
    gate.resolve();
    expect((await Promise.all(both)).map(({ manifest }) => manifest.part.rows)).toEqual([1, 1]);
  });

  it('never wait for themselves', async () => {
    const inProcess = shared;
    const wish: Wish = { load: async () => rowsOf(inProcess, await ask(inProcess, wish)) };
    await expect(ask(inProcess, wish)).rejects.toMatchObject({ code: 'PQ_INVALID_REQUEST' });
  });

  it('go on when their caller leaves', async () => {
    const inProcess = shared;
    const [begun, gate, leave] = [deferred<void>(), deferred<void>(), new AbortController()];
    let runs = 0;
    const load = async (): Promise<unknown> => {
      runs += 1;
      begun.resolve();
      await gate.promise;
      return [{ a: 1 }];
    };
    const left = ask(inProcess, { load, signal: leave.signal });
    await begun.promise;
    leave.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    gate.resolve();
    await ask(inProcess, { load });
    expect(runs).toBe(1);
  });

  it('are stopped by closing, and another process need not wait for their lease', async () => {
    const [first, second] = [await another({ leaseTtlMs: 600_000 }), shared];
    const begun = deferred<void>();
    const load = (): unknown => {
      begun.resolve();
      return never;
    };
    const stopped = ask(first, { load });
    stopped.catch(() => undefined);
    await begun.promise;
    await first.close(AbortSignal.abort());
    others = [];
    await expect(stopped).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    expect((await ask(second, { load: () => [] })).answer.cache).toBe('miss');
  });
});

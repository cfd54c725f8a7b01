/** What doctor says of what it found: each finding that is not right says what it means and what to do. */
import type { ProcessRecord } from '@parqueue/core';
import { configDigests, loadConfig, type Config } from '@parqueue/core/config';
import type { JobSummary, RedisInspection } from '@parqueue/core/redis';
import { describe, expect, inject, test } from 'vitest';
import { systemClock, systemRandomId, type Context } from '../context.ts';
import { Checks, type Check, type Status } from './check.ts';
import { checkCluster } from './cluster-checks.ts';
import { checkRedis } from './redis-checks.ts';
import { checkSource } from './source-checks.ts';
import { checkStore, type CollectionWait } from './store-checks.ts';
import type { StoreOutcomes } from './store-probe.ts';
import { checkWork, type WorkFacts } from './work-checks.ts';

const STORE_ID = '0'.repeat(32);

function configOf(yaml = ''): Config {
  return loadConfig(yaml, { path: '/srv/parqueue.yaml', env: {}, readFile: () => '' });
}

/** `name: status` of everything that is not right; a check without advice there is a mistake. */
async function troubles(run: (checks: Checks) => unknown): Promise<readonly string[]> {
  const checks = new Checks('area', () => undefined);
  await run(checks);
  const wrong: readonly Status[] = ['warn', 'fail'];
  const found = checks.all.filter(({ status }) => wrong.includes(status));
  for (const { means, todo } of found) expect([means, todo]).not.toContain(undefined);
  return found.map(({ name, status }: Check) => `${name}: ${status}`);
}

describe('the processes of a cluster', () => {
  const config = configOf('sources: { lake: { kind: file, root: ./lake } }');
  const record = (change: Partial<ProcessRecord> = {}): ProcessRecord => ({
    id: 'x',
    role: 'worker',
    host: 'a',
    pid: 1,
    version: '1.0.0',
    node: 'v20',
    url: 'http://127.0.0.1:1',
    startedAtMs: 0,
    skewMs: 3,
    config: configDigests(config),
    ...change,
  });
  const facts = { config, version: '1.0.0', connectedWorkers: 0 };
  const cluster = (...processes: readonly ProcessRecord[]) =>
    troubles((checks) => checkCluster(checks, { ...facts, processes }));

  test('are right when they are there, alike and told the same', async () => {
    expect(await cluster(record(), record({ role: 'api', host: 'b' }))).toEqual([]);
  });

  test('are missing: without workers nothing is loaded, without an API nobody asks', async () => {
    expect(await cluster()).toEqual(['workers: fail', 'APIs: warn']);
  });

  test('that do not tell of themselves are no more than a warning where they are seen to take jobs', async () => {
    const silent = (connectedWorkers: number | null) =>
      troubles((checks) => checkCluster(checks, { ...facts, processes: [record({ role: 'api' })], connectedWorkers }));
    expect([await silent(2), await silent(null)]).toEqual([['workers: warn'], ['workers: fail']]);
  });

  test('of two releases are an upgrade under way', async () => {
    expect(await cluster(record(), record({ role: 'api', version: '1.1.0' }))).toEqual(['releases: warn']);
  });

  test('told different things are an error where it matters to them', async () => {
    const other = configOf('sources: { lake: { kind: file, root: ./other } }');
    expect(await cluster(record(), record({ role: 'api', config: configDigests(other) }))).toEqual([
      'config: sources: fail',
    ]);
    const keys = configOf(
      `sources: { lake: { kind: file, root: ./lake } }\nauth: { apiKeys: [ { name: a, sha256: ${'1f'.repeat(32)}, scopes: [read] } ] }`,
    );
    expect(await cluster(record(), record({ role: 'api', config: configDigests(keys) }))).toEqual(['config: warn']);
  });

  test('with clocks that are off are named', async () => {
    expect(await cluster(record({ skewMs: -60_000 }), record({ role: 'api' }))).toEqual(['clocks: warn']);
  });
});

describe('a store', () => {
  const done = <Result>(result: Result) => ({ kind: 'done' as const, tookMs: 1, result });
  const identity = { storeId: STORE_ID, storeFormat: 2, needs: 1 };
  const space = { freeBytes: 50e9, totalBytes: 100e9, freeFiles: 1e6, totalFiles: 1e7 };
  const sound: StoreOutcomes = {
    reach: done(null),
    identity: done(identity),
    space: done(space),
    write: done(null),
    heads: done({ looked: 2, missing: [] }),
  };
  const facts = {
    config: configOf('store: { quota: 1GiB }'),
    storeIdInRedis: STORE_ID,
    usedBytes: 5,
    reserveBytes: 1e9,
    collectionWaits: null,
  };
  const store = (change: Partial<StoreOutcomes>, more: Partial<typeof facts> = {}) =>
    troubles((checks) => checkStore(checks, { ...sound, ...change }, { ...facts, ...more }));

  test('that is sound has nothing to say', async () => {
    expect(await store({})).toEqual([]);
  });

  test('that hangs, is not there, or is another one is told by the step that met it', async () => {
    expect(await store({ identity: { kind: 'hung', limitMs: 10 } })).toEqual(['identity: fail']);
    expect(await store({ reach: { kind: 'failed', errno: 'ENOENT', message: 'x' } })).toEqual(['reachable: fail']);
    expect(await store({ identity: done(null) })).toEqual(['identity: fail']);
    expect(await store({}, { storeIdInRedis: '1'.repeat(32) })).toEqual(['identity: fail']);
    expect(await store({ write: { kind: 'failed', errno: 'EROFS', message: 'x' } })).toEqual(['write: fail']);
    expect(await store({ heads: done({ looked: 2, missing: ['a', 'b'] }) })).toEqual(['same files: fail']);
  });

  test('that fills up is told before and after loads are refused', async () => {
    expect(await store({ space: done({ ...space, freeBytes: 4e9 }) })).toEqual(['free space: warn']);
    expect(await store({ space: done({ ...space, freeBytes: 5e8 }) })).toEqual(['free space: fail']);
    expect(await store({ space: done({ ...space, freeFiles: 10 }) })).toEqual(['free inodes: warn']);
    expect(await store({}, { usedBytes: 2 * 1024 ** 3 })).toEqual(['quota: warn']);
  });

  test('over its quota says what happens then: what goes, or until when nothing does', () => {
    const means = (collectionWaits: CollectionWait | null): string | undefined => {
      const checks = new Checks('area', () => undefined);
      checkStore(checks, sound, { ...facts, usedBytes: 2 * 1024 ** 3, collectionWaits });
      return checks.all.find(({ name }) => name === 'quota')?.means;
    };
    expect(means(null)).toContain('counts for the grace of 10 min');
    expect(means({ untilMs: 0 })).toContain('removes nothing until 1970-01-01T00:00:00.000Z');
    expect(means({ untilMs: null })).toContain('until entries were compared with the store');
  });
});

describe('the work', () => {
  const nowMs = 1_000_000_000;
  const redis = {
    nowMs,
    runId: 'r',
    marker: { epoch: 1, runId: 'r', incarnation: 'i', storeId: STORE_ID },
    pass: { position: 'ff', completedAtMs: 1 },
  } as RedisInspection;
  const facts: WorkFacts = {
    redis,
    counts: [],
    pauses: {},
    jobs: [],
    cooling: { lake: { failures: 0, coolingUntilMs: null, failure: null, nowMs } },
    chores: { collect: { finishedAtMs: nowMs - 1000, by: 'w', outcome: { ok: true, report: {} } } },
    fillTimeoutMs: 3_600_000,
  };
  const job = (change: Partial<JobSummary>): JobSummary => ({
    id: 'lake.fill.00000000',
    kind: 'fill',
    source: 'lake',
    key: 'k',
    dataset: null,
    canonical: () => {
      throw new Error('nobody asks what it asks');
    },
    state: 'queued',
    progress: null,
    outcome: null,
    enqueuedAtMs: nowMs - 1000,
    startedAtMs: null,
    finishedAtMs: null,
    ...change,
  });
  const work = (change: Partial<WorkFacts>) => troubles((checks) => checkWork(checks, { ...facts, ...change }));
  const failure = { code: 'PQ_SOURCE_REJECTED', message: 'ORA-00942', retryable: false } as const;

  test('that goes well has nothing to say', async () => {
    expect(await work({ jobs: [job({})] })).toEqual([]);
  });

  test('that stands still is told: waiting for long, running for longer than it may', async () => {
    expect(await work({ jobs: [job({ enqueuedAtMs: nowMs - 600_000 })] })).toEqual(['queues: warn']);
    expect(await work({ jobs: [job({ state: 'running', startedAtMs: nowMs - 4_000_000 })] })).toEqual(['queues: fail']);
  });

  test('that failed is told once for each source and code', async () => {
    const failed = job({ state: 'finished', outcome: { kind: 'failed', failure }, finishedAtMs: nowMs });
    expect(await work({ jobs: [failed, failed, { ...failed, source: 'erp' }] })).toEqual([
      'failures: warn',
      'failures: warn',
    ]);
  });

  test('a paused source is told, with who paused it', async () => {
    expect(await work({ pauses: { erp: { reason: 'index rebuild', by: 'dba', sinceMs: nowMs } } })).toEqual([
      'paused: warn',
    ]);
  });

  test('a cooling source and a gc that fails or does not run are told', async () => {
    expect(await work({ cooling: { lake: { failures: 3, coolingUntilMs: nowMs + 1, failure, nowMs } } })).toEqual([
      'cool-down: fail',
    ]);
    const collected = (finishedAtMs: number, ok: boolean): WorkFacts['chores'] => ({
      collect: {
        finishedAtMs,
        by: 'w',
        outcome: ok ? { ok, report: null } : { ok, code: 'PQ_STORE_IO', message: 'EIO' },
      },
    });
    expect(await work({ chores: collected(nowMs - 86_400_000, true) })).toEqual(['gc: warn']);
    expect(await work({ chores: collected(nowMs, false) })).toEqual(['gc: warn']);
  });
});

describe('a source', () => {
  const answer = { source: 'erp', dataset: null, ok: true, failure: null, tookMs: 5, parts: {}, skipped: null };
  const failure = { code: 'PQ_SOURCE_UNAVAILABLE', message: 'refused', retryable: true } as const;

  test('that answers, refuses, or is slow to prove a dataset', async () => {
    expect(await troubles((checks) => checkSource(checks, answer, 'oracle'))).toEqual([]);
    expect(await troubles((checks) => checkSource(checks, { ...answer, ok: false, failure }, 'oracle'))).toEqual([
      'connection: fail',
    ]);
    expect(
      await troubles((checks) => checkSource(checks, { ...answer, dataset: 'd', tookMs: 60_000 }, 'oracle')),
    ).toEqual(['d: warn']);
  });
});

test('what to do about a source that is away is said of its kind', () => {
  const failure = { code: 'PQ_SOURCE_UNAVAILABLE', message: 'x', retryable: true } as const;
  const answer = { source: 's', dataset: null, ok: false, failure, tookMs: 5, parts: {}, skipped: null };
  const todo = (kind: 'file' | 'oracle'): string | undefined => {
    const checks = new Checks('area', () => undefined);
    checkSource(checks, answer, kind);
    return checks.all[0]?.todo;
  };
  expect([todo('file'), todo('oracle')]).toEqual([
    expect.stringContaining('mount it on this host'),
    expect.stringContaining('firewall'),
  ]);
});

describe('Redis', () => {
  const context = { clock: systemClock, randomId: systemRandomId } as Context;
  const redis = (url: string, yaml: string) =>
    troubles((checks) => checkRedis(checks, { url, from: 'configuration' }, { config: configOf(yaml), context }));

  test('without persistence is an error unless the configuration accepts it', async () => {
    expect(await redis(inject('redisUrl'), 'redis: { durable: true }')).toContain('persistence: fail');
    expect(await redis(inject('redisUrl'), 'redis: { durable: false }')).not.toContain('persistence: fail');
  });

  test('that does not answer is told, and no password with it', async () => {
    const checks = new Checks('redis', () => undefined);
    const url = 'redis://:hunter2@127.0.0.1:1';
    expect(await checkRedis(checks, { url, from: 'configuration' }, { config: configOf(), context })).toBeNull();
    expect(checks.all).toMatchObject([{ name: 'reachable', status: 'fail' }]);
    expect(JSON.stringify(checks.all)).not.toContain('hunter2');
  });
});

/** The real thread entry, built: real store, real file source, no Redis. */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  DEFAULT_PARQUET,
  PART_NAME,
  cacheKey,
  ParqueueError,
  type CanonicalRequest,
  type FillTask,
  type Memo,
  type ResolvedRequest,
  type ProbeContext,
} from '@parqueue/core';
import { openStore } from '@parqueue/core/store';
import { EXIT_LIMIT_MS, FILL_THREAD_ENTRY, ThreadPool } from './pool.ts';
import type { ThreadSetup } from './setup.ts';

let base: string;
let pool: ThreadPool;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'parqueue-thread-'));
  await mkdir(join(base, 'lake'));
  await openStore({ root: join(base, 'store'), fileMode: 0o640 });
  const setup: ThreadSetup = {
    store: { root: join(base, 'store'), fileMode: 0o640 },
    sources: {
      lake: {
        name: 'lake',
        kind: 'file',
        root: join(base, 'lake'),
        maxConcurrentFills: 1,
        maxConcurrentProbes: 1,
        adhoc: null,
      },
    },
    scratch: join(base, 'scratch'),
    threadMemoryBytes: 256 * 1024 * 1024,
    host: 'test-host',
    program: 'parqueue/test',
  };
  const kept = new Map<string, string>();
  const memo: Memo = {
    get: async (name) => kept.get(name) ?? null,
    put: async (name, value) => {
      kept.set(name, value);
    },
  };
  pool = new ThreadPool({
    threads: 1,
    perSource: 1,
    perGroup: 1,
    groupOf: (name) => name,
    waitingMax: 4,
    threadMemoryBytes: setup.threadMemoryBytes,
    keepsConnections: true,
    stopGraceMs: 5000,
    exitLimitMs: EXIT_LIMIT_MS,
    entry: FILL_THREAD_ENTRY,
    setup,
    memo,
    onTrouble: () => undefined,
  });
});

afterEach(async () => {
  await pool[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

function request(path: string): ResolvedRequest {
  const canonical: CanonicalRequest = {
    keyFormat: 1,
    sourceKind: 'file',
    sourceIdentity: 'lake',
    columns: null,
    columnTypes: {},
    parquet: DEFAULT_PARQUET,
    question: { kind: 'file', path, format: 'csv', csv: null },
  };
  return {
    key: cacheKey(canonical),
    canonical,
    source: 'lake',
    dataset: 'prices',
    scopes: [],
    probeTargets: [`lake/${path}`],
    versionKind: 'checksum',
    limits: { rowsMax: 1e6, bytesMax: 1e9, timeoutMs: 60_000 },
  };
}

function task(fence: number, current: FillTask['current'] = null, path = 'prices.csv'): FillTask {
  return { request: request(path), fence, fillId: `fill-${fence}`, startedAtMs: 1, current };
}

function context(parts: Partial<ProbeContext> = {}): ProbeContext {
  return {
    signal: new AbortController().signal,
    known: {},
    onProgress: () => undefined,
    onStep: () => undefined,
    ...parts,
  };
}

async function writePrices(rows: number): Promise<void> {
  await writeFile(
    join(base, 'lake', 'prices.csv'),
    `id,price\n${Array.from({ length: rows }, (_, i) => `${i},${i / 2}`).join('\n')}\n`,
  );
}

async function leftovers(key: string): Promise<readonly string[]> {
  return await readdir(join(base, 'store', 'entries', key.slice(key.lastIndexOf('-') + 1).slice(0, 2), key, 'staging'));
}

test('a fill publishes a generation whose version a probe then finds, with every step in order', async () => {
  await writePrices(1000);
  const steps: string[] = [];
  const report = await pool.fill(
    task(7),
    context({
      onStep: (step) => {
        steps.push(step);
      },
    }),
  );
  if (report.kind !== 'published') throw new Error(JSON.stringify(report));
  expect(report.manifest).toMatchObject({
    fence: 7,
    fillId: 'fill-7',
    dataset: 'prices',
    host: 'test-host',
    part: { rows: 1000 },
  });
  expect(steps.toSorted()).toEqual(['first-batch', 'part-synced', 'published', 'snapshot-opened', 'staged']);
  const { key } = report.manifest;
  const part = join(base, 'store', 'entries', key.slice(key.lastIndexOf('-') + 1).slice(0, 2), key, 'g7', PART_NAME);
  expect((await stat(part)).size).toBe(report.manifest.part.bytes);
  expect(await pool.probe(request('prices.csv'), context())).toEqual({
    kind: 'version',
    version: report.manifest.version,
    parts: {},
    reads: {},
  });
});

test('a source as it was is unchanged, and nothing is written', async () => {
  await writePrices(10);
  const first = await pool.fill(task(7), context());
  if (first.kind !== 'published') throw new Error(JSON.stringify(first));
  const current = { fence: 7, version: first.manifest.version };
  expect(await pool.fill(task(8, current), context())).toEqual({ kind: 'unchanged', version: current.version });
  expect(await leftovers(first.manifest.key)).toEqual([]);
  await writePrices(11);
  expect(await pool.fill(task(9, current), context())).toMatchObject({
    kind: 'published',
    manifest: { fence: 9, part: { rows: 11 } },
  });
});

test('a prepared thread has opened every source', async () => {
  await pool.prepare(new AbortController().signal);
  expect(await readdir(base)).toContain('scratch');
});

test('where the mount of the store went away a thread fills nothing, and makes no store in its place', async () => {
  await writePrices(3);
  await rm(join(base, 'store'), { recursive: true });
  await mkdir(join(base, 'store'));
  expect(await pool.fill(task(7), context())).toMatchObject({ kind: 'failed', failure: { code: 'PQ_STORE_IO' } });
  expect(await readdir(join(base, 'store'))).toEqual([]);
});

test('a file that is not there fails by its code, and the thread goes on', async () => {
  expect(await pool.probe(request('none.csv'), context())).toMatchObject({
    kind: 'failed',
    failure: { code: 'PQ_NOT_FOUND' },
  });
  expect(await pool.fill(task(7, null, 'none.csv'), context())).toMatchObject({
    kind: 'failed',
    failure: { code: 'PQ_NOT_FOUND' },
  });
});

test('a source that this worker does not know fails by its code', async () => {
  const unknown = { ...request('prices.csv'), source: 'nowhere' };
  expect(await pool.probe(unknown, context())).toMatchObject({
    kind: 'failed',
    failure: { code: 'PQ_UNKNOWN_SOURCE' },
  });
});

test('a stop reaches the source in the middle of a load, and no staging is left', async () => {
  await writePrices(200_000);
  const stop = new AbortController();
  const report = await pool.fill(
    task(7),
    context({
      signal: stop.signal,
      onStep: (step) => {
        if (step === 'part-synced') stop.abort(new ParqueueError('PQ_CANCELLED', 'given up'));
      },
    }),
  );
  expect(report).toMatchObject({ kind: 'failed', failure: { code: 'PQ_CANCELLED', message: 'given up' } });
  expect(await leftovers(task(7).request.key)).toEqual([]);
});

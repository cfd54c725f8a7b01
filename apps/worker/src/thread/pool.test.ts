import { execFile } from 'node:child_process';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  DEFAULT_PARQUET,
  ParqueueError,
  type Memo,
  type Progress,
  type ResolvedRequest,
  type ProbeContext,
} from '@parqueue/core';
import { ThreadPool, type PoolOptions } from './pool.ts';

const entry = new URL('../../test/odd.thread.mjs', import.meta.url);
const pools: ThreadPool[] = [];

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool[Symbol.asyncDispose]();
});

function makePool(options: Partial<PoolOptions> = {}): ThreadPool {
  const pool = new ThreadPool({
    threads: 1,
    waitingMax: 10,
    threadMemoryBytes: 64 * 1024 * 1024,
    stopGraceMs: 60_000,
    perSource: 1,
    perGroup: options.threads ?? 1,
    groupOf: (source) => source,
    exitLimitMs: 60_000,
    keepsConnections: false,
    entry,
    setup: { some: 'setup' },
    memo: memoryMemo(),
    onTrouble: () => undefined,
    ...options,
  });
  pools.push(pool);
  return pool;
}

function memoryMemo(): Memo {
  const kept = new Map<string, string>();
  return {
    get: async (name) => kept.get(name) ?? null,
    put: async (name, value) => {
      kept.set(name, value);
    },
  };
}

function ask(behaviour: string, source = 'odd'): ResolvedRequest {
  return {
    key: 'odd',
    source,
    dataset: null,
    scopes: [],
    probeTargets: [],
    versionKind: 'checksum',
    canonical: {
      keyFormat: 1,
      sourceKind: 'file',
      sourceIdentity: 'odd',
      columns: null,
      columnTypes: {},
      parquet: DEFAULT_PARQUET,
      question: { kind: 'file', path: behaviour, format: 'csv', csv: null },
    },
    limits: { rowsMax: 1, bytesMax: 1, timeoutMs: 1 },
  };
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

/** A context whose `inWork` resolves when the thread is in the middle of its work. */
function gated(): {
  readonly context: ProbeContext;
  readonly inWork: Promise<void>;
  readonly abort: (reason?: unknown) => void;
} {
  const controller = new AbortController();
  let arrived = (): void => undefined;
  const inWork = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  return {
    context: context({ signal: controller.signal, onStep: () => arrived() }),
    inWork,
    abort: (reason) => controller.abort(reason),
  };
}

async function threadOf(pool: ThreadPool): Promise<string> {
  const report = await pool.probe(ask('id'), context());
  if (report.kind !== 'version') throw new Error(report.failure.message);
  return report.version;
}

describe('a thread pool', () => {
  test('gives a thread its setup, an empty environment and one task after the other', async () => {
    const pool = makePool();
    expect(await pool.probe(ask('setup'), context())).toEqual({ kind: 'version', version: 'setup:{"some":"setup"}' });
    expect(await pool.probe(ask('env'), context())).toEqual({ kind: 'version', version: 'env:0' });
    expect(await threadOf(pool)).toBe(await threadOf(pool));
  });

  test('runs no more tasks at once than it has threads, and refuses beyond its queue', async () => {
    const pool = makePool({ waitingMax: 1 });
    const first = gated();
    const running = pool.probe(ask('polite'), first.context);
    await first.inWork;
    const waiting = pool.probe(ask('id'), context());
    expect(await pool.probe(ask('id'), context())).toMatchObject({
      kind: 'failed',
      failure: { code: 'PQ_QUEUE_FULL' },
    });
    expect(pool.threadCount).toBe(1);
    first.abort();
    await running;
    expect(await waiting).toMatchObject({ kind: 'version' });
  });

  test('a report does not wait for its thread to part; the next task does', async () => {
    const pool = makePool();
    const thread = await threadOf(pool);
    expect(pool.use.busy).toBe(1);
    const next = threadOf(pool);
    expect(pool.use.waiting).toBe(1);
    expect(await next).toBe(thread);
    await expect.poll(() => pool.use.busy).toBe(0);
  });

  test('a thread that cannot be prepared is told of and still works', async () => {
    const troubles: unknown[] = [];
    const pool = makePool({ onTrouble: (error) => troubles.push(error) });
    await pool.prepare(new AbortController().signal);
    expect(troubles).toEqual([expect.objectContaining({ message: expect.stringContaining('cannot be prepared') })]);
    expect(await threadOf(pool)).toMatch(/^thread:/);
  });

  test('reports what a thread threw, by code and message', async () => {
    expect(await makePool().probe(ask('throw'), context())).toEqual({
      kind: 'failed',
      failure: { code: 'PQ_INTERNAL', message: 'odd', retryable: false },
    });
  });

  test('passes memo, and thins progress without losing a change of phase', async () => {
    const pool = makePool();
    expect(await pool.probe(ask('memo'), context())).toEqual({ kind: 'version', version: 'memo:kept' });
    const seen: Progress[] = [];
    await pool.probe(
      ask('progress'),
      context({
        onProgress: (progress) => {
          seen.push(progress);
        },
      }),
    );
    expect(seen.length).toBeLessThan(100);
    expect(seen.map(({ phase }) => phase)).toContain('reading');
    expect(seen.at(-1)).toEqual({ phase: 'syncing', rows: 1000, bytes: 1000, bytesTotal: null });
  });
});

describe('stopping a task', () => {
  test('a thread that heeds the stop keeps living, and the reason of the stop is the failure', async () => {
    const pool = makePool();
    const before = await threadOf(pool);
    const { context: gatedContext, inWork, abort } = gated();
    const running = pool.probe(ask('polite'), gatedContext);
    await inWork;
    abort(new ParqueueError('PQ_FILL_TIMEOUT', 'too long'));
    expect(await running).toEqual({
      kind: 'failed',
      failure: { code: 'PQ_FILL_TIMEOUT', message: 'too long', retryable: true },
    });
    expect(await threadOf(pool)).toBe(before);
  });

  test.each(['deaf', 'spin'])('a %s thread is terminated after the grace, and the pool recovers', async (behaviour) => {
    const pool = makePool({ stopGraceMs: 200 });
    const before = await threadOf(pool);
    const { context: gatedContext, inWork, abort } = gated();
    const running = pool.probe(ask(behaviour), gatedContext);
    await inWork;
    abort();
    expect(await running).toMatchObject({ kind: 'failed', failure: { code: 'PQ_CANCELLED', retryable: true } });
    expect(await threadOf(pool)).not.toBe(before);
  });

  test('a thread that is stuck in the kernel keeps its place, and others go on; its source is asked when it came back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parqueue-pipe-'));
    const pipe = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const pool = makePool({ threads: 2, stopGraceMs: 200, exitLimitMs: 200, setup: { pipe } });
    const { context: gatedContext, inWork, abort } = gated();
    const running = pool.probe(ask('pipe', 'hung'), gatedContext);
    await inWork;
    abort();
    expect(await running).toMatchObject({ kind: 'failed', failure: { code: 'PQ_CANCELLED' } });

    // As often as anybody asks: no further thread goes that way.
    for (let asked = 0; asked < 5; asked += 1) {
      const refused = await pool.probe(ask('pipe', 'hung'), context());
      expect(refused).toMatchObject({ kind: 'failed', failure: { code: 'PQ_SOURCE_UNAVAILABLE', retryable: true } });
    }
    await expect.poll(() => pool.use).toEqual({ busy: 0, free: 1, stuck: 1, waiting: 0 });
    expect(await threadOf(pool)).toMatch(/^thread:/);

    await (await open(pipe, 'r+')).close();
    await expect.poll(() => pool.use.stuck, { timeout: 20_000 }).toBe(0);
    expect(await pool.probe(ask('id', 'hung'), context())).toMatchObject({ kind: 'version' });
    await rm(folder, { recursive: true });
  });

  test('two sources of one server take no more threads than one of them: those that work, and those that hang', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parqueue-pipe-'));
    const pipe = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const pool = makePool({
      threads: 2,
      perGroup: 1,
      groupOf: (source) => (source.startsWith('nfs') ? 'server' : source),
      stopGraceMs: 200,
      exitLimitMs: 200,
      setup: { pipe },
    });
    const { context: gatedContext, inWork, abort } = gated();
    const running = pool.probe(ask('pipe', 'nfs1'), gatedContext);
    await inWork;
    const waiting = pool.probe(ask('id', 'nfs2'), context());
    // Past the one that waits.
    expect(await pool.probe(ask('id', 'local'), context())).toMatchObject({ kind: 'version' });
    await expect.poll(() => pool.use).toEqual({ busy: 1, free: 1, stuck: 0, waiting: 1 });
    abort();
    expect(await running).toMatchObject({ kind: 'failed', failure: { code: 'PQ_CANCELLED' } });

    const hung = { kind: 'failed', failure: { code: 'PQ_SOURCE_UNAVAILABLE', retryable: true } };
    expect(await waiting).toMatchObject(hung);
    expect(await pool.probe(ask('id', 'nfs2'), context())).toMatchObject(hung);
    expect(await pool.probe(ask('id', 'local'), context())).toMatchObject({ kind: 'version' });
    await expect.poll(() => pool.use).toEqual({ busy: 0, free: 1, stuck: 1, waiting: 0 });

    await (await open(pipe, 'r+')).close();
    await expect.poll(() => pool.use.stuck, { timeout: 20_000 }).toBe(0);
    expect(await pool.probe(ask('id', 'nfs2'), context())).toMatchObject({ kind: 'version' });
    await rm(folder, { recursive: true });
  });

  test('a task that waits for a thread leaves the line at once', async () => {
    const pool = makePool();
    const first = gated();
    const running = pool.probe(ask('polite'), first.context);
    await first.inWork;
    const second = gated();
    const waiting = pool.probe(ask('id'), second.context);
    second.abort();
    expect(await waiting).toMatchObject({ kind: 'failed', failure: { code: 'PQ_CANCELLED' } });
    first.abort();
    await running;
    expect(await threadOf(pool)).toMatch(/^thread:/);
  });
});

describe('the death of a thread', () => {
  test.each(['exit', 'heap'])(
    'by %s fails only its task, as a crash that may be retried, and the pool recovers',
    async (behaviour) => {
      const pool = makePool({ threads: 2 });
      const bystander = gated();
      const untouched = pool.probe(ask('polite'), bystander.context);
      await bystander.inWork;
      expect(await pool.probe(ask(behaviour), context())).toMatchObject({
        kind: 'failed',
        failure: { code: 'PQ_WORKER_CRASHED', retryable: true },
      });
      expect(await threadOf(pool)).toMatch(/^thread:/);
      bystander.abort(new ParqueueError('PQ_CANCELLED', 'bystander'));
      expect(await untouched).toMatchObject({ failure: { message: 'bystander' } });
    },
  );

  test('many deaths in a row leave no task behind', async () => {
    const pool = makePool({ threads: 2, waitingMax: 100 });
    const reports = await Promise.all(
      Array.from({ length: 12 }, (_, i) => pool.probe(ask(i % 2 === 0 ? 'exit' : 'id'), context())),
    );
    expect(reports.map(({ kind }) => kind)).toEqual(reports.map((_, i) => (i % 2 === 0 ? 'failed' : 'version')));
  });

  test('a wasm trap is a failed task and a new thread', async () => {
    const pool = makePool();
    const before = await threadOf(pool);
    expect(await pool.probe(ask('trap'), context())).toMatchObject({
      kind: 'failed',
      failure: { code: 'PQ_WORKER_CRASHED', retryable: true },
    });
    expect(await threadOf(pool)).not.toBe(before);
  });

  test('a report that asks for it recycles the thread before the next task', async () => {
    const pool = makePool();
    const report = await pool.probe(ask('fatal'), context());
    expect(report).toMatchObject({ kind: 'failed', failure: { code: 'PQ_MALFORMED_SOURCE' } });
    const thread = report.kind === 'failed' ? report.failure.details?.['thread'] : null;
    expect(await threadOf(pool)).not.toBe(`thread:${String(thread)}`);
  });

  test('an entry that can not be loaded fails the task', async () => {
    const pool = makePool({ entry: new URL('file:///nowhere/none.js') });
    expect(await pool.probe(ask('id'), context())).toMatchObject({
      kind: 'failed',
      failure: { code: 'PQ_WORKER_CRASHED' },
    });
  });
});

describe('a pool whose sources keep connections', () => {
  let closedIn: string;

  beforeEach(async () => {
    closedIn = await mkdtemp(join(tmpdir(), 'pq-pool-'));
    return () => rm(closedIn, { recursive: true });
  });

  test('has each of its threads close its sources, once, before it ends', async () => {
    const pool = makePool({ threads: 2, keepsConnections: true, setup: { closedIn } });
    const first = gated();
    const second = gated();
    const running = [pool.probe(ask('polite'), first.context), pool.probe(ask('polite'), second.context)];
    await Promise.all([first.inWork, second.inWork]);
    first.abort();
    second.abort();
    await Promise.all(running);
    expect(pool.threadCount).toBe(2);
    await pool[Symbol.asyncDispose]();
    expect(await readdir(closedIn)).toHaveLength(2);
  });

  test('has a thread that must be recycled close them first', async () => {
    const pool = makePool({ keepsConnections: true, setup: { closedIn } });
    expect(await pool.probe(ask('trap'), context())).toMatchObject({ kind: 'failed' });
    expect(await readdir(closedIn)).toHaveLength(1);
  });
});

/**
 * Asks a source what a worker would ask, in a thread of its own and through the same code: can it be reached, does it let
 * us in, and may we read what versions are made of. For `parqueue doctor`; leaves nothing behind.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure, Memo, ResolvedRequest } from '@parqueue/core';
import { Catalog, type Config, type SourceConfig } from '@parqueue/core/config';
import { EXIT_LIMIT_MS, FILL_THREAD_ENTRY, ThreadPool } from './thread/pool.ts';
import type { ThreadSetup } from './thread/setup.ts';

export interface SourceQuestion {
  readonly source: string;
  /** null: only whether the source can be reached. */
  readonly dataset: string | null;
}

export interface SourceAnswer extends SourceQuestion {
  readonly ok: boolean;
  readonly failure: Failure | null;
  readonly tookMs: number;
  /** What was asked of the source, each with its cost: tables, views or refresh keys. */
  readonly parts: Readonly<Record<string, number>>;
  /** Why the dataset was not asked, or null. */
  readonly skipped: string | null;
}

export interface SourceCheckOptions {
  readonly config: Config;
  readonly source: string;
  /** Of one question. */
  readonly limitMs: number;
  readonly now: () => number;
}

const STOP_GRACE_MS = 1000;
/** Nothing is remembered: what an earlier load learnt is not what the source says now. */
const NO_MEMO: Memo = { get: async () => null, put: async () => undefined };

/** One answer after the other, as they come. A source that could not be reached is not asked for its datasets. */
export async function* checkSource(options: SourceCheckOptions): AsyncGenerator<SourceAnswer> {
  const { config, source: name } = options;
  const catalog = new Catalog(config);
  const pool = openPool(config, catalog.source(name));
  try {
    // Loading the driver is no time of the source's.
    await pool.prepare(new AbortController().signal);
    const reached = await ask(pool, { source: name, dataset: null }, catalog.resolveConnection(name), options);
    yield reached;
    if (!reached.ok) return;
    for (const dataset of catalog.datasets()) {
      if (dataset.source !== name) continue;
      const question = { source: name, dataset: dataset.name };
      const asked = whyNotAsked(dataset.freshness.version, () => catalog.resolveForProbe(dataset.name));
      if (typeof asked === 'string')
        yield { ...question, ok: true, failure: null, tookMs: 0, parts: {}, skipped: asked };
      else yield await ask(pool, question, asked, options);
    }
  } finally {
    await pool[Symbol.asyncDispose]();
  }
}

function whyNotAsked(version: string, request: () => ResolvedRequest | null): ResolvedRequest | string {
  if (version === 'ttl' || version === 'manual') return `its version is \`${version}\`: the source is not asked for it`;
  return request() ?? 'its path needs a value for a parameter';
}

async function ask(
  pool: ThreadPool,
  question: SourceQuestion,
  request: ResolvedRequest,
  { limitMs, now }: SourceCheckOptions,
): Promise<SourceAnswer> {
  const began = now();
  const signal = AbortSignal.timeout(limitMs);
  const report = await pool.probe(request, { signal, known: {}, onProgress: () => undefined, onStep: () => undefined });
  const tookMs = now() - began;
  const base = { ...question, tookMs, parts: {}, skipped: null };
  if (report.kind === 'version') {
    const parts = Object.fromEntries(Object.entries(report.parts).map(([part, { costMs }]) => [part, costMs]));
    return { ...base, ok: true, failure: null, parts };
  }
  // The file that nobody has: whoever says that it is not there was reached.
  if (question.dataset === null && report.failure.code === 'PQ_NOT_FOUND') return { ...base, ok: true, failure: null };
  if (!signal.aborted) return { ...base, ok: false, failure: report.failure };
  const message = `no answer within ${Math.round(limitMs / 1000)} s`;
  return { ...base, ok: false, failure: { code: 'PQ_SOURCE_UNAVAILABLE', message, retryable: true } };
}

function openPool({ worker }: Config, source: SourceConfig): ThreadPool {
  const { threadMemoryBytes } = worker;
  const setup: ThreadSetup = {
    // Neither made nor migrated by a look, and no source is called dead because the store hangs.
    store: null,
    sources: { [source.name]: source },
    scratch: worker.scratch ?? join(tmpdir(), 'parqueue-doctor'),
    threadMemoryBytes,
    host: 'doctor',
    program: 'parqueue/doctor',
  };
  return new ThreadPool({
    threads: 1,
    perSource: 1,
    perGroup: 1,
    groupOf: (name) => name,
    waitingMax: 1,
    threadMemoryBytes,
    stopGraceMs: STOP_GRACE_MS,
    exitLimitMs: EXIT_LIMIT_MS,
    keepsConnections: source.kind !== 'file',
    entry: FILL_THREAD_ENTRY,
    setup,
    memo: NO_MEMO,
    // What goes wrong with a thread is its report.
    onTrouble: () => undefined,
  });
}

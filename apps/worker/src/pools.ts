/** The two thread pools of a worker: probes have threads of their own, so that they never wait behind a fill. */
import { toFailure, type Memo, type SourceWork } from '@parqueue/core';
import type { Config } from '@parqueue/core/config';
import type { Logger } from 'pino';
import { sourceGroups } from './file-servers.ts';
import { LayeredMemo } from './memo.ts';
import { meteredWork } from './metered-work.ts';
import type { WorkerMetrics } from './metrics.ts';
import { EXIT_LIMIT_MS, FILL_THREAD_ENTRY, ThreadPool } from './thread/pool.ts';
import type { ThreadSetup } from './thread/setup.ts';
import { timedWork } from './timed-work.ts';

export interface PoolsParts {
  readonly config: Config;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  readonly memo: Memo;
  readonly scratch: string;
  readonly host: string;
  readonly program: string;
}

export interface Pools {
  readonly fills: SourceWork;
  readonly probes: SourceWork;
  /** Loads drivers ahead of the first job; nobody needs to wait for it. */
  prepare(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A probe of a file is an open and a stat most of the time; only a changed one keeps a thread busy. */
const PROBES_PER_SOURCE = 2;
const PROBE_THREADS_MAX = 8;

export interface Threads {
  readonly all: number;
  /** As many may work for one source: where there are several, none of them takes the last one from the others. */
  readonly perSource: number;
  /** How many all sources of one server leave to the others. */
  readonly spare: number;
}

export function fillThreads({ worker, sources }: Config): Threads {
  const all = worker.threads;
  return { all, perSource: Object.keys(sources).length > 1 ? Math.max(1, all - 1) : all, spare: 1 };
}

/** A table may take a minute to count; the probes of other sources have threads of their own meanwhile. */
export function probeThreads({ sources }: Config): Threads {
  const wanted = Math.max(1, Object.keys(sources).length) * PROBES_PER_SOURCE;
  return { all: Math.min(PROBE_THREADS_MAX, wanted), perSource: PROBES_PER_SOURCE, spare: PROBES_PER_SOURCE };
}

/** What a source gets to break its calls and remove its files before its thread is terminated. */
const STOP_GRACE_MS = 5000;

/** Stats of as many files in this process; each is some hundred bytes. */
const MEMO_NAMES_MAX = 10_000;

export function openPools({ config, metrics, log, memo, scratch, host, program }: PoolsParts): Pools {
  const { threadMemoryBytes } = config.worker;
  const { root, fileMode } = config.store;
  const setup: ThreadSetup = {
    store: { root, fileMode },
    sources: config.sources,
    scratch,
    threadMemoryBytes,
    host,
    program,
  };
  const layered = new LayeredMemo(memo, MEMO_NAMES_MAX);
  const sourceCount = Object.keys(config.sources).length;
  const groups = sourceGroups(config.sources);
  const isOneGroup = new Set(groups.values()).size < 2;
  const pool = ({ all: size, perSource, spare }: Threads): ThreadPool =>
    new ThreadPool({
      threads: size,
      perSource,
      perGroup: isOneGroup ? size : Math.max(1, size - spare),
      groupOf: (source) => groups.get(source) ?? source,
      // No queue takes more jobs than there are threads, so no more can wait than all queues take together.
      waitingMax: size * sourceCount,
      threadMemoryBytes,
      stopGraceMs: STOP_GRACE_MS,
      exitLimitMs: EXIT_LIMIT_MS,
      keepsConnections: Object.values(config.sources).some(({ kind }) => kind !== 'file'),
      entry: FILL_THREAD_ENTRY,
      setup,
      memo: layered,
      onConnections: (threadId, bySource) => metrics.threadHolds(threadId, bySource),
      onTrouble: (error) => log.warn({ error: toFailure(error).message }, 'worker thread'),
    });
  const fills = pool(fillThreads(config));
  const probes = pool(probeThreads(config));
  metrics.watchThreads('fill', () => fills.use);
  metrics.watchThreads('probe', () => probes.use);
  return {
    fills: meteredWork(timedWork(fills), metrics),
    probes: meteredWork(timedWork(probes), metrics),
    prepare: async (signal) => {
      await Promise.all([fills.prepare(signal), probes.prepare(signal)]);
    },
    close: async () => {
      await Promise.all([fills[Symbol.asyncDispose](), probes[Symbol.asyncDispose]()]);
    },
  };
}

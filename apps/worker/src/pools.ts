/** The two thread pools of a worker: probes have threads of their own, so that they never wait behind a fill. */
import { toFailure, type Memo, type SourceWork } from '@parqueue/core';
import type { Config } from '@parqueue/core/config';
import type { Logger } from 'pino';
import { LayeredMemo } from './memo.ts';
import { meteredWork, type WorkerMetrics } from './metrics.ts';
import { FILL_THREAD_ENTRY, ThreadPool } from './thread/pool.ts';
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

/** A probe is an open and a stat most of the time; only a changed file keeps a thread busy. */
export const PROBE_THREADS = 2;

/** What a source gets to break its calls and remove its files before its thread is terminated. */
const STOP_GRACE_MS = 5000;

/** Stats of as many files in this process; each is some hundred bytes. */
const MEMO_NAMES_MAX = 10_000;

export function openPools({ config, metrics, log, memo, scratch, host, program }: PoolsParts): Pools {
  const { threads, threadMemoryBytes } = config.worker;
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
  const pool = (size: number): ThreadPool =>
    new ThreadPool({
      threads: size,
      // No queue takes more jobs than there are threads, so no more can wait than all queues take together.
      waitingMax: size * sourceCount,
      threadMemoryBytes,
      stopGraceMs: STOP_GRACE_MS,
      entry: FILL_THREAD_ENTRY,
      setup,
      memo: layered,
      onTrouble: (error) => log.warn({ error: toFailure(error).message }, 'worker thread'),
    });
  const fills = pool(threads);
  const probes = pool(PROBE_THREADS);
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

/**
 * What docs/kubernetes.md says of sizes, as arithmetic: how much memory a worker may take at the very most, and how many
 * workers the sources can keep busy.
 */
import type { Config } from '@parqueue/core/config';

const MIB = 2 ** 20;
/** The young part of a thread's heap (apps/worker/src/thread/pool.ts). */
const YOUNG_HEAP = 64 * MIB;
/** Node, the queues, metrics: with room to spare. Whole workers that loaded small files were seen at 210 to 320 MiB. */
const PROCESS = 320 * MIB;
/** A thread that only asks for versions: its heap and a driver. An allowance, not a measurement. */
const PROBE_THREAD = 96 * MIB;
const PROBE_THREADS_MAX = 8;

/** DuckDB's own limit by thread (thread/source-shelf.ts). Parsers and writers stay within twice of it. */
function duckdbMemory(threadMemory: number): number {
  return Math.min(384, Math.max(128, threadMemory / 2 / MIB)) * MIB;
}

export function workerMemory({ worker, sources }: Config): number {
  const { threads, threadMemoryBytes } = worker;
  const probes = Math.min(PROBE_THREADS_MAX, 2 * Math.max(1, Object.keys(sources).length));
  const fill = threadMemoryBytes + YOUNG_HEAP + 2 * duckdbMemory(threadMemoryBytes);
  return PROCESS + threads * fill + probes * PROBE_THREAD;
}

/** Workers that the sources' limits can keep busy: in total, and by the one that allows most loads at once. */
export function fillsNeed({ worker, sources }: Config): number {
  const limits = Object.values(sources).map(({ maxConcurrentFills }) => maxConcurrentFills);
  const total = limits.reduce((sum, limit) => sum + limit, 0);
  const perSource = limits.length > 1 ? Math.max(1, worker.threads - 1) : worker.threads;
  return Math.max(Math.ceil(total / worker.threads), Math.ceil(Math.max(...limits) / perSource));
}

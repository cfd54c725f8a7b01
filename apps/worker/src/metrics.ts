/**
 * The worker's metrics: what is counted, and with which labels, stands here and nowhere else. Labels are bounded: sources,
 * datasets, outcomes, codes and phases, never keys. Every combination that can come begins at 0, where it is known.
 */
import { ERROR_CODES, EVICTION_REASONS, GC_REASONS, type SourceConnections } from '@parqueue/core';
import { MetricTable, startAtZero } from '@parqueue/core/telemetry';
import type { Registry } from 'prom-client';

/** From a file of a few rows to the four hours of the default fill timeout. */
const FILL_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400];
const PROBE_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];

export const FILL_OUTCOMES = ['committed', 'unchanged', 'fenced', 'failed', 'refused', 'cancelled'] as const;
export const FILL_PHASES = ['open', 'read', 'publish', 'commit'] as const;
const PROBE_OUTCOMES = ['verified', 'satisfied', 'changed', 'absent', 'failed', 'cancelled'];
const REFRESH_OUTCOMES = ['verified', 'loaded', 'fresh', 'joined', 'unread', 'foreign', 'late', 'failed'];

type ThreadConnections = Readonly<Record<string, SourceConnections>>;

export interface ThreadsUse {
  readonly busy: number;
  readonly free: number;
  /** Terminated, and kept in the kernel by a call that does not come back. */
  readonly stuck: number;
  /** Tasks that wait for a thread. */
  readonly waiting: number;
}

export interface MetricsOptions {
  readonly version: string;
  readonly now: () => number;
  /** Names, as the configuration has them. */
  readonly sources: readonly string[];
  readonly datasets: readonly string[];
  readonly storeUp: () => Promise<boolean>;
}

export type WorkerMetrics = ReturnType<typeof createMetrics>;

export function createMetrics({ version, now, sources, datasets, storeUp }: MetricsOptions) {
  const table = new MetricTable({ version, component: 'worker' });
  table.storeUp(storeUp);
  return {
    registry: table.registry satisfies Registry,
    ...sourceMetrics(table, sources),
    ...fillMetrics(table, sources),
    ...upkeepMetrics(table, datasets),
    ...connectionMetrics(table, sources),
    ...coolingMetrics(table, sources, now),
    ...threadMetrics(table),
  };
}

function sourceMetrics(table: MetricTable, sources: readonly string[]) {
  const probes = table.counter('probes_total', 'Probe jobs ended, by what they found.', 'source', 'outcome');
  const probeSeconds = table.histogram('probe_seconds', 'Time to ask a source for its version.', {
    buckets: PROBE_BUCKETS,
    labelNames: ['source'],
  });
  const sourceStatements = table.counter(
    'source_statements_total',
    'Questions put to a source: probes, and loads of rows.',
    'source',
    'kind',
  );
  const jobFailures = table.counter(
    'job_failures_total',
    'Jobs that failed, by the code of the failure.',
    'source',
    'kind',
    'code',
  );
  startAtZero(probes, { source: sources, outcome: PROBE_OUTCOMES });
  startAtZero(probeSeconds, { source: sources });
  startAtZero(sourceStatements, { source: sources, kind: ['probe', 'load'] });
  startAtZero(jobFailures, { source: sources, kind: ['probe', 'fill'], code: SOURCE_TROUBLE });
  return { probes, probeSeconds, sourceStatements, jobFailures };
}

/** What operators have alerts for; other codes come when they come. */
const SOURCE_TROUBLE = Object.keys(ERROR_CODES).filter((code) => /^PQ_(SOURCE|STORE|WORKER)_/.test(code));

function fillMetrics(table: MetricTable, sources: readonly string[]) {
  const fills = table.counter('fills_total', 'Fills ended: jobs that held a lease.', 'source', 'outcome');
  const fillSeconds = table.histogram('fill_seconds', 'Time spent in each phase of a fill.', {
    buckets: FILL_BUCKETS,
    labelNames: ['source', 'phase'],
  });
  const fillRows = table.counter('fill_rows_total', 'Rows of committed generations.', 'source');
  const fillBytes = table.counter('fill_bytes_total', 'Bytes of committed generations.', 'source');
  const commits = table.counter('commits_total', 'Commits answered by Redis.', 'outcome');
  startAtZero(fills, { source: sources, outcome: FILL_OUTCOMES });
  startAtZero(fillSeconds, { source: sources, phase: FILL_PHASES });
  startAtZero(fillRows, { source: sources });
  startAtZero(fillBytes, { source: sources });
  startAtZero(commits, { outcome: ['committed', 'fenced'] });
  return {
    fills,
    fillSeconds,
    fillRows,
    fillBytes,
    commits,
    leaseWaitSeconds: table.histogram('lease_wait_seconds', 'From the creation of a fill job to its lease.', {
      buckets: FILL_BUCKETS,
    }),
    leasesLost: table.counter('leases_lost_total', 'Leases that were lost before their fill ended.'),
  };
}

function upkeepMetrics(table: MetricTable, datasets: readonly string[]) {
  const refreshes = table.counter(
    'refreshes_total',
    'Entries that a due refresh came by, by what became of them.',
    'dataset',
    'outcome',
  );
  const headsRetired = table.counter(
    'heads_retired_total',
    'Heads that garbage collection took out of service, by why.',
    'reason',
  );
  const gcRemovedBytes = table.counter(
    'gc_removed_bytes_total',
    'Bytes removed by garbage collection, by why.',
    'reason',
  );
  const gcRemoved = table.counter(
    'gc_removed_total',
    'Generations and staging directories removed by garbage collection, by why.',
    'reason',
  );
  startAtZero(refreshes, { dataset: datasets, outcome: REFRESH_OUTCOMES });
  startAtZero(headsRetired, { reason: [...EVICTION_REASONS] });
  startAtZero(gcRemoved, { reason: [...GC_REASONS] });
  startAtZero(gcRemovedBytes, { reason: [...GC_REASONS] });
  return {
    refreshes,
    headsRetired,
    gcRemovedBytes,
    gcRemoved,
  };
}

function connectionMetrics(table: MetricTable, sources: readonly string[]) {
  const held = new Map<number, ThreadConnections>();
  table.sampledBy(
    'source_connections',
    'Connections to a source that the threads of this worker hold.',
    ['source', 'state'],
    () => {
      const bySource = new Map(sources.map((source) => [source, { busy: 0, idle: 0 }]));
      for (const [source, { busy, idle }] of [...held.values()].flatMap(Object.entries<SourceConnections>)) {
        const sum = bySource.get(source) ?? { busy: 0, idle: 0 };
        bySource.set(source, { busy: sum.busy + busy, idle: sum.idle + idle });
      }
      return [...bySource].flatMap(([source, { busy, idle }]) => [
        { labels: { source, state: 'busy' }, value: busy },
        { labels: { source, state: 'idle' }, value: idle },
      ]);
    },
  );
  return {
    threadHolds: (threadId: number, bySource: ThreadConnections): void => {
      held.set(threadId, bySource);
      if (Object.keys(bySource).length === 0) held.delete(threadId);
    },
  };
}

function coolingMetrics(table: MetricTable, sources: readonly string[], now: () => number) {
  /** By source, when its cool-down ends by this host's clock. */
  const coolingUntil = new Map<string, number>(sources.map((source) => [source, 0]));
  table.sampledBy(
    'source_cooling',
    'Whether the source cools down after failures, as far as this worker has heard: 1 or 0.',
    ['source'],
    () => [...coolingUntil].map(([source, untilMs]) => ({ labels: { source }, value: untilMs > now() ? 1 : 0 })),
  );
  return {
    sourceCools: (source: string, state: { readonly untilMs: number | null; readonly nowMs: number }): void => {
      coolingUntil.set(source, state.untilMs === null ? 0 : now() + state.untilMs - state.nowMs);
    },
  };
}

function threadMetrics(table: MetricTable) {
  const pools = new Map<string, () => ThreadsUse>();
  table.sampledBy('threads', 'Threads of this worker, by what they are for.', ['pool', 'state'], () =>
    [...pools].flatMap(([pool, use]) => {
      const { busy, free, stuck } = use();
      return [
        { labels: { pool, state: 'busy' }, value: busy },
        { labels: { pool, state: 'free' }, value: free },
        { labels: { pool, state: 'stuck' }, value: stuck },
      ];
    }),
  );
  table.sampledBy('thread_tasks_waiting', 'Tasks that wait for a thread of this worker.', ['pool'], () =>
    [...pools].map(([pool, use]) => ({ labels: { pool }, value: use().waiting })),
  );
  return {
    watchThreads: (pool: 'fill' | 'probe', use: () => ThreadsUse): void => {
      pools.set(pool, use);
    },
  };
}

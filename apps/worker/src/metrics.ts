/**
 * The worker's metrics. Labels are bounded: sources, outcomes and phases, never keys. What is counted is defined here
 * and nowhere else; FillTimeline turns the steps of one fill into phases.
 */
import type { FillReport, Outcome, ProbeReport, SourceConnections, SourceWork, StepName } from '@parqueue/core';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** From a file of a few rows to the four hours of the default fill timeout. */
const FILL_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400];
const PROBE_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];

type ThreadConnections = Readonly<Record<string, SourceConnections>>;

export type WorkerMetrics = ReturnType<typeof createMetrics>;

export function createMetrics(build: { readonly version: string; readonly now: () => number }) {
  const registry = new Registry();
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
    new Counter({ name: `parqueue_${name}`, help, labelNames, registers: [registry] });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: Label[]
  ): Histogram<Label> => new Histogram({ name: `parqueue_${name}`, help, labelNames, buckets, registers: [registry] });
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
    new Gauge({ name: `parqueue_${name}`, help, labelNames, registers: [registry] });

  const buildInfo = gauge('build_info', 'The running release; always 1.', 'version', 'node');
  buildInfo.set({ version: build.version, node: process.version }, 1);
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of this process, threads included.',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  /** By source, when its cool-down ends by this host's clock. */
  const coolingUntil = new Map<string, number>();
  new Gauge({
    name: 'parqueue_source_cooling',
    help: 'Whether the source cools down after failures, as far as this worker has heard: 1 or 0.',
    labelNames: ['source'],
    registers: [registry],
    collect() {
      for (const [source, untilMs] of coolingUntil) this.set({ source }, untilMs > build.now() ? 1 : 0);
    },
  });
  const held = new Map<number, ThreadConnections>();
  const connections = gauge(
    'source_connections',
    'Connections to a source that the threads of this worker hold.',
    'source',
    'state',
  );
  return {
    registry,
    threadHolds: (threadId: number, bySource: ThreadConnections): void => {
      held.set(threadId, bySource);
      if (Object.keys(bySource).length === 0) held.delete(threadId);
      connections.reset();
      for (const [source, { busy, idle }] of [...held.values()].flatMap(Object.entries<SourceConnections>)) {
        connections.inc({ source, state: 'busy' }, busy);
        connections.inc({ source, state: 'idle' }, idle);
      }
    },
    sourceCools: (source: string, state: { readonly untilMs: number | null; readonly nowMs: number }): void => {
      coolingUntil.set(source, state.untilMs === null ? 0 : build.now() + state.untilMs - state.nowMs);
    },
    probes: counter('probes_total', 'Probe jobs ended, by what they found.', 'source', 'outcome'),
    probeSeconds: histogram('probe_seconds', 'Time to ask a source for its version.', PROBE_BUCKETS, 'source'),
    fills: counter('fills_total', 'Fills ended: jobs that held a lease.', 'source', 'outcome'),
    fillSeconds: histogram('fill_seconds', 'Time spent in each phase of a fill.', FILL_BUCKETS, 'source', 'phase'),
    fillRows: counter('fill_rows_total', 'Rows of committed generations.', 'source'),
    fillBytes: counter('fill_bytes_total', 'Bytes of committed generations.', 'source'),
    sourceStatements: counter(
      'source_statements_total',
      'Questions put to a source: probes, and loads of rows.',
      'source',
      'kind',
    ),
    leaseWaitSeconds: histogram('lease_wait_seconds', 'From the creation of a fill job to its lease.', FILL_BUCKETS),
    leasesLost: counter('leases_lost_total', 'Leases that were lost before their fill ended.'),
    commits: counter('commits_total', 'Commits answered by Redis.', 'outcome'),
    gcRemoved: counter('gc_removed_total', 'Generations removed by garbage collection.'),
    storeBytes: gauge('store_bytes', 'Bytes of all heads, at the last garbage collection of this worker.'),
    storeGenerations: gauge(
      'store_generations',
      'Generations on the store, at the last garbage collection of this worker.',
    ),
  };
}

/** Counts what reaches a source: the number that tells whether callers were collapsed. */
export function meteredWork(work: SourceWork, metrics: WorkerMetrics): SourceWork {
  return {
    async probe(request, context): Promise<ProbeReport> {
      metrics.sourceStatements.inc({ source: request.source, kind: 'probe' });
      const end = metrics.probeSeconds.startTimer({ source: request.source });
      const report = await work.probe(request, context);
      end();
      return report;
    },
    async fill(task, context): Promise<FillReport> {
      const { source } = task.request;
      let loading = false;
      const report = await work.fill(task, {
        ...context,
        onStep: async (step) => {
          loading ||= step === 'first-batch';
          await context.onStep(step);
        },
      });
      // A load that met no row has no first batch; one that found the source unchanged only asked for its version.
      metrics.sourceStatements.inc({ source, kind: loading || report.kind === 'published' ? 'load' : 'probe' });
      return report;
    },
  };
}

const PHASE_ENDS: Partial<Record<StepName, string>> = {
  'snapshot-opened': 'open',
  'part-synced': 'read',
  published: 'publish',
  'commit-acked': 'commit',
};

/** The phases of one fill: each ends at a step and begins where the one before ended. */
export class FillTimeline {
  readonly #metrics: WorkerMetrics;
  readonly #source: string;
  readonly #createdAtMs: number;
  #phaseBeganAt: number | null = null;
  #fenced = false;

  constructor(metrics: WorkerMetrics, source: string, createdAtMs: number) {
    this.#metrics = metrics;
    this.#source = source;
    this.#createdAtMs = createdAtMs;
  }

  step(name: StepName, nowMs: number): void {
    if (name === 'lease-acquired') {
      // Both ends are local clocks, of the host that asked and of this one: fit for a histogram of seconds.
      this.#metrics.leaseWaitSeconds.observe(Math.max(0, nowMs - this.#createdAtMs) / 1000);
      this.#phaseBeganAt = nowMs;
    }
    if (name === 'lease-lost') this.#metrics.leasesLost.inc();
    if (name === 'commit-acked') this.#metrics.commits.inc({ outcome: 'committed' });
    if (name === 'fenced') {
      this.#fenced = true;
      this.#metrics.commits.inc({ outcome: 'fenced' });
    }
    const phase = PHASE_ENDS[name];
    if (phase === undefined || this.#phaseBeganAt === null) return;
    this.#metrics.fillSeconds.observe({ source: this.#source, phase }, (nowMs - this.#phaseBeganAt) / 1000);
    this.#phaseBeganAt = nowMs;
  }

  end(outcome: Outcome): void {
    // A job that never held a lease filled nothing.
    if (this.#phaseBeganAt === null) return;
    this.#metrics.fills.inc({ source: this.#source, outcome: this.#fenced ? 'fenced' : fillOutcome(outcome) });
    if (outcome.kind !== 'committed') return;
    this.#metrics.fillRows.inc({ source: this.#source }, outcome.rows);
    this.#metrics.fillBytes.inc({ source: this.#source }, outcome.bytes);
  }
}

function fillOutcome({ kind }: Outcome): 'committed' | 'unchanged' | 'failed' | 'cancelled' {
  switch (kind) {
    case 'committed':
    case 'failed':
    case 'cancelled':
      return kind;
    case 'verified':
    case 'satisfied':
    case 'changed':
    case 'absent':
      return 'unchanged';
    default:
      return kind satisfies never;
  }
}

/** Turns the steps of one fill into phases, outcomes and sums. */
import { isCallersOwn, type Outcome, type ResolvedRequest, type StepName } from '@parqueue/core';
import type { FILL_OUTCOMES, FILL_PHASES, WorkerMetrics } from './metrics.ts';

/** The step that ends each phase; the first begins with the lease. */
export const PHASE_ENDS: Partial<Record<StepName, (typeof FILL_PHASES)[number]>> = {
  'snapshot-opened': 'open',
  'part-synced': 'read',
  published: 'publish',
  'commit-acked': 'commit',
};

/** The phases of one fill: each ends at a step and begins where the one before ended. */
export class FillTimeline {
  readonly #metrics: WorkerMetrics;
  readonly #source: string;
  readonly #dataset: string | null;
  readonly #createdAtMs: number;
  #phaseBeganAt: number | null = null;
  #fenced = false;

  constructor(
    metrics: WorkerMetrics,
    { source, dataset }: Pick<ResolvedRequest, 'source' | 'dataset'>,
    createdAtMs: number,
  ) {
    this.#metrics = metrics;
    this.#source = source;
    this.#dataset = dataset;
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
    const ended = this.#fenced ? 'fenced' : fillOutcome(outcome, this.#dataset);
    this.#metrics.fills.inc({ source: this.#source, outcome: ended });
    if (outcome.kind !== 'committed') return;
    this.#metrics.fillRows.inc({ source: this.#source }, outcome.rows);
    this.#metrics.fillBytes.inc({ source: this.#source }, outcome.bytes);
  }
}

function fillOutcome(outcome: Outcome, dataset: string | null): (typeof FILL_OUTCOMES)[number] {
  switch (outcome.kind) {
    case 'committed':
    case 'cancelled':
      return outcome.kind;
    case 'failed':
      return isCallersOwn(outcome.failure, dataset) ? 'refused' : 'failed';
    case 'verified':
    case 'satisfied':
    case 'changed':
    case 'absent':
      return 'unchanged';
    default:
      return outcome satisfies never;
  }
}

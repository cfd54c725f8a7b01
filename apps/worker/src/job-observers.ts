/**
 * Who hears the steps of one job: its metrics, its trace, the log, and whoever gates steps in tests. Owns what joins the lines
 * of request, job and fill: each line of a job has all of requestId, jobId, traceId and fillId that are known by then.
 */
import { traceIdOf, type Job, type JobContext, type JobRun, type OnStep, type Tracer } from '@parqueue/core';
import { FillTimeline } from './fill-timeline.ts';
import { JobTrace } from './job-trace.ts';
import type { WorkerMetrics } from './metrics.ts';

export interface ObservedJob {
  readonly job: Job;
  readonly jobId: string;
  readonly queuedAtMs: number;
}

export interface ObserverDeps {
  readonly metrics: WorkerMetrics;
  /** null: traces are off. */
  readonly tracer: Tracer | null;
  readonly onStep: OnStep;
  readonly now: () => number;
}

export class JobObservers {
  readonly #observed: ObservedJob;
  readonly #deps: ObserverDeps;
  readonly #timeline: FillTimeline;
  readonly #trace: JobTrace | null;
  #fillId: string | null = null;

  constructor(observed: ObservedJob, deps: ObserverDeps) {
    const { job, queuedAtMs } = observed;
    const { metrics, tracer, now } = deps;
    this.#observed = observed;
    this.#deps = deps;
    this.#timeline = new FillTimeline(metrics, job.request, queuedAtMs);
    this.#trace = tracer === null ? null : new JobTrace(tracer, { ...observed, now });
  }

  readonly onStep: OnStep = async (name, details) => {
    if (name === 'lease-acquired') this.#fillId = String(details['fillId']);
    this.#timeline.step(name, this.#deps.now());
    this.#trace?.step(name, details);
    await this.#deps.onStep(name, { ...this.line, ...details });
  };

  /** What source work tells besides its steps. */
  get statements(): Pick<JobContext, 'onStatement'> {
    const trace = this.#trace;
    return trace === null ? {} : { onStatement: (statement) => trace.statement(statement) };
  }

  get line(): Readonly<Record<string, string | null>> {
    const { job, jobId } = this.#observed;
    return {
      requestId: job.requestId,
      jobId,
      ...(job.traceparent === undefined ? {} : { traceId: traceIdOf(job.traceparent) }),
      ...(this.#fillId === null ? {} : { fillId: this.#fillId }),
      source: job.request.source,
      key: job.request.key,
    };
  }

  end(run: JobRun): void {
    this.#trace?.end(run);
    if (run.kind !== 'done') return;
    const { metrics } = this.#deps;
    const { kind, request } = this.#observed.job;
    const { source } = request;
    const { outcome } = run;
    if (kind === 'fill') this.#timeline.end(outcome);
    else metrics.probes.inc({ source, outcome: outcome.kind });
    if (outcome.kind === 'failed') metrics.jobFailures.inc({ source, kind, code: outcome.failure.code });
  }
}

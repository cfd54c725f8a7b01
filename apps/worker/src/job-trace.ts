/**
 * The trace of one job: turns its steps into spans, as FillTimeline turns them into seconds.
 *
 *   job fill ─ fill ─┬ open      (thread) ─ BEGIN, VERSION …   statements, as the thread tells them
 *                    ├ read      (thread) ─ SELECT …
 *                    ├ publish   (thread)
 *                    └ commit
 *   job probe ─ probe ─ VERSION …
 *
 * Threads have no tracer: what happens in them comes here as steps and statements, over the port that they have anyway.
 */
import {
  attributesOf,
  type Job,
  type JobRun,
  type SourceStatement,
  type Span,
  type SpanAttributes,
  type StepName,
  type Tracer,
} from '@parqueue/core';
import { PHASE_ENDS } from './fill-timeline.ts';
import { FILL_PHASES } from './metrics.ts';

/** OpenTelemetry's names. */
const SYSTEMS = { oracle: 'oracle.db', postgres: 'postgresql', mysql: 'mysql' } as const;

export interface TracedJob {
  readonly job: Job;
  readonly jobId: string;
  readonly queuedAtMs: number;
  readonly now: () => number;
}

export class JobTrace {
  readonly #tracer: Tracer;
  /** Asked once per step: what begins with a step begins where the one before ended. */
  readonly #now: () => number;
  readonly #source: string;
  readonly #job: Span;
  /** Inside the job, innermost last. */
  readonly #open: Span[] = [];

  constructor(tracer: Tracer, { job, jobId, queuedAtMs, now }: TracedJob) {
    const nowMs = now();
    this.#tracer = tracer;
    this.#now = now;
    this.#source = job.request.source;
    this.#job = tracer.start({
      name: `job ${job.kind}`,
      kind: 'consumer',
      parent: job.traceparent ?? null,
      beganAtMs: nowMs,
      attributes: {
        'parqueue.job.id': jobId,
        'parqueue.job.kind': job.kind,
        // Both ends are local clocks, of the host that asked and of this one.
        'parqueue.job.queued_ms': Math.max(0, nowMs - queuedAtMs),
        'parqueue.source': job.request.source,
        'parqueue.key': job.request.key,
        ...(job.request.dataset === null ? {} : { 'parqueue.dataset': job.request.dataset }),
        ...(job.requestId === null ? {} : { 'parqueue.request.id': job.requestId }),
      },
    });
  }

  step(name: StepName, details: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#now();
    const attributes = attributesOf(details);
    switch (name) {
      case 'lease-acquired':
        // A fill that lost its lease begins again within the job.
        this.#closeAll(null, nowMs);
        this.#begin('fill', nowMs, {
          'parqueue.fill.id': String(details['fillId']),
          'parqueue.fence': Number(details['fence']),
        });
        return this.#begin(FILL_PHASES[0], nowMs);
      case 'probe-started':
        return this.#begin('probe', nowMs);
      case 'probe-finished':
        return this.#end(nowMs);
      case 'unchanged':
        this.#endPhase(nowMs);
        return this.#innermost.event(name, attributes);
      default:
        this.#innermost.event(name, attributes);
        return this.#phaseEnds(name, nowMs);
    }
  }

  /** Heard before the step that ends its phase: both come over one port. */
  statement({ system, operation, summary, beganAtMs, endedAtMs, rows, failure }: SourceStatement): void {
    const span = this.#tracer.start({
      name: summary,
      kind: 'client',
      parent: this.#innermost.traceparent,
      beganAtMs,
      attributes: {
        'db.system.name': SYSTEMS[system],
        'db.operation.name': operation,
        'db.query.summary': summary,
        'parqueue.source': this.#source,
        ...(rows === null ? {} : { 'db.response.returned_rows': rows }),
      },
    });
    span.end(failure, endedAtMs);
  }

  end(run: JobRun): void {
    const outcome = run.kind === 'done' ? run.outcome : null;
    const failure = outcome?.kind === 'failed' ? outcome.failure.code : null;
    const nowMs = this.#now();
    this.#closeAll(failure, nowMs);
    this.#job.set({ 'parqueue.outcome': outcome?.kind ?? run.kind });
    this.#job.end(failure, nowMs);
  }

  get #innermost(): Span {
    return this.#open.at(-1) ?? this.#job;
  }

  #phaseEnds(name: StepName, nowMs: number): void {
    const phase = PHASE_ENDS[name];
    if (phase === undefined) return;
    this.#endPhase(nowMs);
    const next = FILL_PHASES[FILL_PHASES.indexOf(phase) + 1];
    if (next !== undefined) this.#begin(next, nowMs);
  }

  #begin(name: string, beganAtMs: number, attributes: SpanAttributes = {}): void {
    const { traceparent: parent } = this.#innermost;
    this.#open.push(this.#tracer.start({ name, kind: 'internal', parent, beganAtMs, attributes }));
  }

  /** Never the fill itself. */
  #endPhase(nowMs: number): void {
    if (this.#open.length > 1) this.#end(nowMs);
  }

  #end(nowMs: number): void {
    this.#open.pop()?.end(null, nowMs);
  }

  #closeAll(failure: string | null, nowMs: number): void {
    for (let span = this.#open.pop(); span !== undefined; span = this.#open.pop()) span.end(failure, nowMs);
  }
}

/**
 * From a BullMQ job to a use case and back. BullMQ delivers at least once and its token is not a fence; the use cases
 * live with both. What is decided here is only where the job goes afterwards:
 *
 *   done         → completed; the use case has recorded the outcome
 *   delayed      → back to the queue for a while: somebody else fills the key
 *   interrupted  → back to the front of the queue for another worker, unless this one has lost the job already
 *   Redis down   → like delayed; what it has forgotten when it returns, callers enqueue again
 *   anything else thrown → recorded as a failure, so that callers hear of it at once
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CANCELLED,
  isParqueueError,
  toFailure,
  type Filler,
  type Job,
  type JobContext,
  type JobRun,
  type OnStep,
  type Outcome,
  type Outcomes,
  type Prober,
  type Tracer,
} from '@parqueue/core';
import { DelayedError, WaitingError, type Job as QueuedJob } from 'bullmq';
import type { Logger } from 'pino';
import { JobObservers } from './job-observers.ts';
import type { WorkerMetrics } from './metrics.ts';
import { PROGRESS_INTERVAL_MS, ProgressReporter } from './progress.ts';

/** Why a running job is told to stop; the reason of its signal. */
export const STOP = {
  /** A user gave it up: the use cases know this reason. */
  cancelled: CANCELLED,
  /** This worker shuts down; another one shall run the job. */
  shutdown: 'shutdown',
  /** BullMQ gave the job to another worker, or forgot it. */
  lockLost: 'lock lost',
} as const;

export interface ProcessorDeps {
  /** @throws ParqueueError where this worker means something else by the request than who made the job. */
  readonly verify: (job: Job) => void;
  /** The use cases, each job with its own ear for steps. */
  readonly filler: (onStep: OnStep) => Pick<Filler, 'run'>;
  readonly prober: (onStep: OnStep) => Pick<Prober, 'run'>;
  readonly outcomes: Outcomes;
  readonly onStep: OnStep;
  readonly metrics: WorkerMetrics;
  /** null: traces are off. */
  readonly tracer: Tracer | null;
  readonly log: Logger;
  readonly now: () => number;
}

const COORDINATION_PAUSE_MS = 1000;
const HAND_BACK_LIMIT_MS = 5000;

export class JobProcessor {
  readonly #deps: ProcessorDeps;

  constructor(deps: ProcessorDeps) {
    this.#deps = deps;
  }

  /** The shape BullMQ wants: three declared parameters, or the signal is never given. */
  async process(queued: QueuedJob<Job>, token: string | undefined, signal: AbortSignal | undefined): Promise<Outcome> {
    const stop = signal ?? new AbortController().signal;
    const run = await this.#run(queued, stop);
    switch (run.kind) {
      case 'done':
        return run.outcome;
      case 'delayed':
        await this.#handBack(queued, () => queued.moveToDelayed(this.#deps.now() + run.ms, token));
        throw new DelayedError();
      case 'interrupted':
        if (stop.reason !== STOP.lockLost) await this.#handBack(queued, () => queued.moveToWait(token));
        throw new WaitingError();
      default:
        return run satisfies never;
    }
  }

  async #run(queued: QueuedJob<Job>, signal: AbortSignal): Promise<JobRun> {
    const { log } = this.#deps;
    const job = queued.data;
    const jobId = queued.id ?? '';
    const observers = new JobObservers({ job, jobId, queuedAtMs: queued.timestamp }, this.#deps);
    using progress = new ProgressReporter((report) => {
      queued
        .updateProgress(report)
        .catch((error: unknown) => log.debug({ jobId, error: toFailure(error).message }, 'progress not sent'));
    }, PROGRESS_INTERVAL_MS);
    const context = {
      jobId,
      signal,
      onProgress: (report) => progress.report(report),
      ...observers.statements,
    } satisfies JobContext;
    const run = await this.#attempt(job, context, observers.onStep);
    observers.end(run);
    if (run.kind !== 'done') return run;
    const line = { ...observers.line, kind: job.kind, outcome: run.outcome };
    if (run.outcome.kind === 'failed') log.warn(line, 'job failed');
    else log[job.kind === 'fill' ? 'info' : 'debug'](line, 'job done');
    return run;
  }

  async #attempt(job: Job, context: JobContext, onStep: OnStep): Promise<JobRun> {
    const { verify, filler, prober, log } = this.#deps;
    try {
      verify(job);
      return await (job.kind === 'fill' ? filler(onStep) : prober(onStep)).run(job, context);
    } catch (error) {
      const failure = toFailure(error);
      if (failure.code === 'PQ_COORDINATION_DOWN') {
        log.warn({ jobId: context.jobId, failure }, 'job put back until Redis answers');
        return { kind: 'delayed', ms: COORDINATION_PAUSE_MS };
      }
      if (!isParqueueError(error)) log.error({ jobId: context.jobId, err: error }, 'unexpected error in a job');
      return await this.#fail(job, context.jobId, { kind: 'failed', failure });
    }
  }

  /** For jobs that end without a use case. Its callers also find out by looking again, so a lost record is only slow. */
  async #fail(job: Job, jobId: string, outcome: Outcome): Promise<JobRun> {
    try {
      await this.#deps.outcomes.record({ id: jobId, key: job.request.key }, outcome);
    } catch (error) {
      this.#deps.log.warn({ jobId, failure: toFailure(error) }, 'outcome not recorded');
    }
    return { kind: 'done', outcome };
  }

  /** BullMQ found the job stalled too often: each worker that took it died. */
  async abandoned(queued: QueuedJob<Job>): Promise<void> {
    const message = 'the workers that ran this job died; look for memory limits and crashes in their logs';
    const { kind, request } = queued.data;
    this.#deps.metrics.jobFailures.inc({ source: request.source, kind, code: 'PQ_WORKER_CRASHED' });
    await this.#fail(queued.data, queued.id ?? '', {
      kind: 'failed',
      failure: { code: 'PQ_WORKER_CRASHED', message, retryable: true },
    });
  }

  /**
   * A job that is gone, or in other hands, cannot be handed back and need not be. While Redis is away the wish waits in
   * the connection; it is not waited for, because the job's lock ends by itself.
   */
  async #handBack(queued: QueuedJob<Job>, move: () => Promise<unknown>): Promise<void> {
    const limit = new AbortController();
    const late = sleep(HAND_BACK_LIMIT_MS, 'Redis does not answer', { signal: limit.signal }).catch(() => null);
    const moved = move().then(
      () => null,
      (error: unknown) => toFailure(error).message,
    );
    const trouble = await Promise.race([moved, late]);
    limit.abort();
    if (trouble !== null) this.#deps.log.warn({ jobId: queued.id, error: trouble }, 'job could not be handed back');
  }
}

/**
 * A probe job: proves the head right by asking the source for its version, or finds that a fill is needed and
 * enqueues it, so that the work goes on even when nobody waits any more.
 *
 * The tick is taken before the source is touched (I13): whoever arrives after it is not satisfied by this probe.
 */
import { canVerifyByProbe, satisfies } from './model/freshness.ts';
import type { Job, Outcome } from './model/job.ts';
import type { Epochs } from './epoch.ts';
import { lookReconciled, targetOf, type ReconciledLookDeps } from './look.ts';
import type { Ticks } from './ports/coordination.ts';
import type { OnStep } from './ports/steps.ts';
import type { JobQueue, Outcomes, SourceWork, WorkContext } from './ports/work.ts';

export interface ProbeDeps extends ReconciledLookDeps {
  readonly ticks: Ticks;
  readonly work: SourceWork;
  readonly jobs: JobQueue;
  readonly outcomes: Outcomes;
  readonly epochs: Pick<Epochs, 'run'>;
  readonly onStep: OnStep;
}

export interface JobContext {
  readonly jobId: string;
  /** Aborted with reason CANCELLED when a user gave the job up, with anything else when this worker must let go. */
  readonly signal: AbortSignal;
  readonly onProgress: WorkContext['onProgress'];
}

/** The abort reason of a job that a user cancelled. */
export const CANCELLED = 'cancelled';

export type JobRun =
  | { readonly kind: 'done'; readonly outcome: Outcome }
  /** Somebody else fills the key: look again after `ms`. */
  | { readonly kind: 'delayed'; readonly ms: number }
  /** This worker lets go; the job goes back to the queue. */
  | { readonly kind: 'interrupted' };

export class Prober {
  readonly #deps: ProbeDeps;

  constructor(deps: ProbeDeps) {
    this.#deps = deps;
  }

  async run(job: Job, context: JobContext): Promise<JobRun> {
    const outcome = await this.#deps.epochs.run(() => this.#probe(job, context));
    if (outcome === null) return { kind: 'interrupted' };
    await this.#deps.outcomes.record({ id: context.jobId, key: job.request.key }, outcome);
    return { kind: 'done', outcome };
  }

  async #probe(job: Job, context: JobContext): Promise<Outcome | null> {
    const { ticks, work, heads, onStep } = this.#deps;
    const { request, requirement } = job;
    const { head } = await lookReconciled(request, this.#deps);
    if (head !== null && satisfies(head, requirement)) return { kind: 'satisfied', fence: head.fence };
    if (head === null || !canVerifyByProbe(head, requirement, request.versionKind)) {
      return { kind: 'absent', fillJobId: await this.#enqueueFill(job) };
    }
    const { tick, nowMs } = await ticks.startProbe(targetOf(request));
    await onStep('probe-started', { key: request.key, jobId: context.jobId, tick });
    const report = await work.probe(request, { ...context, known: {}, onStep: () => undefined });
    if (context.signal.aborted) return context.signal.reason === CANCELLED ? { kind: 'cancelled' } : null;
    await onStep('probe-finished', { key: request.key, jobId: context.jobId, tick, report: report.kind });
    if (report.kind === 'failed') return { kind: 'failed', failure: report.failure };
    const proof = { version: report.version, tick, beganAtMs: nowMs };
    if (await heads.markVerified(request.key, proof)) return { kind: 'verified', fence: head.fence };
    return { kind: 'changed', version: report.version, fillJobId: await this.#enqueueFill(job) };
  }

  async #enqueueFill(job: Job): Promise<string> {
    const { id } = await this.#deps.jobs.enqueue({ ...job, kind: 'fill' });
    return id;
  }
}

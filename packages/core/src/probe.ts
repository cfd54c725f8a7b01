/**
 * A probe job: proves the head right by the source's version, or finds that a fill is needed and enqueues it, so that
 * the work goes on even when nobody waits any more. Where the version comes from is told in shared-probe.ts; the
 * tick it is good for was taken before the source was touched (I13).
 */
import { canVerifyByProbe, satisfies } from './model/freshness.ts';
import type { Job, Outcome } from './model/job.ts';
import type { Epochs } from './epoch.ts';
import { lookReconciled, type ReconciledLookDeps } from './look.ts';
import { probeShared, type SharedProbeDeps } from './shared-probe.ts';
import type { JobQueue, Outcomes, WorkContext } from './ports/work.ts';

export interface ProbeDeps extends ReconciledLookDeps, SharedProbeDeps {
  readonly jobs: JobQueue;
  readonly outcomes: Outcomes;
  readonly epochs: Pick<Epochs, 'run'>;
}

export interface JobContext {
  readonly jobId: string;
  /** Aborted with reason CANCELLED when a user gave the job up, with anything else when this worker must let go. */
  readonly signal: AbortSignal;
  readonly onProgress: WorkContext['onProgress'];
  readonly onStatement?: NonNullable<WorkContext['onStatement']>;
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
    const { heads } = this.#deps;
    const { request, requirement } = job;
    const { head } = await lookReconciled(request, this.#deps);
    if (head !== null && satisfies(head, requirement)) return { kind: 'satisfied', fence: head.fence };
    if (head === null || !canVerifyByProbe(head, requirement, request.versionKind)) {
      return { kind: 'absent', fillJobId: await this.#enqueueFill(job) };
    }
    const { signal, jobId } = context;
    const found = await probeShared({ request, after: requirement.after, jobId, context }, this.#deps);
    if (found.kind === 'stopped') return signal.reason === CANCELLED ? { kind: 'cancelled' } : null;
    if (found.kind === 'failed') return { kind: 'failed', failure: found.failure };
    const { version, tick, beganAtMs } = found;
    if (await heads.markVerified(request.key, { version, tick, beganAtMs }))
      return { kind: 'verified', fence: head.fence };
    return { kind: 'changed', version, fillJobId: await this.#enqueueFill(job) };
  }

  async #enqueueFill(job: Job): Promise<string> {
    const { id } = await this.#deps.jobs.enqueue({ ...job, kind: 'fill' });
    return id;
  }
}

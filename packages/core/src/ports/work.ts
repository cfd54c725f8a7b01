/** How work reaches the worker threads, and how it reaches workers. */
import type { Failure } from '../model/errors.ts';
import type { Job, JobStatus, Outcome, Progress } from '../model/job.ts';
import type { Manifest } from '../model/manifest.ts';
import type { ResolvedRequest } from '../model/request.ts';
import type { Tick } from '../model/ticks.ts';
import type { Version } from '../model/version.ts';
import type { Probed, SourceStatement } from './source.ts';
import type { FillStep } from './steps.ts';
import type { TraceParent } from './tracing.ts';

export interface FillTask {
  readonly request: ResolvedRequest;
  readonly fence: Tick;
  readonly fillId: string;
  readonly startedAtMs: number;
  /** The head the thread may report as unchanged; null where only new rows will do (hard-stale, damaged, none). */
  readonly current: { readonly fence: Tick; readonly version: Version } | null;
}

/** What a thread reports (I10). Errors do not survive the border; failures do. */
export type FillReport =
  | { readonly kind: 'published'; readonly manifest: Manifest }
  | { readonly kind: 'unchanged'; readonly version: Version }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type ProbeReport =
  | ({ readonly kind: 'version' } & Probed)
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface WorkContext {
  /** Aborted: the thread is asked to stop, then terminated. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly onStep: (step: FillStep) => void | Promise<void>;
  /** See SourceContext; absent where nobody traces. */
  readonly onStatement?: (statement: SourceStatement) => void;
}

export interface ProbeContext extends WorkContext {
  /** See SourceContext. */
  readonly known: Readonly<Record<string, string>>;
}

/** Runs source work in threads that hold no authority. Never rejects for what the work met: that is a report. */
export interface SourceWork {
  probe(request: ResolvedRequest, context: ProbeContext): Promise<ProbeReport>;
  fill(task: FillTask, context: WorkContext): Promise<FillReport>;
}

export interface JobRef {
  readonly id: string;
  /** The job was there already: enqueued by another caller with the same pair of ticks. */
  readonly joined: boolean;
  /** Where the job's trace is; absent where the job or the caller has none. */
  readonly traceparent?: TraceParent;
}

export interface JobQueue {
  /**
   * Adds the job unless one with its dedupId is waiting or running; then that one's id is returned.
   * @throws ParqueueError PQ_QUEUE_FULL, PQ_SOURCE_PAUSED, PQ_COORDINATION_DOWN
   */
  enqueue(job: Job): Promise<JobRef>;
  status(id: string): Promise<JobStatus>;
  /** Removes a waiting job, or tells the worker that runs it to stop. */
  cancel(id: string): Promise<void>;
}

export interface Outcomes {
  /** Keeps the outcome under the job's id for a while, and notifies the key's waiters. */
  record(job: { readonly id: string; readonly key: string }, outcome: Outcome): Promise<void>;
}

/** Hints that something about a key changed. May be lost, late or repeated: always look again (I8). */
export interface Notices {
  /** Resolves once the subscription is live. */
  subscribe(key: string, onNotice: () => void): Promise<Subscription>;
}

export interface Subscription {
  close(): Promise<void>;
}

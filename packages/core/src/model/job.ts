/**
 * Jobs, and what becomes of them. BullMQ delivers a job at least once; a job therefore says what must be true when
 * it is done (its requirement), and whoever runs it first looks whether that already holds.
 */
import type { Failure } from './errors.ts';
import type { Requirement } from './freshness.ts';
import type { ResolvedRequest } from './request.ts';
import type { Tick } from './ticks.ts';
import type { Version } from './version.ts';

export type JobKind = 'probe' | 'fill';

export interface Job {
  readonly kind: JobKind;
  readonly request: ResolvedRequest;
  readonly requirement: Requirement;
  /** Joins the log lines of request, job and fill. */
  readonly requestId: string | null;
  /** W3C trace context of what asked for it; absent where nobody traces, and from older processes. */
  readonly traceparent?: string;
  /** Nobody waits for it: all jobs of callers go first. Absent for those. */
  readonly background?: true;
}

/**
 * One work in the cluster per kind, key and pair of ticks: a later pair is never swallowed by an earlier job, and a caller's
 * job never by one that gives way to all callers. Of those there is one per kind and key, whatever its pair: one that has
 * no turn for hours is not joined by another at each due time, and who asks for it looks whether it was enough.
 */
export function dedupId({
  kind,
  request,
  requirement,
  background,
}: Pick<Job, 'kind' | 'request' | 'requirement' | 'background'>): string {
  if (background === true) return `background:${kind}:${request.key}`;
  return `${kind}:${request.key}:${requirement.after}:${requirement.hardAfter}`;
}

/** What a finished job found. Only `failed` and `cancelled` leave its callers unsatisfied for good. */
export type Outcome =
  /** A new generation is the head. */
  | { readonly kind: 'committed'; readonly fence: Tick; readonly rows: number; readonly bytes: number }
  /** The head was right: verified by a probe, or by a fill that found the source unchanged. */
  | { readonly kind: 'verified'; readonly fence: Tick }
  /** Somebody else's work already satisfied the requirement. */
  | { readonly kind: 'satisfied'; readonly fence: Tick }
  /** A probe found another version than the head's, and enqueued the fill. */
  | { readonly kind: 'changed'; readonly version: Version; readonly fillJobId: string }
  /** A probe found no head that it could verify, and enqueued the fill. */
  | { readonly kind: 'absent'; readonly fillJobId: string }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'cancelled' };

export interface Progress {
  readonly phase: 'queued' | 'opening' | 'reading' | 'syncing' | 'publishing';
  readonly rows: number;
  readonly bytes: number;
  /** Size of what is being read, where known, in the unit of `bytes`. */
  readonly bytesTotal: number | null;
}

/**
 * How far a job came that is over. What a worker told on the way is thinned out, and a copy inside the database engine
 * tells no rows: what was committed is known from its end.
 */
export function progressAtEnd(outcome: Outcome | null, told: Progress | null): Progress | null {
  if (outcome?.kind !== 'committed') return told;
  const bytesTotal = told?.bytesTotal ?? null;
  return { phase: 'publishing', rows: outcome.rows, bytes: bytesTotal ?? outcome.bytes, bytesTotal };
}

export type JobStatus =
  | { readonly state: 'queued' }
  /** It waits, and nothing of its source is started until somebody resumes it. */
  | { readonly state: 'held' }
  | { readonly state: 'running'; readonly progress: Progress | null }
  | { readonly state: 'finished'; readonly outcome: Outcome }
  /** Neither the queue nor the outcome record knows it: Redis forgot, or the record expired. */
  | { readonly state: 'vanished' };

/**
 * Resolving an ask to a generation, pinned where that is wished (I8, I12, I13). Owns the order of questions:
 *
 *   look (and pin) ─ satisfied or fresh ──────────────────────────────▶ answer (hit)
 *        │ head that a probe can prove ─ probe ─ same version ──────▶ answer (revalidated)
 *        │                                 └ other version ─ within staleWhileRevalidate ▶ answer (stale), fill behind
 *        │                                                 └ else wait for the fill
 *        └ no such head ─ fill ────────────────────────────────────▶ answer (miss)
 *   source or store fails ─ within staleIfError ▶ answer (stale), else the failure
 *
 * The caller's pair of ticks is taken from the first look and never again. An ask that the first look answers costs one
 * step in Redis, with a pin or without.
 */
import { cacheOutcomeOf, type Answer, type Resolution } from './answer.ts';
import { keptAfter, type Kept } from './arrival.ts';
import { awaitOutcome } from './await-outcome.ts';
import type { Epochs } from './epoch.ts';
import { Flights, type Landing } from './flights.ts';
import { targetOf } from './look.ts';
import { assertInvariant, isParqueueError, ParqueueError, toFailure, type ErrorCode } from './model/errors.ts';
import {
  canVerifyByProbe,
  isFresh,
  mayServeStale,
  requirementOfWork,
  satisfies,
  type StaleReason,
} from './model/freshness.ts';
import { dedupId, type Job, type JobKind, type Outcome } from './model/job.ts';
import type { Ask } from './model/request.ts';
import { isProbeable } from './model/version.ts';
import type { Clock, RandomId } from './ports/clock.ts';
import type { Heads, Look, Pins } from './ports/coordination.ts';
import type { OnStep, StepName } from './ports/steps.ts';
import { attributesOf, traceIdOf, type Span } from './ports/tracing.ts';
import type { JobQueue, JobRef, Notices } from './ports/work.ts';

export interface ResolveDeps {
  readonly heads: Heads;
  readonly pins: Pick<Pins, 'release'>;
  readonly jobs: JobQueue;
  readonly notices: Notices;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly epochs: Pick<Epochs, 'run'>;
  readonly onStep: OnStep;
  /** Callers that may wait at the same time in this process; beyond it PQ_QUEUE_FULL at once (I9). */
  readonly waitersMax: number;
}

export interface WaitOptions {
  /** How long to wait for work; 0 only starts it. */
  readonly waitMs: number;
  /** How long the answer's generation is to stay pinned; null: not at all. */
  readonly pinTtlMs: number | null;
  /** What the pin's id begins with, so that only who asked can go on with it. */
  readonly pinOwner?: string;
  readonly requestId: string | null;
  /** Hears the steps of this ask, and is the parent of the jobs it makes. Absent where nobody traces. */
  readonly span?: Span;
  readonly signal: AbortSignal;
  /** Called when a look did not answer, before any work is asked for; what it throws ends the ask. */
  readonly beforeWork?: (look: Look) => Promise<void>;
}

/** A satisfied caller whose head was then damaged or purged starts over; more often than this, something is wrong. */
const ROUNDS_MAX = 8;

/** Failures of the source, the store or the workers, for which an older answer is better than none. */
const STALE_IF_ERROR_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PQ_SOURCE_UNAVAILABLE',
  'PQ_SOURCE_PAUSED',
  'PQ_SOURCE_UNSTABLE',
  'PQ_STORE_IO',
  'PQ_STORE_FULL',
  'PQ_FILL_TIMEOUT',
  'PQ_WORKER_CRASHED',
  'PQ_QUEUE_FULL',
]);

/** One caller on its way: what it saw on arrival, and how its answer came about. */
interface Caller {
  readonly ask: Ask;
  readonly wait: WaitOptions;
  /** Empty where nothing is to be pinned. */
  readonly pinId: string;
  readonly deadlineMs: number;
  arrival: Kept | null;
  /** What the last job found; null while there was none. */
  found: Outcome['kind'] | null;
  /** The fill that this caller's own probe enqueued: joining it is no collapse. */
  ownFillId: string | null;
  collapsed: boolean;
  /** Some look pinned a head under this caller's pinId. */
  pinned: boolean;
}

export class Resolver {
  readonly #deps: ResolveDeps;
  readonly #flights = new Flights();
  #waiters = 0;

  constructor(deps: ResolveDeps) {
    this.#deps = deps;
  }

  /** Callers that wait for work in this process now. */
  get waiters(): number {
    return this.#waiters;
  }

  /**
   * @throws ParqueueError whatever code the work failed with; PQ_NOT_CACHED when `cachedOnly` finds nothing allowed;
   * PQ_QUEUE_FULL; PQ_RATE_LIMITED when the key has all the pins it may have; PQ_COORDINATION_DOWN
   */
  async resolve(ask: Ask, wait: WaitOptions): Promise<Resolution> {
    const { clock, randomId, epochs } = this.#deps;
    const caller: Caller = {
      ask,
      wait,
      pinId: wait.pinTtlMs === null ? '' : `${wait.pinOwner ?? ''}${randomId()}`,
      deadlineMs: clock.now() + wait.waitMs,
      arrival: null,
      found: null,
      ownFillId: null,
      collapsed: false,
      pinned: false,
    };
    let answered = false;
    try {
      for (let round = 1; round <= ROUNDS_MAX; round += 1) {
        const resolution = await epochs.run(() => this.#round(caller));
        answered = resolution?.kind === 'answer';
        if (resolution !== null) return resolution;
      }
      throw new ParqueueError(
        'PQ_STORE_IO',
        `entry ${ask.request.key} was filled ${ROUNDS_MAX} times and lost each time: `
          + 'something damages or purges its files; see its explain page',
      );
    } finally {
      if (!answered && caller.pinned) await this.#giveBack(caller);
    }
  }

  /** The pin of a look that came to nothing. Never throws: a pin that is not given back expires. */
  async #giveBack({ ask: { request }, pinId, wait }: Caller): Promise<void> {
    const { epochs, pins, onStep } = this.#deps;
    try {
      await epochs.run(() => pins.release(request.key, pinId));
    } catch (error) {
      await onStep('failed', { key: request.key, requestId: wait.requestId, failure: toFailure(error) });
    }
  }

  /** Looks, and works at most once. Null: look again. */
  async #round(caller: Caller): Promise<Resolution | null> {
    const { ask, wait } = caller;
    const look = await this.#look(caller);
    const { seen, requirement } = requireArrival(caller);
    await this.#step(caller, 'looked', { fence: look.head?.fence ?? null, ...requirement });
    if (satisfies(look.head, requirement) || isFresh(look.head, seen, ask.policy, look.nowMs))
      return answer(caller, look, null);
    await wait.beforeWork?.(look);
    if (ask.cachedOnly) return this.#cachedOrFail(caller, look);
    return await this.#work(caller, look);
  }

  #cachedOrFail(caller: Caller, look: Look): Answer {
    const reasons = ['staleWhileRevalidate', 'staleIfError'] as const;
    const reason = reasons.find((candidate) => this.#mayAnswerStale(caller, look, candidate));
    const stale = reason === undefined ? null : answer(caller, look, reason);
    if (stale !== null) return stale;
    throw new ParqueueError(
      'PQ_NOT_CACHED',
      'nothing in the cache may answer this under its policy, and only-if-cached forbids asking the source',
    );
  }

  async #work(caller: Caller, look: Look): Promise<Resolution | null> {
    const { policy } = caller.ask;
    const { requirement } = requireArrival(caller);
    // A head may be on the store although Redis has none: the probe's worker reconciles before it decides.
    const probeFirst =
      canVerifyByProbe(look.head, requirement, policy.version) || (!look.reconciled && isProbeable(policy.version));
    if (probeFirst) {
      const settled = await this.#fly('probe', caller);
      if (settled !== 'refill') return settled;
    }
    const stale = await this.#staleWhileRevalidate(caller);
    if (stale !== null) return stale;
    const settled = await this.#fly('fill', caller);
    return settled === 'refill' ? null : settled;
  }

  /** Waits for one job. `refill`: the probe found that a fill is needed. Null: look again. */
  async #fly(kind: JobKind, caller: Caller): Promise<Resolution | 'refill' | null> {
    const { clock } = this.#deps;
    const { requirement } = requireArrival(caller);
    let landing: Landing;
    try {
      landing = await this.#await(this.#jobOf(kind, caller), caller);
    } catch (error) {
      return await this.#staleIfError(caller, error);
    }
    linkJob(caller, landing.ref);
    if (landing.kind === 'deadline') {
      await this.#step(caller, 'waited', { job: kind, jobId: landing.ref.id, outcome: 'pending', leftMs: 0 });
      return (
        (await this.#staleAnswer(caller, 'staleWhileRevalidate')) ?? { kind: 'pending', job: landing.ref, requirement }
      );
    }
    const { outcome } = landing;
    caller.found = outcome.kind;
    caller.collapsed ||= landing.sharedFlight || (landing.ref.joined && landing.ref.id !== caller.ownFillId);
    const leftMs = caller.deadlineMs - clock.now();
    await this.#step(caller, 'waited', { job: kind, jobId: landing.ref.id, outcome: outcome.kind, leftMs });
    switch (outcome.kind) {
      case 'failed':
        return await this.#staleIfError(caller, ParqueueError.from(outcome.failure));
      case 'cancelled':
        throw new ParqueueError('PQ_CANCELLED', 'the load was cancelled; ask again to start another');
      case 'changed':
      case 'absent':
        caller.ownFillId = outcome.fillJobId;
        return 'refill';
      case 'committed':
      case 'verified':
      case 'satisfied':
        return null;
    }
  }

  async #await(job: Job, caller: Caller): Promise<Landing> {
    const { clock, waitersMax } = this.#deps;
    if (this.#waiters >= waitersMax) {
      throw new ParqueueError(
        'PQ_QUEUE_FULL',
        `${waitersMax} callers wait here already (limits.waiters); try again in a moment`,
      );
    }
    this.#waiters += 1;
    try {
      const waitMs = Math.max(0, caller.deadlineMs - clock.now());
      return await this.#flights.join(dedupId(job), (work) => awaitOutcome(job, this.#deps, work), {
        clock,
        waitMs,
        signal: caller.wait.signal,
      });
    } finally {
      this.#waiters -= 1;
    }
  }

  #jobOf(kind: JobKind, caller: Caller): Job {
    const { requirement, seen, verified } = requireArrival(caller);
    const { request, policy } = caller.ask;
    return {
      kind,
      request,
      requirement: requirementOfWork(requirement, { policy, seen, verified }),
      requestId: caller.wait.requestId,
      ...(caller.wait.span === undefined ? {} : { traceparent: caller.wait.span.traceparent }),
    };
  }

  /** A stale answer that the policy allows, with the fill started behind it; null where it allows none. */
  async #staleWhileRevalidate(caller: Caller): Promise<Answer | null> {
    const stale = await this.#staleAnswer(caller, 'staleWhileRevalidate');
    if (stale === null) return null;
    try {
      await this.#deps.jobs.enqueue(this.#jobOf('fill', caller));
    } catch (error) {
      // The answer stands whether or not the work behind it can start; whoever asks next tries again.
      await this.#step(caller, 'failed', { failure: toFailure(error) });
    }
    return stale;
  }

  /** An older answer instead of this error, where the policy allows it; otherwise the error. (I12: the head is as it was.) */
  async #staleIfError(caller: Caller, error: unknown): Promise<Answer> {
    if (!isParqueueError(error) || !STALE_IF_ERROR_CODES.has(error.code)) throw error;
    const stale = await this.#staleAnswer(caller, 'staleIfError');
    if (stale === null) throw error;
    return stale;
  }

  async #staleAnswer(caller: Caller, reason: StaleReason): Promise<Answer | null> {
    const { staleWhileRevalidateMs, staleIfErrorMs } = caller.ask.policy;
    if ((reason === 'staleIfError' ? staleIfErrorMs : staleWhileRevalidateMs) === 0) return null;
    const look = await this.#look(caller);
    return this.#mayAnswerStale(caller, look, reason) ? answer(caller, look, reason) : null;
  }

  #mayAnswerStale(caller: Caller, { head, nowMs }: Look, reason: StaleReason): boolean {
    return mayServeStale(head, requireArrival(caller).requirement, { policy: caller.ask.policy, reason, nowMs });
  }

  /** A line of the log, and an event of the caller's span. */
  async #step({ ask, wait }: Caller, name: StepName, details: Readonly<Record<string, unknown>>): Promise<void> {
    wait.span?.event(name, attributesOf(details));
    await this.#deps.onStep(name, { key: ask.request.key, requestId: wait.requestId, ...details });
  }

  async #look(caller: Caller): Promise<Look> {
    const { ask, wait, pinId } = caller;
    const wish = wait.pinTtlMs === null ? 'read' : { id: pinId, ttlMs: wait.pinTtlMs };
    const look = await this.#deps.heads.look(targetOf(ask.request), wish);
    caller.pinned ||= look.pin !== null;
    caller.arrival = keptAfter(caller.arrival, look, ask.continues);
    return look;
  }
}

/** A job that others made belongs to their trace; this caller's says so. */
function linkJob({ wait: { span } }: Caller, { traceparent }: JobRef): void {
  if (span === undefined || traceparent === undefined) return;
  if (traceIdOf(traceparent) !== traceIdOf(span.traceparent)) span.link(traceparent);
}

function requireArrival({ arrival }: Pick<Caller, 'arrival'>): Kept {
  assertInvariant(arrival !== null, 'a caller looks before it works');
  return arrival;
}

/** Null where there is no head, or none that could be pinned for a caller who wants that. */
function answer(caller: Caller, look: Look, staleReason: StaleReason | null): Answer | null {
  const { head, pin } = look;
  if (head === null || (pin === null && caller.wait.pinTtlMs !== null)) return null;
  const { ask, found, collapsed } = caller;
  const sameGeneration = head.fence === requireArrival(caller).fence;
  const cache = staleReason !== null ? 'stale' : cacheOutcomeOf(found, sameGeneration);
  return { kind: 'answer', key: ask.request.key, head, pin, look, cache, collapsed, staleReason };
}

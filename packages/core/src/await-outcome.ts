/**
 * Waiting for a job (I8): subscribe, look, enqueue; then read its status at every notice and every 2 s. A notice is a
 * hint that may be lost, late or repeated; the re-read alone must be enough for every waiter to end. A job that
 * vanished (Redis forgot it) is enqueued again.
 */
import { sourcePaused } from './model/errors.ts';
import { satisfies } from './model/freshness.ts';
import type { Job, Outcome } from './model/job.ts';
import type { Clock } from './ports/clock.ts';
import type { Heads } from './ports/coordination.ts';
import type { FlightWork } from './flights.ts';
import { deferred } from './model/deferred.ts';
import { targetOf } from './look.ts';
import type { OnStep } from './ports/steps.ts';
import type { JobQueue, JobRef, Notices } from './ports/work.ts';

export const REREAD_MS = 2_000;

export interface AwaitDeps {
  readonly heads: Heads;
  readonly jobs: JobQueue;
  readonly notices: Notices;
  readonly clock: Clock;
  readonly onStep: OnStep;
}

/**
 * Resolves with the job's outcome, or `satisfied` as soon as the head satisfies the job's requirement.
 * @throws ParqueueError PQ_SOURCE_PAUSED where the source is paused before the job began; the job stays and waits
 */
export async function awaitOutcome(job: Job, deps: AwaitDeps, { onJob, signal }: FlightWork): Promise<Outcome> {
  const { heads, jobs, notices, clock, onStep } = deps;
  const bell = new Bell();
  const ring = (): void => bell.ring();
  const subscription = await notices.subscribe(job.request.key, ring);
  signal.addEventListener('abort', ring, { once: true });
  try {
    const enqueue = async (): Promise<JobRef> => {
      const ref = await jobs.enqueue(job);
      onJob(ref);
      const { kind, requestId } = job;
      await onStep('enqueued', { key: job.request.key, requestId, jobId: ref.id, job: kind, joined: ref.joined });
      return ref;
    };
    let { id } = await enqueue();
    for (;;) {
      signal.throwIfAborted();
      bell.reset();
      const status = await jobs.status(id);
      if (status.state === 'finished') return status.outcome;
      const { head } = await heads.look(targetOf(job.request), null);
      if (head !== null && satisfies(head, job.requirement)) return { kind: 'satisfied', fence: head.fence };
      if (status.state === 'held') throw sourcePaused(job.request.source);
      const before = id;
      if (status.state === 'vanished') ({ id } = await enqueue());
      // A queue that names the vanished job again is given time, or this would ask it without a pause.
      if (status.state !== 'vanished' || id === before) await bell.heard(clock);
    }
  } finally {
    signal.removeEventListener('abort', ring);
    await subscription.close();
  }
}

/** Rings at a notice, and when nobody waits any more; a ring between two waits is not lost. */
class Bell {
  #rung = deferred<void>();

  ring(): void {
    this.#rung.resolve();
  }

  reset(): void {
    this.#rung = deferred<void>();
  }

  /** Until it rings, or it is time to read again. */
  async heard(clock: Clock): Promise<void> {
    const timer = new AbortController();
    try {
      await Promise.race([this.#rung.promise, clock.sleep(REREAD_MS, timer.signal).catch(() => undefined)]);
    } finally {
      timer.abort(OVER);
    }
  }
}

/** Given, because without a reason each timer that is stopped would cost an exception with its stack. */
const OVER = 'the wait is over';

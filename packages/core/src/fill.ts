/**
 * A fill job: one load, from lease to commit (I3, I12). The queue may deliver it twice and the process may stall for
 * any time at any line; the fence decides. Steps, in order:
 *
 *   look (satisfied? done) → lease (busy? later) → look again → room (none? refused) → sweep what earlier fences left in
 *   staging → thread → commit → head.json
 *
 * Schedule to keep in mind: A's lease expires while its thread writes; B is granted the next fence; A publishes and
 * commits late. A's commit is refused, because the key's latest fence is B's, although A's fence is above the head's.
 */
import { describedBy } from './described-by.ts';
import type { Epochs } from './epoch.ts';
import { leave, type Granted } from './fill-end.ts';
import { keepLease } from './heartbeat.ts';
import { writeHeadFile } from './head-file.ts';
import { lookReconciled, targetOf, type ReconciledLookDeps } from './look.ts';
import { ParqueueError, toFailure, isParqueueError, type Failure } from './model/errors.ts';
import { learnReads } from './rebuild.ts';
import type { HeldRoom, Room } from './room.ts';
import { satisfies } from './model/freshness.ts';
import type { Job, Outcome } from './model/job.ts';
import type { Manifest } from './model/manifest.ts';
import { CANCELLED, type JobContext, type JobRun } from './probe.ts';
import { newFillId, type Clock, type RandomId } from './ports/clock.ts';
import { isEpochLost, type CommitResult, type Leases, type Look, type Pins } from './ports/coordination.ts';
import type { Parts } from './ports/parts.ts';
import type { OnStep } from './ports/steps.ts';
import type { KeyDirectories, StoreMarks } from './ports/store.ts';
import type { FillReport, FillTask, Outcomes, SourceWork } from './ports/work.ts';

export interface FillDeps extends ReconciledLookDeps {
  readonly leases: Leases;
  readonly pins: Pins;
  readonly parts: Pick<Parts, 'learn'>;
  readonly work: SourceWork;
  readonly directories: KeyDirectories;
  readonly marks: StoreMarks;
  readonly outcomes: Outcomes;
  readonly room: Room;
  readonly epochs: Pick<Epochs, 'run'>;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly onStep: OnStep;
  /** Name of this worker, for people. */
  readonly holder: string;
  readonly leaseTtlMs: number;
  /** How long the generation of an outcome stays pinned for callers that come back for it. */
  readonly outcomePinMs: number;
}

/** Fills that lost their lease or were fenced start again within the job; more often than this they give up. */
const ATTEMPTS_MAX = 5;

/** Upper bound of the delay before a job that met a live lease looks again. */
const BUSY_DELAY_MS = 300;

const COMMIT_ATTEMPTS = 10;
const COMMIT_PAUSE_MS = 500;

type Attempt = Outcome | 'again' | 'interrupted';

export class Filler {
  readonly #deps: FillDeps;

  constructor(deps: FillDeps) {
    this.#deps = deps;
  }

  async run(job: Job, context: JobContext): Promise<JobRun> {
    const run = await this.#deps.epochs.run(() => this.#attempts(job, context));
    if (run.kind !== 'done') return run;
    const { key } = job.request;
    const { outcome } = run;
    const lasts = outcome.kind === 'committed' || outcome.kind === 'verified' || outcome.kind === 'satisfied';
    // Nobody comes back for what runs in the background, and a pin would count as a read of the entry.
    if (lasts && job.background !== true) {
      const wish = { id: `job-${context.jobId}`, ttlMs: this.#deps.outcomePinMs };
      // Redis may have forgotten since: what was committed is no failure for that.
      await this.#deps.epochs.run(() => this.#deps.pins.pinGeneration({ key, fence: outcome.fence }, wish));
    }
    await this.#deps.outcomes.record({ id: context.jobId, key }, outcome);
    return run;
  }

  async #attempts(job: Job, context: JobContext): Promise<JobRun> {
    const { leases, reconcile, onStep, randomId, holder, leaseTtlMs } = this.#deps;
    const { request, requirement } = job;
    const { key, scopes } = request;
    let left = ATTEMPTS_MAX;
    for (let purge = -1; ;) {
      const look = await lookReconciled(request, this.#deps);
      // A purge voids the load under way: somebody wished that, and each such try takes a purge of its own.
      if (look.seen.purge <= purge) left -= 1;
      if (left === 0) break;
      ({ purge } = look.seen);
      if (look.head !== null && satisfies(look.head, requirement))
        return done({ kind: 'satisfied', fence: look.head.fence });
      if (context.signal.aborted) return stopped(context.signal);

      const claim = { key, fillId: newFillId(randomId), holder, ttlMs: leaseTtlMs, scopes };
      const grant = await leases.acquire(claim);
      if (grant.kind === 'unreconciled') {
        await reconcile(key);
        continue;
      }
      if (grant.kind === 'busy') {
        const { fence, holder: other, expiresAtMs } = grant.holder;
        await onStep('lease-busy', { key, jobId: context.jobId, fence, holder: other });
        return { kind: 'delayed', ms: Math.min(Math.max(expiresAtMs - grant.nowMs, 10), BUSY_DELAY_MS) };
      }
      const { fence, grantedAtMs } = grant;
      const result = await this.#underLease(job, { granted: { claim, fence, grantedAtMs }, context });
      if (result === 'interrupted') return { kind: 'interrupted' };
      if (result !== 'again') return done(result);
    }
    const message = `the load of ${key} was overtaken ${ATTEMPTS_MAX} times; is the lease time too short for this machine?`;
    return done({ kind: 'failed', failure: toFailure(new ParqueueError('PQ_WORKER_CRASHED', message)) });
  }

  async #underLease(
    job: Job,
    { granted, context }: { readonly granted: Granted; readonly context: JobContext },
  ): Promise<Attempt> {
    const { leases, onStep, clock } = this.#deps;
    const { claim, fence } = granted;
    await onStep('lease-acquired', {
      key: claim.key,
      jobId: context.jobId,
      requestId: job.requestId,
      fence,
      fillId: claim.fillId,
    });
    const heartbeat = keepLease(claim, fence, { leases, clock });
    let result: Attempt | null = null;
    try {
      // What was seen before the grant may be old: another fill can have committed between that look and our lease.
      const look = await lookReconciled(job.request, this.#deps);
      if (look.head !== null && satisfies(look.head, job.requirement))
        return { kind: 'satisfied', fence: look.head.fence };
      result = await this.#withinRoom(job, { look, granted, context, lost: heartbeat.lost });
      return result;
    } finally {
      try {
        await heartbeat.stop();
      } finally {
        // What was committed is the staging directory itself, under its new name.
        await leave(granted, !isCommitted(result), this.#deps);
      }
    }
  }

  async #withinRoom(
    job: Job,
    at: { readonly look: Look; readonly granted: Granted; readonly context: JobContext; readonly lost: AbortSignal },
  ): Promise<Attempt> {
    const { granted, context, lost } = at;
    const {
      claim: { key, fillId },
      fence,
    } = granted;
    const held = await this.#holdRoom(job, granted, at.look);
    if ('code' in held) return { kind: 'failed', failure: held };
    let attempt: Attempt | null = null;
    try {
      await this.#sweepStaging(key, fence);
      const signal = AbortSignal.any([lost, held.passed, context.signal]);
      const report = await this.#load(job, { ...at, held, signal });
      if (lost.aborted) await this.#deps.onStep('lease-lost', { key, fence, fillId });
      if (report.kind !== 'failed') return (attempt = await this.#settle(job, report, granted));
      // Stopped for want of room: what the thread says of being stopped is not the reason.
      const failure = held.passed.aborted ? toFailure(held.passed.reason) : report.failure;
      return await this.#failed({ ...report, failure }, granted, context.signal);
    } finally {
      await (isCommitted(attempt) ? held.counted() : held.release());
    }
  }

  async #holdRoom({ request }: Job, { claim, fence }: Granted, { head }: Look): Promise<HeldRoom | Failure> {
    const { key, fillId } = claim;
    try {
      const fill = { key, fence, fillId, dataset: request.dataset, headBytes: head?.bytes ?? null };
      return await this.#deps.room.hold(fill);
    } catch (error) {
      if (isParqueueError(error) && error.code === 'PQ_STORE_FULL') return toFailure(error);
      throw error;
    }
  }

  #load(
    job: Job,
    at: {
      readonly look: Look;
      readonly granted: Granted;
      readonly context: JobContext;
      readonly held: HeldRoom;
      readonly signal: AbortSignal;
    },
  ): Promise<FillReport> {
    const { work, onStep } = this.#deps;
    const {
      look: { head },
      granted: { claim, fence, grantedAtMs },
      context,
      held,
      signal,
    } = at;
    const keepable = head !== null && head.damaged === null && head.fence > job.requirement.hardAfter;
    const task: FillTask = {
      request: job.request,
      fence,
      fillId: claim.fillId,
      startedAtMs: grantedAtMs,
      current: keepable ? { fence: head.fence, version: head.version } : null,
    };
    return work.fill(task, {
      signal,
      onProgress: context.onProgress,
      onStep: async (step) => {
        if (step === 'part-synced') await held.settle();
        await onStep(step, { key: claim.key, fence, fillId: claim.fillId });
      },
      ...(context.onStatement === undefined ? {} : { onStatement: context.onStatement }),
    });
  }

  /**
   * A failure under a lease that is lost says nothing of the source: the next holder sweeps our staging directory away
   * under the thread. Only the holder's failures are the fill's.
   */
  async #failed(
    report: Extract<FillReport, { kind: 'failed' }>,
    { claim, fence }: Granted,
    signal: AbortSignal,
  ): Promise<Attempt> {
    if (signal.aborted) return signal.reason === CANCELLED ? { kind: 'cancelled' } : 'interrupted';
    const held = await this.#deps.leases.renew(claim, fence);
    return held ? { kind: 'failed', failure: report.failure } : 'again';
  }

  async #settle(job: Job, report: Exclude<FillReport, { kind: 'failed' }>, granted: Granted): Promise<Attempt> {
    const { heads, onStep } = this.#deps;
    const {
      claim: { key, fillId },
      fence,
      grantedAtMs,
    } = granted;
    if (report.kind === 'unchanged') {
      await onStep('unchanged', { key, fence, fillId });
      const verified = await heads.markVerified(key, { version: report.version, tick: fence, beganAtMs: grantedAtMs });
      const { head } = await heads.look(targetOf(job.request), null);
      return verified && head !== null ? { kind: 'verified', fence: head.fence } : 'again';
    }
    const { manifest } = report;
    await onStep('commit-sent', { key, fence, fillId });
    const result = await this.#commit(job, manifest);
    if (result.kind === 'fenced') {
      await onStep('fenced', { key, fence, fillId, latestFence: result.latestFence });
      return 'again';
    }
    await onStep('commit-acked', { key, fence, fillId });
    await this.#writeHeadFile(job, granted, manifest);
    return { kind: 'committed', fence, rows: manifest.part.rows, bytes: manifest.part.bytes };
  }

  /** The reply may be lost while the commit took place: it is idempotent by fillId, so it is simply sent again. */
  async #commit({ request: { key, scopes } }: Job, manifest: Manifest): Promise<CommitResult> {
    const { heads, clock } = this.#deps;
    const request = { key, scopes, ...describedBy(manifest) };
    for (let attempt = 1; ; attempt += 1) {
      try {
        // A purge of a table that a view of this request reads was not the view's until now; it forbids the commit.
        await learnReads(manifest, this.#deps);
        return await heads.commit(request);
      } catch (error) {
        if (!isParqueueError(error) || error.code !== 'PQ_COORDINATION_DOWN' || attempt === COMMIT_ATTEMPTS)
          throw error;
        await clock.sleep(COMMIT_PAUSE_MS);
      }
    }
  }

  async #writeHeadFile(
    job: Job,
    { claim: { key, fillId }, fence, grantedAtMs }: Granted,
    { version, part: { sha256 } }: Manifest,
  ): Promise<void> {
    try {
      // As head-commit makes it: verified by its own fence, when its lease was granted.
      const committed = { fence, version, sha256, verified: fence, verifiedAtMs: grantedAtMs };
      await writeHeadFile(targetOf(job.request), this.#deps, committed);
      await this.#deps.onStep('head-written', { key, fence, fillId });
    } catch (error) {
      // A hint that could not be written makes nothing wrong; the next commit or gc writes it.
      if (isEpochLost(error)) return;
      await this.#deps.onStep('failed', { key, fence, at: 'head-written', failure: toFailure(error) });
    }
  }

  /** What earlier fences left in staging: their fills can no longer commit, and now they cannot publish either. */
  async #sweepStaging(key: string, fence: number): Promise<void> {
    const { directories, onStep } = this.#deps;
    const { staging } = await directories.list(key);
    for (const ref of staging) {
      if (ref.fence >= fence) continue;
      await directories.moveToTrash(ref);
      await onStep('staging-swept', { key, fence: ref.fence, fillId: ref.fillId });
    }
  }
}

function isCommitted(attempt: Attempt | null): boolean {
  return attempt !== null && typeof attempt !== 'string' && attempt.kind === 'committed';
}

function done(outcome: Outcome): JobRun {
  return { kind: 'done', outcome };
}

function stopped(signal: AbortSignal): JobRun {
  return signal.reason === CANCELLED ? done({ kind: 'cancelled' }) : { kind: 'interrupted' };
}

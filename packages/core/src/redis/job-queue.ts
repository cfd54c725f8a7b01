/**
 * The job queue on BullMQ. BullMQ delivers at least once and deduplicates while a job waits or runs; the lease decides
 * what is done. Nothing here is needed for correctness, except that every job's status can be told (I8).
 */
import type { Job as QueuedJob } from 'bullmq';
import { CHANNELS } from './keys.ts';
import type { RedisGate } from './gate.ts';
import type { OutcomeRecords } from './outcomes.ts';
import type { Pause, PauseNotes } from './source-health.ts';
import { newJobId, queueOfJobId, type JobQueues, type JobsQueue, type QueueName } from './queues.ts';
import { ParqueueError, sourcePaused, type Failure } from '../model/errors.ts';
import { dedupId, type Job, type JobKind, type JobStatus, type Outcome, type Progress } from '../model/job.ts';
import type { RandomId } from '../ports/clock.ts';
import type { JobQueue, JobRef } from '../ports/work.ts';

export interface RedisJobQueueOptions {
  readonly queues: JobQueues;
  readonly gate: RedisGate;
  readonly outcomes: OutcomeRecords;
  readonly pauses: PauseNotes;
  readonly randomId: RandomId;
  /** Jobs of one kind that may wait for one source. */
  readonly waitingMax: number;
}

export class RedisJobQueue implements JobQueue {
  readonly #options: RedisJobQueueOptions;

  constructor(options: RedisJobQueueOptions) {
    this.#options = options;
  }

  async enqueue(job: Job): Promise<JobRef> {
    const name = { kind: job.kind, source: job.request.source };
    const jobId = newJobId(name, this.#options.randomId);
    return await this.#options.queues.with(name, async (queue) => {
      const joined = await this.#admit(queue, job);
      if (joined !== null) return await joinedJob(queue, joined, job);
      const added = await queue.add(job.kind, job, {
        jobId,
        deduplication: { id: dedupId(job) },
        // Jobs without a priority go before all that have one.
        ...(job.background === true ? { priority: BACKGROUND_PRIORITY } : {}),
      });
      // BullMQ answers with the id of the job that is there already.
      if (added.id !== undefined && added.id !== jobId) return await joinedJob(queue, added.id, job);
      return { id: jobId, joined: false, ...traceOf(job) };
    });
  }

  async status(id: string): Promise<JobStatus> {
    const outcome = await this.#options.outcomes.read(id);
    if (outcome !== null) return { state: 'finished', outcome };
    const found = await this.#find(id);
    if (found === null) return { state: 'vanished' };
    switch (found.state) {
      case 'waiting':
      case 'prioritized':
      case 'delayed':
      case 'waiting-children':
        return { state: (await this.#isHeld(found.name)) ? 'held' : 'queued' };
      case 'active':
        return { state: 'running', progress: progressOf(found.job) };
      case 'completed':
      case 'failed':
      case 'unknown':
        return await this.#ended(id, found);
    }
  }

  async cancel(id: string): Promise<void> {
    const { queues, gate, outcomes } = this.#options;
    const found = await this.#find(id);
    if (found === null || found.state === 'completed' || found.state === 'failed') return;
    // A job that runs is locked and stays; between this look and the removal it may have started, or even ended.
    const removed = (await queues.with(found.name, (queue) => queue.remove(id))) === 1;
    if (removed) await outcomes.recordIfNone({ id, key: found.job.data.request.key }, { kind: 'cancelled' });
    else await gate.plain((redis) => redis.publish(CHANNELS.cancel, id));
  }

  /** While a source is paused nothing of it is enqueued or started; what runs goes on. */
  async pause(source: string, note: Pick<Pause, 'reason' | 'by'> = { reason: null, by: null }): Promise<void> {
    // What a resume that broke off left tells of a pause that is over.
    if (!(await this.isPaused(source))) await this.#options.pauses.forget(source);
    // The note first: who finds the source paused must find why.
    await this.#options.pauses.note(source, note);
    for (const kind of KINDS) await this.#options.queues.with({ kind, source }, (queue) => queue.pause());
  }

  async resume(source: string): Promise<void> {
    for (const kind of KINDS) await this.#options.queues.with({ kind, source }, (queue) => queue.resume());
    await this.#options.pauses.forget(source);
  }

  /** null: it is not paused. */
  async pauseOf(source: string): Promise<Pause | null> {
    if (!(await this.isPaused(source))) return null;
    return (await this.#options.pauses.read(source)) ?? { reason: null, by: null, sinceMs: null };
  }

  async isPaused(source: string): Promise<boolean> {
    return await this.#options.queues.with({ kind: 'fill', source }, (queue) => queue.isPaused());
  }

  /** @returns the id of the job to join where there is no room for another; null where there is. */
  async #admit(queue: JobsQueue, job: Job): Promise<string | null> {
    const { source } = job.request;
    const [paused, counts] = await Promise.all([
      queue.isPaused(),
      queue.getJobCounts('waiting', 'prioritized', 'delayed'),
    ]);
    if (paused) throw sourcePaused(source);
    const waiting = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (waiting < this.#options.waitingMax) return null;
    const joined = await queue.getDeduplicationJobId(dedupId(job));
    if (joined !== null) return joined;
    throw new ParqueueError(
      'PQ_QUEUE_FULL',
      `${waiting} ${job.kind} jobs wait for source ${source} already; ask again later`,
      { details: { source, waiting, waitingMax: this.#options.waitingMax } },
    );
  }

  async #isHeld(name: QueueName): Promise<boolean> {
    return await this.#options.queues.with(name, (queue) => queue.isPaused());
  }

  async #find(id: string): Promise<FoundJob | null> {
    const { queues } = this.#options;
    const name = queueOfJobId(id);
    if (name === null || !(await queues.holds(name, id))) return null;
    return await queues.with(name, async (queue) => {
      const job = await queue.getJob(id);
      return job === undefined ? null : { name, job, state: await job.getState() };
    });
  }

  /** The outcome is recorded before the job ends, so it is there by now: unless it expired, or nobody could record it. */
  async #ended(id: string, { state, job }: FoundJob): Promise<JobStatus> {
    const outcome = await this.#options.outcomes.read(id);
    if (outcome !== null) return { state: 'finished', outcome };
    if (state !== 'failed') return { state: 'vanished' };
    return { state: 'finished', outcome: { kind: 'failed', failure: crashed(job.failedReason) } };
  }
}

const BACKGROUND_PRIORITY = 1;

const KINDS = ['probe', 'fill'] as const satisfies readonly JobKind[];

/** A caller that is traced is told where the trace of the other's job is. Nobody else pays for asking. */
async function joinedJob(queue: JobsQueue, id: string, { traceparent }: Job): Promise<JobRef> {
  const found = traceparent === undefined ? undefined : await queue.getJob(id);
  return { id, joined: true, ...traceOf(found?.data) };
}

function traceOf(job: Pick<Job, 'traceparent'> | undefined): Pick<JobRef, 'traceparent'> {
  return job?.traceparent === undefined ? {} : { traceparent: job.traceparent };
}

interface FoundJob {
  readonly name: QueueName;
  readonly job: QueuedJob<Job, Outcome, JobKind>;
  readonly state: Awaited<ReturnType<QueuedJob['getState']>>;
}

/** Workers report progress as it is; before the first report BullMQ holds 0. */
export function progressOf({ progress }: Pick<QueuedJob, 'progress'>): Progress | null {
  return typeof progress === 'object' && 'phase' in progress ? (progress as unknown as Progress) : null;
}

export function crashed(reason: string): Failure {
  return {
    code: 'PQ_WORKER_CRASHED',
    message: `the worker that ran the job ended without a result (${reason}); ask again to start another`,
    retryable: true,
  };
}

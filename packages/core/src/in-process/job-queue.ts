/**
 * The JobQueue of wrapped functions: their jobs can run only where the function is, so they never leave the process.
 * It keeps what BullMQ keeps for workers: one job per dedupId, a delayed one tried again, a cancelled one stopped, the
 * outcome there for whoever asks late. Between processes the lease decides, as it does between workers.
 *
 *   enqueue ─ dedupId there ─────────────▶ joined
 *        └ lane full, too many waiting ──▶ PQ_QUEUE_FULL
 *   waiting ─ room ─▶ running ─ done ────▶ ended (kept for a while)
 *                        ├ delayed ──────▶ pause without a place ─▶ waiting
 *                        ├ Redis away ───▶ the same, for a while, then failed
 *                        └ interrupted ──▶ ended as cancelled: nobody else in this process could go on
 */
import { deferred } from '../model/deferred.ts';
import { ParqueueError, toFailure, type Failure } from '../model/errors.ts';
import { dedupId, type Job, type JobKind, type JobStatus, type Outcome, type Progress } from '../model/job.ts';
import type { Clock, RandomId } from '../ports/clock.ts';
import type { JobQueue, JobRef, Outcomes } from '../ports/work.ts';
import { CANCELLED, type JobContext, type JobRun } from '../probe.ts';
import { Lane } from './lane.ts';

export interface InProcessJobsOptions {
  readonly run: (job: Job, context: JobContext) => Promise<JobRun>;
  readonly outcomes: Outcomes;
  /** Keeps what the job of this key needs, as long as the job is there. */
  readonly hold: (key: string) => Disposable;
  readonly clock: Clock;
  readonly randomId: RandomId;
  /** Jobs of each kind that run at a time. */
  readonly runningMax: Readonly<Record<JobKind, number>>;
  /** Jobs of each kind that may wait for a place before PQ_QUEUE_FULL. */
  readonly waitingMax: number;
}

interface Entry {
  readonly id: string;
  readonly job: Job;
  readonly stop: AbortController;
  /** Aborted when a running load waits for it: it needs no place then, nor ever again. */
  readonly hurry: AbortController;
  readonly hold: Disposable;
  readonly ended: Promise<void>;
  state: JobStatus;
}

/** Why jobs end when the queue closes. */
const CLOSED = 'closed';

const OUTCOMES_KEPT = 1000;
const COORDINATION_PAUSE_MS = 1000;
/** A job that met no Redis for so long fails; its callers hear why, and whoever asks then starts another. */
const COORDINATION_PAUSES_MAX = 30;

export class InProcessJobs implements JobQueue {
  readonly #options: InProcessJobsOptions;
  readonly #lanes: Readonly<Record<JobKind, Lane>>;
  readonly #byDedupId = new Map<string, Entry>();
  readonly #byId = new Map<string, Entry>();
  /** Keys that running loads wait for, and how many do. */
  readonly #hurried = new Map<string, number>();
  /** In the order in which they ended: the first is the next to go. */
  readonly #outcomes = new Map<string, Outcome>();
  #closed = false;

  constructor(options: InProcessJobsOptions) {
    this.#options = options;
    this.#lanes = { probe: new Lane(options.runningMax.probe), fill: new Lane(options.runningMax.fill) };
  }

  /** Jobs that wait or run. */
  get size(): number {
    return this.#byId.size;
  }

  async enqueue(job: Job): Promise<JobRef> {
    if (this.#closed) throw new ParqueueError('PQ_CANCELLED', 'this Parqueue was closed');
    const name = dedupId(job);
    const known = this.#byDedupId.get(name);
    if (known !== undefined) return { id: known.id, joined: true };
    const lane = this.#lanes[job.kind];
    const { key } = job.request;
    const isHurried = this.#hurried.has(key);
    if (!isHurried && !lane.hasRoom && lane.waiting >= this.#options.waitingMax) {
      throw new ParqueueError(
        'PQ_QUEUE_FULL',
        `${lane.waiting} jobs of wrapped functions wait in this process already; ask again later`,
        { details: { waiting: lane.waiting, waitingMax: this.#options.waitingMax } },
      );
    }
    const end = deferred<void>();
    const entry: Entry = {
      id: `wrapped.${job.kind}.${this.#options.randomId()}`,
      job,
      stop: new AbortController(),
      hurry: new AbortController(),
      hold: this.#options.hold(key),
      ended: end.promise,
      state: { state: 'queued' },
    };
    this.#byDedupId.set(name, entry);
    this.#byId.set(entry.id, entry);
    if (isHurried) entry.hurry.abort();
    void this.#drive(entry, lane).then(end.resolve, end.reject);
    return { id: entry.id, joined: false };
  }

  /**
   * A running load waits for this key: until the end of that its jobs need no place, whoever asked for them and whenever,
   * or they would wait for the place of the load that waits for them.
   */
  hurry(key: string): Disposable {
    this.#hurried.set(key, (this.#hurried.get(key) ?? 0) + 1);
    for (const { job, hurry } of this.#byId.values()) if (job.request.key === key) hurry.abort();
    let ended = false;
    return {
      [Symbol.dispose]: () => {
        if (ended) return;
        ended = true;
        const left = (this.#hurried.get(key) ?? 1) - 1;
        if (left > 0) this.#hurried.set(key, left);
        else this.#hurried.delete(key);
      },
    };
  }

  async status(id: string): Promise<JobStatus> {
    const outcome = this.#outcomes.get(id);
    if (outcome !== undefined) return { state: 'finished', outcome };
    return this.#byId.get(id)?.state ?? { state: 'vanished' };
  }

  async cancel(id: string): Promise<void> {
    this.#byId.get(id)?.stop.abort(CANCELLED);
  }

  /** Takes no more jobs; those there may go on until `patience` aborts, then they are told to stop. */
  async close(patience: AbortSignal): Promise<void> {
    this.#closed = true;
    const stop = (): void => {
      for (const { stop: controller } of this.#byId.values()) controller.abort(CLOSED);
    };
    patience.addEventListener('abort', stop, { once: true });
    if (patience.aborted) stop();
    try {
      // A probe that ends may have wanted a fill; that is refused by now, so nothing is added while this waits.
      await Promise.all([...this.#byId.values()].map(({ ended }) => ended));
    } finally {
      patience.removeEventListener('abort', stop);
    }
  }

  async #drive(entry: Entry, lane: Lane): Promise<void> {
    const { clock, outcomes } = this.#options;
    const { id, job, stop, hurry } = entry;
    const waiting = AbortSignal.any([stop.signal, hurry.signal]);
    let outcome: Outcome | null = null;
    for (let away = 0; outcome === null;) {
      const place = await lane.enter(waiting);
      if (place === null && stop.signal.aborted) break;
      let run: JobRun;
      try {
        run = await this.#run(entry);
        away = 0;
      } catch (error) {
        const failure = toFailure(error);
        away = failure.code === 'PQ_COORDINATION_DOWN' ? away + 1 : COORDINATION_PAUSES_MAX + 1;
        run = away <= COORDINATION_PAUSES_MAX ? { kind: 'delayed', ms: COORDINATION_PAUSE_MS } : failed(failure);
        if (run.kind === 'done')
          await outcomes.record({ id, key: job.request.key }, run.outcome).catch(() => undefined);
      } finally {
        place?.[Symbol.dispose]();
      }
      if (run.kind === 'done') ({ outcome } = run);
      if (run.kind === 'interrupted') break;
      if (run.kind === 'delayed') await clock.sleep(run.ms, stop.signal).catch(() => undefined);
    }
    this.#end(entry, outcome ?? { kind: 'cancelled' });
  }

  async #run(entry: Entry): Promise<JobRun> {
    const { id, job, stop } = entry;
    entry.state = { state: 'running', progress: null };
    const onProgress = (progress: Progress): void => {
      entry.state = { state: 'running', progress };
    };
    try {
      return await this.#options.run(job, { jobId: id, signal: stop.signal, onProgress });
    } finally {
      entry.state = { state: 'queued' };
    }
  }

  #end(entry: Entry, outcome: Outcome): void {
    this.#byDedupId.delete(dedupId(entry.job));
    this.#byId.delete(entry.id);
    entry.hold[Symbol.dispose]();
    this.#outcomes.set(entry.id, outcome);
    if (this.#outcomes.size <= OUTCOMES_KEPT) return;
    const [oldest] = this.#outcomes.keys();
    if (oldest !== undefined) this.#outcomes.delete(oldest);
  }
}

function failed(failure: Failure): JobRun {
  return { kind: 'done', outcome: { kind: 'failed', failure } };
}

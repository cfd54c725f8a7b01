/**
 * The queue as BullMQ may behave at its worst: delivers at least once, in any order, forgets when Redis forgets, and
 * finds out late that a worker died. Deduplication holds while a job waits or runs.
 */
import {
  dedupId,
  type Job,
  type JobQueue,
  type JobRef,
  type JobRun,
  type JobStatus,
  type Outcome,
  type Outcomes,
} from '@parqueue/core';
import type { MemoryRedis } from '@parqueue/core/testing';
import type { Injected } from './injected.ts';
import type { Actor, Random, Scheduler } from './scheduler.ts';

export interface QueuedJob {
  readonly id: string;
  readonly job: Job;
  /** Others of this name join it while it waits or runs. */
  readonly name: string;
  state: 'waiting' | 'active' | 'finished';
  notBeforeMs: number;
  runner: Actor | null;
  failure: Outcome | null;
}

export class SimQueue {
  readonly jobs = new Map<string, QueuedJob>();
  readonly outcomes = new Map<string, Outcome>();
  /** Called with each outcome that is told. */
  onOutcome: (key: string, outcome: Outcome) => void = () => undefined;
  readonly #scheduler: Scheduler;
  readonly #injected: Injected;
  #sequence = 0;

  constructor(scheduler: Scheduler, injected: Injected) {
    this.#scheduler = scheduler;
    this.#injected = injected;
  }

  portFor(actor: Actor): JobQueue {
    return {
      enqueue: async (job) => {
        await this.#scheduler.point(actor, 'enqueue');
        return this.#enqueue(job);
      },
      status: async (id) => {
        await this.#scheduler.point(actor, 'status');
        return this.#status(id);
      },
      cancel: async (id) => {
        await this.#scheduler.point(actor, 'cancel');
        this.jobs.delete(id);
      },
    };
  }

  outcomesFor(actor: Actor, redis: MemoryRedis): Outcomes {
    return {
      record: async ({ id, key }, outcome) => {
        await this.#scheduler.point(actor, 'outcome');
        this.outcomes.set(id, outcome);
        this.onOutcome(key, outcome);
        redis.publish(key);
      },
    };
  }

  /** Takes a waiting job; with `again`, may deliver one that is running already. */
  take(actor: Actor, random: Random, again: boolean): QueuedJob | null {
    const { nowMs } = this.#scheduler;
    const able: QueuedJob[] = [];
    for (const job of this.jobs.values()) {
      const { state, notBeforeMs } = job;
      if ((state === 'waiting' && notBeforeMs <= nowMs) || (again && state === 'active')) able.push(job);
    }
    if (able.length === 0) return null;
    const taken = random.pick(able);
    if (taken.state === 'active') this.#injected.count('job delivered again');
    else if (taken !== able.find(({ state }) => state === 'waiting')) this.#injected.count('job out of order');
    taken.state = 'active';
    taken.runner = actor;
    return taken;
  }

  settle(job: QueuedJob, run: JobRun): void {
    if (run.kind === 'done') {
      job.state = 'finished';
      return;
    }
    job.state = 'waiting';
    job.runner = null;
    job.notBeforeMs = this.#scheduler.nowMs + (run.kind === 'delayed' ? run.ms : 0);
  }

  fail(job: QueuedJob, error: unknown): void {
    job.state = 'finished';
    job.failure = { kind: 'failed', failure: { code: 'PQ_WORKER_CRASHED', message: String(error), retryable: true } };
  }

  /** Stalled jobs go back: their worker is dead. */
  recoverStalled(): void {
    for (const job of this.jobs.values()) {
      if (job.state !== 'active' || job.runner?.dead !== true) continue;
      this.#injected.count('job of a dead worker');
      job.state = 'waiting';
      job.runner = null;
    }
  }

  forget(probability: number, random: Random): void {
    for (const [id, { state }] of [...this.jobs]) {
      if (!random.chance(probability)) continue;
      if (state !== 'finished') this.#injected.count('job vanished');
      this.jobs.delete(id);
    }
    for (const id of [...this.outcomes.keys()]) if (random.chance(probability)) this.outcomes.delete(id);
  }

  #enqueue(job: Job): JobRef {
    const name = dedupId(job);
    for (const known of this.jobs.values()) {
      if (known.state !== 'finished' && known.name === name) return { id: known.id, joined: true };
    }
    this.#sequence += 1;
    const id = `sim.${job.kind}.${this.#sequence}`;
    this.jobs.set(id, { id, job, name, state: 'waiting', notBeforeMs: 0, runner: null, failure: null });
    return { id, joined: false };
  }

  #status(id: string): JobStatus {
    const outcome = this.outcomes.get(id);
    if (outcome !== undefined) return { state: 'finished', outcome };
    const job = this.jobs.get(id);
    if (job === undefined) return { state: 'vanished' };
    if (job.failure !== null) return { state: 'finished', outcome: job.failure };
    if (job.state === 'finished') return { state: 'vanished' };
    return job.state === 'waiting' ? { state: 'queued' } : { state: 'running', progress: null };
  }
}

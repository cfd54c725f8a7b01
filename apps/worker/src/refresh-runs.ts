/**
 * From a job of the refresh queue to the use case and back. A worker that lets go hands the job on, and the next one
 * continues by what the job has noted; a worker whose configuration does not refresh the dataset (a rolling upgrade)
 * leaves it to one that does.
 */
import {
  toFailure,
  type Clock,
  type Refresher,
  type RefreshOutcome,
  type RefreshPlan,
  type Refreshes,
} from '@parqueue/core';
import type { Catalog, DatasetConfig, RefreshConfig, SourceConfig } from '@parqueue/core/config';
import { DelayedError, WaitingError, type Job as QueuedJob, type Queue } from 'bullmq';
import type { Logger } from 'pino';
import { STOP } from './processor.ts';
import type { RefreshJob } from './refresh-schedules.ts';

export interface RefreshRunsDeps {
  readonly catalog: Catalog;
  readonly queue: Queue<RefreshJob>;
  readonly refresher: Pick<Refresher, 'run'>;
  readonly refreshes: Refreshes;
  readonly onEntry: (dataset: string, outcome: RefreshOutcome) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long a refresh is offered to other workers before it is given up. */
const OFFER_MS = 60_000;
const OFFER_AGAIN_MS = 5_000;
/** How long a refresh lasts at most whose schedule is gone meanwhile. */
const UNSCHEDULED_MS = 3_600_000;

export class RefreshRuns {
  readonly #deps: RefreshRunsDeps;
  readonly #stopping = new AbortController();

  constructor(deps: RefreshRunsDeps) {
    this.#deps = deps;
  }

  /** Refreshes that run are handed on at once: unlike a load, they lose nothing by it. */
  stop(): void {
    this.#stopping.abort(STOP.shutdown);
  }

  /** The shape BullMQ wants; see JobProcessor. */
  async process(
    job: QueuedJob<RefreshJob>,
    token: string | undefined,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<void> {
    const { catalog } = this.#deps;
    const dueAtMs = job.data.dueAtMs ?? job.timestamp + (job.opts.delay ?? 0);
    const dataset = catalog.datasets().find(({ name }) => name === job.data.dataset);
    if (dataset === undefined || dataset.refresh === null) return await this.#offer(job, { token, dueAtMs });
    const stop = AbortSignal.any([signal, this.#stopping.signal]);
    if (await this.#run(job, { dataset, refresh: dataset.refresh, dueAtMs, signal: stop })) return;
    if (stop.reason !== STOP.lockLost) await this.#handOn(job, token);
    throw new WaitingError();
  }

  /** From the first offer on: what is overdue already, because no worker ran, has the time that others have. */
  async #offer(
    job: QueuedJob<RefreshJob>,
    { token, dueAtMs }: { readonly token: string | undefined; readonly dueAtMs: number },
  ): Promise<void> {
    const { clock, log } = this.#deps;
    const now = clock.now();
    const offeredAtMs = job.data.offeredAtMs ?? now;
    if (now < offeredAtMs + OFFER_MS) {
      if (job.data.offeredAtMs === undefined) await job.updateData({ ...job.data, dueAtMs, offeredAtMs });
      await job.moveToDelayed(now + OFFER_AGAIN_MS, token);
      throw new DelayedError();
    }
    log.warn({ dataset: job.data.dataset }, 'a refresh was due that no configuration of a worker has');
  }

  /** @returns whether it is over; false: somebody else must continue */
  async #run(job: QueuedJob<RefreshJob>, { dataset, refresh, dueAtMs, signal }: Due): Promise<boolean> {
    const { catalog, refresher, refreshes, queue, onEntry, clock, log } = this.#deps;
    const { name } = dataset;
    const beganAtMs = job.data.beganAtMs ?? clock.now();
    const next = (await queue.getJobScheduler(name))?.next ?? null;
    if (next !== null) await refreshes.planned(name, next);
    const report = await refresher.run(planOf(catalog, dataset, refresh), {
      since: job.data.since ?? null,
      onSince: (since) => job.updateData({ dataset: name, since, dueAtMs, beganAtMs }),
      beganAtMs,
      endsAtMs: next !== null && next > beganAtMs ? next : beganAtMs + UNSCHEDULED_MS,
      onEntry: (outcome) => onEntry(name, outcome),
      signal,
    });
    if (report === null) return false;
    await refreshes.record(name, { ...report, dueAtMs, beganAtMs, endedAtMs: clock.now() });
    log.info({ dataset: name, jobId: job.id, ...report }, 'refreshed');
    return true;
  }

  async #handOn(job: QueuedJob<RefreshJob>, token: string | undefined): Promise<void> {
    try {
      await job.moveToWait(token);
    } catch (error) {
      this.#deps.log.warn({ jobId: job.id, error: toFailure(error).message }, 'refresh could not be handed on');
    }
  }
}

interface Due {
  readonly dataset: DatasetConfig;
  readonly refresh: RefreshConfig;
  readonly dueAtMs: number;
  readonly signal: AbortSignal;
}

function planOf(catalog: Catalog, dataset: DatasetConfig, refresh: RefreshConfig): RefreshPlan {
  return {
    dataset: dataset.name,
    alike: catalog.askers.alike(dataset.name),
    source: dataset.source,
    joinsRunning: refresh.schedule.kind === 'every',
    jitterMs: refresh.jitterMs,
    readWithinMs: refresh.readWithinMs,
    lanes: lanesOf(catalog.source(dataset.source)),
    always: catalog.refreshedAlways(dataset),
    again: (canonical) => catalog.requestAgain(dataset, canonical),
  };
}

/** Where a source takes more than one load at a time, a refresh leaves one to callers. */
function lanesOf({ maxConcurrentFills }: SourceConfig): number {
  return Math.max(1, maxConcurrentFills - 1);
}

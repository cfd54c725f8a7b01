/**
 * Keeps the schedules of refreshes as the configuration has them: one Job Scheduler of BullMQ per dataset, named after it,
 * so that however many workers see to it there is one job per due time. They come back after Redis forgot, after a chain
 * of jobs broke, and go when the configuration has them no more.
 *
 * While a new configuration is rolled out workers differ. Of those alive the one that started last sees to the schedules,
 * and the others leave them alone; nobody's schedule is made and unmade in turns.
 */
import { phaseOf, toFailure, type Clock, type Refreshes } from '@parqueue/core';
import type { DatasetConfig, RefreshSchedule } from '@parqueue/core/config';
import type { OwnQueue, ScheduleKeeper } from '@parqueue/core/redis';
import type { JobSchedulerJson, Queue, RepeatOptions } from 'bullmq';
import type { Logger } from 'pino';

/** What a job of the queue carries; all but the dataset is noted when it begins, for whoever continues it. */
export interface RefreshJob {
  readonly dataset: string;
  readonly since?: number;
  readonly dueAtMs?: number;
  readonly beganAtMs?: number;
  /** When a worker that does not refresh the dataset handed it on first. */
  readonly offeredAtMs?: number;
}

export const REFRESH_QUEUE = 'refresh' satisfies OwnQueue;

export interface RefreshSchedulesDeps {
  readonly datasets: readonly DatasetConfig[];
  readonly queue: Queue<RefreshJob>;
  readonly keeper: ScheduleKeeper;
  readonly refreshes: Pick<Refreshes, 'planned'>;
  /** Redis's clock. */
  readonly redisNow: () => Promise<number>;
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Longer than two looks: a keeper that lives is never taken for dead. */
const OFFICE_MS = 30_000;
const CHECK_EVERY_MS = 30_000;
/** Records of past refreshes, so that a host whose clock is behind cannot make one again. */
const KEEP_JOBS_S = 3600;

export class RefreshSchedules {
  readonly #deps: RefreshSchedulesDeps;
  #startedAtMs: number | null = null;
  #checked: { readonly epoch: number; readonly atMs: number } | null = null;

  constructor(deps: RefreshSchedulesDeps) {
    this.#deps = deps;
  }

  /** Called again and again. What fails is told, and tried again the next time. */
  async keep(epoch: number): Promise<void> {
    const { keeper, holder, clock, log, redisNow } = this.#deps;
    try {
      this.#startedAtMs ??= await redisNow();
      const mine = await keeper.stand({ name: holder, startedAtMs: this.#startedAtMs }, OFFICE_MS);
      if (!mine) {
        this.#checked = null;
        return;
      }
      const checked = this.#checked;
      if (checked?.epoch === epoch && clock.now() - checked.atMs < CHECK_EVERY_MS) return;
      await this.#check();
      this.#checked = { epoch, atMs: clock.now() };
    } catch (error) {
      log.warn({ failure: toFailure(error) }, 'schedules of refreshes could not be seen to');
    }
  }

  async #check(): Promise<void> {
    const { datasets, queue, refreshes, log } = this.#deps;
    const known = new Map((await queue.getJobSchedulers()).map((scheduler) => [scheduler.key, scheduler]));
    const pending = new Set((await queue.getJobs(['delayed', 'waiting', 'active'])).map(({ data }) => data.dataset));
    for (const { name, refresh } of datasets) {
      if (refresh === null) continue;
      const scheduler = known.get(name);
      known.delete(name);
      const runs = scheduler !== undefined && pending.has(name) && isOf(scheduler, refresh.schedule);
      const nextAtMs = runs ? (scheduler.next ?? null) : await this.#make(name, refresh.schedule);
      if (nextAtMs !== null) await refreshes.planned(name, nextAtMs);
    }
    for (const name of known.keys()) {
      await queue.removeJobScheduler(name);
      await refreshes.planned(name, null);
      log.info({ dataset: name }, 'the dataset is refreshed no more');
    }
  }

  /** @returns when it is due first */
  async #make(name: string, schedule: RefreshSchedule): Promise<number | null> {
    const { queue, clock, log } = this.#deps;
    await queue.upsertJobScheduler(name, repeatOf(name, schedule, clock.now()), {
      name: REFRESH_QUEUE,
      data: { dataset: name },
      opts: { removeOnComplete: { age: KEEP_JOBS_S }, removeOnFail: { age: KEEP_JOBS_S } },
    });
    const nextAtMs = (await queue.getJobScheduler(name))?.next ?? null;
    log.info(
      { dataset: name, schedule, next: nextAtMs === null ? null : isoTime(nextAtMs) },
      'refreshes are scheduled',
    );
    return nextAtMs;
  }
}

/** Times of an interval are whole multiples of it since 1970, moved by the name: the same whoever schedules, and whenever. */
function repeatOf(name: string, schedule: RefreshSchedule, nowMs: number): Omit<RepeatOptions, 'key'> {
  if (schedule.kind === 'cron') return { pattern: schedule.pattern, tz: schedule.timeZone };
  const { everyMs } = schedule;
  const offset = Math.floor(phaseOf(name) * everyMs);
  return { every: everyMs, startDate: Math.floor((nowMs - offset) / everyMs) * everyMs + offset + everyMs };
}

function isOf({ every, pattern, tz }: JobSchedulerJson, schedule: RefreshSchedule): boolean {
  return schedule.kind === 'every'
    ? Number(every) === schedule.everyMs
    : pattern === schedule.pattern && tz === schedule.timeZone;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

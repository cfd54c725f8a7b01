/**
 * What keeps the store in order, done by one worker of the cluster at a time: reconciling all keys when an epoch begins
 * (I11), garbage collection (I6), emptying the trash. Each worker looks from time to time what is due and puts it into
 * a queue that runs one job in the whole cluster; deduplication makes one job of many workers' wishes. Whatever fails is
 * told and tried again at the next look: nothing here is needed for a right answer.
 */
import { toFailure, type GcReport } from '@parqueue/core';
import type { Logger } from 'pino';

export type Chore = 'reconcile' | 'collect';

export interface ChoreQueue {
  /** Puts the chore into the queue, unless it waits or runs, or ran within `quietMs`. */
  want(chore: Chore, quietMs: number): Promise<void>;
}

export interface MaintenanceDeps {
  /** Whether this epoch's pass over all keys is complete. Opens the next epoch where the last one was lost. */
  readonly reconciled: () => Promise<{ readonly epoch: number; readonly complete: boolean }>;
  readonly onEpoch: (epoch: number) => Promise<void>;
  /** Sees to the schedules of refreshes; never throws. */
  readonly keepSchedules: (epoch: number) => Promise<void>;
  readonly queue: ChoreQueue;
  readonly collectEveryMs: number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1), different for each worker, so that they do not all look at once. */
  readonly phase: number;
  readonly log: Logger;
}

/** A worker that is idle when Redis forgets notices it within this time. */
const LOOK_EVERY_MS = 5000;

export class Maintenance {
  readonly #deps: MaintenanceDeps;
  readonly #stop = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  #epoch: number | null = null;

  constructor(deps: MaintenanceDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  /** One look; public so that a start or a test need not wait for the next one. */
  async look(): Promise<void> {
    const { reconciled, onEpoch, keepSchedules, queue, collectEveryMs, log } = this.#deps;
    try {
      const { epoch, complete } = await reconciled();
      if (epoch !== this.#epoch) {
        await onEpoch(epoch);
        this.#epoch = epoch;
      }
      await keepSchedules(epoch);
      if (complete) await queue.want('collect', collectEveryMs);
      else await queue.want('reconcile', 0);
    } catch (error) {
      log.warn({ failure: toFailure(error) }, 'maintenance could not look at the store');
    }
  }

  async #watch(): Promise<void> {
    const { sleep, phase } = this.#deps;
    while (!this.#stop.signal.aborted) {
      await this.look();
      await sleep(LOOK_EVERY_MS * (1 + phase / 2), this.#stop.signal).catch(() => undefined);
    }
  }
}

export interface ChoreDeps {
  readonly reconcileAll: (signal: AbortSignal) => Promise<void>;
  readonly collect: (signal: AbortSignal) => Promise<GcReport>;
  readonly emptyTrash: () => Promise<number>;
  readonly log: Logger;
}

/** Runs one chore. Throws what it met: the queue forgets the job, and the next look wants it again. @returns its report. */
export async function runChore(chore: Chore, signal: AbortSignal, deps: ChoreDeps): Promise<GcReport | void> {
  switch (chore) {
    case 'reconcile':
      return await deps.reconcileAll(signal);
    case 'collect': {
      const report = await deps.collect(signal);
      // Staging of dead fills gets into the trash at any time; what is there already needs no grace.
      const swept = report.waitingFor === null ? report.trash : await deps.emptyTrash();
      deps.log.info({ ...report, trash: swept }, 'collected garbage');
      return report;
    }
    default:
      return chore satisfies never;
  }
}

/**
 * How often this process was asked, by dataset and outcome, until it tells Redis: every few seconds, never while it
 * answers. A process that dies loses what it counted since; one that closes tells it first. While Redis is away counts
 * wait here, as many as there are datasets and outcomes.
 */
import { isParqueueError, NO_ASKS, toFailure } from '@parqueue/core';
import type { AskBatch, AskOutcome, Clock, RandomId } from '@parqueue/core';
import type { Logger } from 'pino';
import type { CoordinationLink } from './coordination-link.ts';

export interface AskTallyOptions {
  readonly link: Pick<CoordinationLink, 'run'>;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly log: Pick<Logger, 'warn'>;
  readonly everyMs?: number;
}

const EVERY_MS = 10_000;

export class AskTally {
  readonly #options: AskTallyOptions;
  readonly #closing = new AbortController();
  #counts = new Map<string, Record<AskOutcome, number>>();
  /** Sent and not acknowledged: goes again under its id, so that it counts once (ask-count.lua). */
  #held: AskBatch | null = null;
  #telling: Promise<void> | null = null;

  constructor(options: AskTallyOptions) {
    this.#options = options;
  }

  /** Undeclared questions are counted by the metrics only: no page shows them. */
  count(dataset: string | null, outcome: AskOutcome): void {
    if (dataset === null) return;
    const counts = this.#counts.get(dataset) ?? { ...NO_ASKS };
    counts[outcome] += 1;
    this.#counts.set(dataset, counts);
  }

  start(): void {
    this.#telling ??= this.#tellUntilClosed();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#telling;
    await this.#tell();
  }

  async #tellUntilClosed(): Promise<void> {
    const { clock, everyMs = EVERY_MS } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await clock.sleep(everyMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.#tell();
    }
  }

  async #tell(): Promise<void> {
    try {
      await this.#sendHeld();
      this.#held = this.#take();
      await this.#sendHeld();
    } catch (error) {
      // That Redis is away is logged where it is noticed.
      if (isParqueueError(error) && error.code === 'PQ_COORDINATION_DOWN') return;
      this.#options.log.warn({ reason: toFailure(error).message }, 'counts of asks could not be told');
    }
  }

  async #sendHeld(): Promise<void> {
    const batch = this.#held;
    if (batch === null) return;
    await this.#options.link.run(({ coordination }) => coordination.askCounts.add(batch));
    this.#held = null;
  }

  #take(): AskBatch | null {
    if (this.#counts.size === 0) return null;
    const totals = this.#counts;
    this.#counts = new Map();
    return { id: this.#options.randomId(), totals };
  }
}

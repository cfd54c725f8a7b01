/**
 * What Redis knows of datasets, for pages that show many of them and ask again every few seconds: how they were asked
 * and what the cache holds of them. A look is remembered for a moment, and longer the more it cost, so that watchers
 * never take more than a small share of Redis however many they are.
 */
import { isParqueueError, type AskHistory, type Clock, type StoredSum } from '@parqueue/core';
import type { CoordinationLink } from './coordination-link.ts';

export interface DatasetFactsOptions {
  readonly link: Pick<CoordinationLink, 'run'>;
  readonly clock: Clock;
}

/** So many of a dataset's keys are looked at for its sums. Beyond them, the sums say that they are not complete. */
const KEYS_MAX = 1_000;
const KEPT_MS = 1_000;
/** At most a twentieth of the time goes into looking. */
const KEPT_PER_COST = 20;

export class DatasetFacts {
  readonly #options: DatasetFactsOptions;
  readonly #sums = new Map<string, Recent<StoredSum>>();
  readonly #history: Recent<AskHistory>;

  constructor(options: DatasetFactsOptions) {
    const { link, clock } = options;
    this.#options = options;
    this.#history = new Recent(clock, () => link.run(({ coordination }) => coordination.askCounts.history()));
  }

  /** @returns null while Redis is away */
  async asks(): Promise<AskHistory | null> {
    return await orNull(() => this.#history.get());
  }

  /** @param name of a dataset of the catalog: as many are remembered @returns null while Redis is away */
  async stored(name: string): Promise<StoredSum | null> {
    const { link, clock } = this.#options;
    const load = (): Promise<StoredSum> => link.run(({ coordination }) => coordination.entries.sum(name, KEYS_MAX));
    const sum = this.#sums.get(name) ?? new Recent(clock, load);
    this.#sums.set(name, sum);
    return await orNull(() => sum.get());
  }
}

/** One look at a time; what it found is good for a while. */
class Recent<T> {
  readonly #clock: Clock;
  readonly #load: () => Promise<T>;
  #found: Promise<T> | null = null;
  #until = 0;

  constructor(clock: Clock, load: () => Promise<T>) {
    this.#clock = clock;
    this.#load = load;
  }

  get(): Promise<T> {
    if (this.#found === null || this.#clock.now() >= this.#until) this.#found = this.#look();
    return this.#found;
  }

  async #look(): Promise<T> {
    const began = this.#clock.now();
    this.#until = Number.POSITIVE_INFINITY;
    try {
      const found = await this.#load();
      const ended = this.#clock.now();
      this.#until = ended + Math.max(KEPT_MS, KEPT_PER_COST * (ended - began));
      return found;
    } catch (error) {
      this.#until = 0;
      throw error;
    }
  }
}

/** The catalog stays readable while Redis is away. */
export async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (isParqueueError(error) && error.code === 'PQ_COORDINATION_DOWN') return null;
    throw error;
  }
}

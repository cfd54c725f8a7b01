/**
 * What the cluster is like, read from Redis and the store for a scrape. Every API process tells the same of it, so these
 * numbers are aggregated by `max`, never summed (docs/monitoring.md). One look serves all gauges of a scrape, and the scrapes
 * of a second; a scrape neither fails nor waits for long because Redis or the store is away: the samples are missing then.
 */
import { toFailure, type Clock } from '@parqueue/core';
import type { Config } from '@parqueue/core/config';
import type { FileStore } from '@parqueue/core/store';
import type { CoordinationLink, Live } from './coordination-link.ts';
import type { DatasetFacts } from './dataset-facts.ts';

export interface QueueSample {
  readonly queue: string;
  readonly counts: Readonly<Record<string, number>>;
}

export interface ClusterSample {
  readonly epoch: number;
  readonly queues: readonly QueueSample[];
  /** By source. */
  readonly paused: Readonly<Record<string, boolean>>;
  /** By dataset; absent where the cache holds nothing of it. */
  readonly ageSeconds: Readonly<Record<string, number>>;
  readonly storeBytes: number;
  readonly storeGenerations: number;
  /** Room that running fills have been promised. */
  readonly reservedBytes: number;
  /** By dataset. */
  readonly datasetBytes: Readonly<Record<string, number>>;
}

/** Of the store's filesystem. */
export interface StoreSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface ClusterSamplerOptions {
  readonly config: Pick<Config, 'sources' | 'datasets'>;
  readonly link: Pick<CoordinationLink, 'ready' | 'current'>;
  readonly datasetFacts: Pick<DatasetFacts, 'stored'>;
  readonly store: Pick<FileStore, 'space'>;
  readonly clock: Clock;
  readonly onTrouble: (reason: string) => void;
}

const KEPT_MS = 1_000;
/** Prometheus gives a scrape ten seconds by default. */
const LOOK_LIMIT_MS = 3_000;

export class ClusterSampler {
  readonly #options: ClusterSamplerOptions;
  readonly #cluster: Look<ClusterSample>;
  readonly #space: Look<StoreSpace>;

  constructor(options: ClusterSamplerOptions) {
    this.#options = options;
    const { clock, onTrouble } = options;
    this.#cluster = new Look({ clock, onTrouble, look: () => this.#readCluster() });
    this.#space = new Look({ clock, onTrouble, look: () => options.store.space.free() });
  }

  /** @returns null while it cannot be told */
  cluster(): Promise<ClusterSample | null> {
    return this.#options.link.ready ? this.#cluster.get() : Promise.resolve(null);
  }

  /** @returns null while the store's filesystem does not answer */
  space(): Promise<StoreSpace | null> {
    return this.#space.get();
  }

  async #readCluster(): Promise<ClusterSample> {
    const live = this.#options.link.current();
    const { coordination } = live;
    const [epoch, queues, paused, ageSeconds, usage] = await Promise.all([
      coordination.ticks.epoch(),
      coordination.jobBrowser.counts(),
      this.#pausedSources(live),
      this.#ages(),
      coordination.usage.read(),
    ]);
    return {
      epoch,
      queues,
      paused,
      ageSeconds,
      storeBytes: usage.bytes,
      storeGenerations: usage.generations,
      reservedBytes: usage.reservedBytes,
      datasetBytes: usage.datasets,
    };
  }

  async #pausedSources({ coordination: { jobs } }: Live): Promise<ClusterSample['paused']> {
    const names = Object.keys(this.#options.config.sources);
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await jobs.isPaused(name)] as const)));
  }

  async #ages(): Promise<ClusterSample['ageSeconds']> {
    const { config, datasetFacts } = this.#options;
    const ages = await Promise.all(
      Object.keys(config.datasets).map(async (name): Promise<readonly (readonly [string, number])[]> => {
        const sum = await datasetFacts.stored(name);
        if (sum === null || sum.newestVerifiedAtMs === null) return [];
        return [[name, Math.max(0, sum.nowMs - sum.newestVerifiedAtMs) / 1000]];
      }),
    );
    return Object.fromEntries(ages.flat());
  }
}

interface LookOptions<T> {
  readonly look: () => Promise<T>;
  readonly clock: Clock;
  readonly onTrouble: (reason: string) => void;
}

/** At most one look at a time, however long it takes: a hung filesystem keeps one thread, not one per scrape. */
class Look<T> {
  readonly #options: LookOptions<T>;
  #running: Promise<T | null> | null = null;
  #found: { readonly value: T | null; readonly atMs: number } | null = null;

  constructor(options: LookOptions<T>) {
    this.#options = options;
  }

  async get(): Promise<T | null> {
    const { clock } = this.#options;
    if (this.#found !== null && clock.now() - this.#found.atMs < KEPT_MS) return this.#found.value;
    this.#running ??= this.#run();
    const timer = new AbortController();
    const late = clock.sleep(LOOK_LIMIT_MS, timer.signal).then(
      () => null,
      () => null,
    );
    try {
      return await Promise.race([this.#running, late]);
    } finally {
      timer.abort();
    }
  }

  async #run(): Promise<T | null> {
    const { look, clock, onTrouble } = this.#options;
    let value: T | null = null;
    try {
      value = await look();
    } catch (error) {
      onTrouble(toFailure(error).message);
    }
    this.#found = { value, atMs: clock.now() };
    this.#running = null;
    return value;
  }
}

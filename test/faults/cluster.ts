/**
 * A small cluster for tests: a Redis and a store of its own, worker processes that can be hurt, and a caller in the
 * test's process that asks as the API does. Everything is under one temporary folder and goes with it.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import {
  Epochs,
  Resolver,
  STRICT,
  isParqueueError,
  shardOf,
  type Answer,
  type Clock,
  type JobKind,
  type Arrival,
  type ResolvedRequest,
  type Resolution,
  type StepName,
} from '@parqueue/core';
import { Catalog, loadConfig, type Config } from '@parqueue/core/config';
import { openCoordination, type Coordination } from '@parqueue/core/redis';
import { openStore, type FileStore } from '@parqueue/core/store';
import type { QueueTiming } from '@parqueue/worker';
import { RedisServer } from './redis-server.ts';
import { WorkerHandle } from './worker-handle.ts';

/**
 * Where workers die, their jobs and leases are taken over within seconds. Elsewhere a machine that stalls for as long
 * must not look like a death.
 */
const MORTAL = { leaseTtl: '2s', queue: { lockDurationMs: 2000, stalledIntervalMs: 500 } };
const SAFE = { leaseTtl: '30s', queue: { lockDurationMs: 60_000, stalledIntervalMs: 500 } };
const WAIT_MS = 240_000;

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
const randomId = (): string => randomBytes(16).toString('hex');

export interface Question {
  readonly dataset: string;
  readonly params: Readonly<Record<string, string>>;
}

const WORDS: Question = { dataset: 'words', params: {} };

export interface ResolveOptions {
  readonly question?: Question;
  readonly waitMs?: number;
  readonly continues?: Arrival | null;
}

export interface ClusterOptions {
  /** An existing folder to use as the store's root; default: one in the cluster's own folder. */
  readonly storeRoot?: string;
  /** More of the store's section, as the file has it: `quota: 1MiB`. */
  readonly store?: string;
  /** More datasets, each on a line of its own as the file has it, and other sections after them. */
  readonly more?: string;
  /** Workers die here, or lose Redis. */
  readonly mortal?: boolean;
}

export class Cluster implements AsyncDisposable {
  readonly base: string;
  readonly config: Config;
  readonly redis: RedisServer;
  readonly store: FileStore;
  readonly coordination: Coordination;
  readonly #resolver: Resolver;
  readonly #queueTiming: QueueTiming;
  readonly #workers: WorkerHandle[] = [];

  private constructor(
    base: string,
    config: Config,
    parts: {
      redis: RedisServer;
      store: FileStore;
      coordination: Coordination;
      resolver: Resolver;
      queueTiming: QueueTiming;
    },
  ) {
    this.base = base;
    this.config = config;
    this.redis = parts.redis;
    this.store = parts.store;
    this.coordination = parts.coordination;
    this.#resolver = parts.resolver;
    this.#queueTiming = parts.queueTiming;
  }

  static async open(options: ClusterOptions = {}): Promise<Cluster> {
    const base = await mkdtemp(join(tmpdir(), 'parqueue-faults-'));
    await mkdir(join(base, 'lake'));
    const redis = await RedisServer.start(join(base, 'redis'));
    const { storeRoot = join(base, 'store'), store: section = '', more = '', mortal = false } = options;
    const timing = mortal ? MORTAL : SAFE;
    const config = testConfig(base, { redisUrl: redis.url, storeRoot, section, more, leaseTtl: timing.leaseTtl });
    const store = await openStore(config.store);
    const coordination = await openCoordination({ url: redis.url, storeId: store.storeId, clock, randomId });
    const { register, heads, pins, jobs, notices } = coordination;
    const epochs = new Epochs({ register, store: store.epochs, clock, randomId, onStep: () => undefined });
    await epochs.open();
    const resolver = new Resolver({
      heads,
      pins,
      jobs,
      notices,
      clock,
      randomId,
      epochs,
      onStep: () => undefined,
      waitersMax: 1000,
    });
    return new Cluster(base, config, { redis, store, coordination, resolver, queueTiming: timing.queue });
  }

  /** Replaces the source file in one rename, as a careful producer does. */
  async writeSource(name: string, rows: readonly (readonly [number, string])[]): Promise<void> {
    const path = join(this.base, 'lake', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, `id,word\n${rows.map((row) => row.join(',')).join('\n')}\n`);
    await rename(`${path}.new`, path);
  }

  request({ dataset, params }: Question = WORDS): ResolvedRequest {
    return new Catalog(this.config).resolveDataset(dataset, params).request;
  }

  /** One strict ask; waits for work unless told otherwise. */
  async resolve({ question = WORDS, waitMs = WAIT_MS, continues = null }: ResolveOptions = {}): Promise<Resolution> {
    return await this.#resolver.resolve(
      { request: this.request(question), policy: STRICT, cachedOnly: false, continues },
      { waitMs, pinTtlMs: 60_000, requestId: 'test', signal: new AbortController().signal },
    );
  }

  /** A strict ask that is repeated while Redis is away, as clients do. */
  async ask(question: Question = WORDS): Promise<Answer> {
    for (const deadline = clock.now() + WAIT_MS; ;) {
      try {
        const resolution = await this.resolve({ question });
        if (resolution.kind === 'answer') return resolution;
      } catch (error) {
        if (!isParqueueError(error) || error.code !== 'PQ_COORDINATION_DOWN') throw error;
      }
      if (clock.now() > deadline) throw new Error('no answer came');
      await sleep(100);
    }
  }

  /** Jobs of the source by state. */
  async queueCounts(kind: JobKind): Promise<Readonly<Record<string, number>>> {
    const queues = await this.coordination.jobBrowser.counts();
    return queues.find((queue) => queue.kind === kind)?.counts ?? {};
  }

  async workerLog(index: number): Promise<string> {
    return await textOf(join(this.base, `worker-${index}.log`));
  }

  /** The words in an answer's file, read as any Parquet reader would. */
  async wordsOf({ head }: Answer): Promise<readonly unknown[]> {
    const { absolute } = this.store.reader.partPath(this.request().key, head.fence);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(absolute) });
    return rows.map((row) => row['word']);
  }

  /** What fills in progress, or dead ones, have in the store. */
  async staging(): Promise<readonly string[]> {
    return await namesIn(join(this.#keyFolder(), 'staging'));
  }

  async generations(): Promise<readonly string[]> {
    return (await namesIn(this.#keyFolder())).filter((name) => /^g[0-9]+$/.test(name));
  }

  async startWorker({ hold = null }: { readonly hold?: StepName | null } = {}): Promise<WorkerHandle> {
    const worker = await WorkerHandle.start({
      config: this.config,
      queueTiming: this.#queueTiming,
      hold,
      logFile: join(this.base, `worker-${this.#workers.length}.log`),
    });
    this.#workers.push(worker);
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    await this.coordination.close();
    await this.redis.kill();
    await rm(this.base, { recursive: true, force: true });
  }

  #keyFolder(): string {
    const { key } = this.request();
    return join(this.store.root, 'entries', shardOf(key), key);
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function testConfig(
  base: string,
  {
    redisUrl,
    storeRoot,
    section,
    more,
    leaseTtl,
  }: {
    readonly redisUrl: string;
    readonly storeRoot: string;
    readonly section: string;
    readonly more: string;
    readonly leaseTtl: string;
  },
): Config {
  const text = `
store: { root: ${storeRoot}, retention: { grace: 1s }${section === '' ? '' : `, ${section}`} }
redis: { url: "${redisUrl}", durable: false }
worker: { threads: 2, threadMemory: 256MiB, leaseTtl: ${leaseTtl}, drain: { finish: 1s }, scratch: ./scratch }
sources: { lake: { kind: file, root: ./lake, maxConcurrentFills: 2 } }
datasets:
  words: { source: lake, path: words.csv, parquet: { compression: snappy } }
  market: { source: lake, path: "markets/{market}.csv", params: { market: { type: string, pattern: "[a-z]+" } } }
${more}
`;
  const config = loadConfig(text, { path: join(base, 'parqueue.yaml'), env: {}, readFile: () => '' });
  return { ...config, worker: { ...config.worker, listen: { host: '127.0.0.1', port: 0 } } };
}

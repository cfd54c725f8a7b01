/**
 * One small cluster on which cells are played, one after the other: a Redis and a store of its own, both sources, two
 * worker processes, and a caller in the test's process that asks as the API does. A cell that fails takes its stage with it.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Epochs, Resolver, toFailure, type Answer, type Clock, type ErrorCode, type Look } from '@parqueue/core';
import { Catalog, loadConfig, type Config } from '@parqueue/core/config';
import { connectRedis, openCoordination, type Coordination } from '@parqueue/core/redis';
import { openStore, type FileStore } from '@parqueue/core/store';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { RedisServer } from '../faults/redis-server.ts';
import type { Cell } from './cells.ts';
import { CrashWorker } from './crash-worker.ts';
import { versionIn } from './history.ts';
import { StallWatch } from './stalls.ts';
import { fileSubject, oracleSubject, type OracleSubject, type Subject } from './subjects.ts';

/** Short, so that a dead worker's job and lease are taken over within seconds. */
const QUEUE_TIMING = { lockDurationMs: 4000, stalledIntervalMs: 1000 };
export const LEASE_TTL_MS = 1500;
const PIN_TTL_MS = 60_000;
const FIRST_ASKS_MAX = 5;

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
export const randomId = (): string => randomBytes(16).toString('hex');

/** What a caller heard. `version` is that of the rows, read to the last one. */
export type Heard =
  | { readonly kind: 'rows'; readonly version: number; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'wrong'; readonly what: string };

export interface AskOptions {
  /** How old the rows may be; 0: no older than the question. */
  readonly ageMs: number;
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

export class Stage implements AsyncDisposable {
  readonly base: string;
  readonly config: Config;
  readonly redis: RedisServer;
  readonly store: FileStore;
  readonly coordination: Coordination;
  readonly epochs: Epochs;
  readonly workers: CrashWorker[] = [];
  readonly #subjects: { readonly file: Subject; readonly oracle: OracleSubject };
  readonly #resolver: Resolver;
  readonly #stalls = new StallWatch(
    () => {
      this.#stalled = true;
    },
    () => [this.redis.pid],
  );
  #stalled = false;
  #started = 0;

  private constructor(parts: {
    readonly base: string;
    readonly config: Config;
    readonly redis: RedisServer;
    readonly store: FileStore;
    readonly coordination: Coordination;
    readonly subjects: { readonly file: Subject; readonly oracle: OracleSubject };
  }) {
    this.base = parts.base;
    this.config = parts.config;
    this.redis = parts.redis;
    this.store = parts.store;
    this.coordination = parts.coordination;
    this.#subjects = parts.subjects;
    const { register, heads, pins, jobs, notices } = parts.coordination;
    const onStep = (): void => undefined;
    this.epochs = new Epochs({ register, store: parts.store.epochs, clock, randomId, onStep });
    this.#resolver = new Resolver({
      heads,
      pins,
      jobs,
      notices,
      clock,
      randomId,
      onStep,
      epochs: this.epochs,
      waitersMax: 1000,
    });
  }

  static async open(): Promise<Stage> {
    const base = await mkdtemp(join(tmpdir(), 'parqueue-crash-'));
    const redis = await RedisServer.start(join(base, 'redis'), 'no');
    const subjects = { file: await fileSubject(join(base, 'lake')), oracle: await oracleSubject() };
    const config = configOf(base, redis.url, subjects.oracle);
    const store = await openStore(config.store);
    const coordination = await openCoordination({ url: redis.url, storeId: store.storeId, clock, randomId });
    const stage = new Stage({ base, config, redis, store, coordination, subjects });
    try {
      await stage.#begin();
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    // Stages begin several at a time, and a Redis that starts beside others takes its time.
    await this.redisAnswers();
    await this.epochs.open();
    await Promise.all([this.startWorker(), this.startWorker()]);
    for (const subject of Object.values(this.#subjects)) {
      await subject.write();
      await this.#firstLoad(subject);
    }
  }

  subject(source: Cell['source']): Subject {
    return this.#subjects[source];
  }

  get liveWorkers(): readonly CrashWorker[] {
    return this.workers.filter(({ isAlive }) => isAlive);
  }

  async startWorker(): Promise<CrashWorker> {
    const logFile = join(this.base, `worker-${(this.#started += 1)}.log`);
    const worker = new CrashWorker({ config: this.config, queueTiming: QUEUE_TIMING, logFile });
    this.workers.push(worker);
    await worker.ready();
    return worker;
  }

  /** What was heard of workers, and of the machine, until now. */
  forget(): void {
    for (const worker of this.workers) worker.forget();
    this.#stalled = false;
  }

  /** Whether this process, Redis or a worker did not run for a while, since `forget`. */
  async hasStalled(): Promise<boolean> {
    this.#stalls.look();
    // Whoever answers has told its stalls before.
    await Promise.allSettled(this.liveWorkers.map((worker) => worker.obey({})));
    return this.#stalled || this.workers.some(({ stalls }) => stalls.length > 0);
  }

  /** Two workers that are under no orders. */
  async atPeace(): Promise<void> {
    this.workers.splice(0, this.workers.length, ...this.liveWorkers);
    while (this.workers.length < 2) await this.startWorker();
    await Promise.all(this.workers.map((worker) => worker.obey({})));
  }

  resolved({ dataset }: Subject): ReturnType<Catalog['resolveDataset']> {
    return new Catalog(this.config).resolveDataset(dataset, {});
  }

  keyOf(subject: Subject): string {
    return this.resolved(subject).request.key;
  }

  async look(subject: Subject): Promise<Look> {
    const { key, scopes, probeTargets } = this.resolved(subject).request;
    return await this.epochs.run(() => this.coordination.heads.look({ key, scopes, probeTargets }, null));
  }

  async redisAnswers(): Promise<void> {
    for (const deadline = Date.now() + 30_000; ; await sleep(50)) {
      try {
        return await this.coordination.ping();
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  /** As if the time were over in which nobody asks a source that failed three times in a row. */
  async endCoolDown({ source }: Subject): Promise<void> {
    const redis = connectRedis({ url: this.redis.url }, 'worker');
    await redis.del(`{pq}:cooling:${source}`);
    redis.disconnect();
  }

  /** Never rejects for what a caller may be told: a refusal is an answer too, wrong rows are not. */
  async ask(subject: Subject, { ageMs, waitMs, signal = new AbortController().signal }: AskOptions): Promise<Heard> {
    const { request, policy: declared } = this.resolved(subject);
    const policy = { ...declared, maxAgeMs: ageMs, staleWhileRevalidateMs: ageMs, staleIfErrorMs: ageMs };
    try {
      const resolution = await this.#resolver.resolve(
        { request, policy, cachedOnly: false, continues: null },
        { waitMs, pinTtlMs: PIN_TTL_MS, requestId: 'crash', signal },
      );
      if (resolution.kind === 'pending') return { kind: 'refused', code: 'PQ_FILL_TIMEOUT', message: 'still loading' };
      return await this.#readOnce(resolution);
    } catch (error) {
      const { code, message } = toFailure(error);
      return code === 'PQ_INTERNAL' && signal.aborted ? cancelled(message) : { kind: 'refused', code, message };
    }
  }

  /** Before any fault: what a slow machine refuses is asked for again. */
  async #firstLoad(subject: Subject): Promise<void> {
    let heard: Heard | null = null;
    for (let asks = 0; asks < FIRST_ASKS_MAX && (heard === null || heard.kind === 'refused'); asks += 1)
      heard = await this.ask(subject, { ageMs: 0, waitMs: 120_000 });
    if (heard?.kind === 'rows' && heard.version === subject.history.current) return;
    throw new Error(
      `the first load was not answered with version ${subject.history.current}: ${heard === null ? '' : told(heard)}`,
    );
  }

  /** The rows of one generation. Throws ENOENT where it is gone. */
  async rowsOf(key: string, fence: number): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { absolute } = this.store.reader.partPath(key, fence);
    return await parquetReadObjects({ file: await asyncBufferFromFile(absolute) });
  }

  /** What the workers said, for people who look at a cell that failed. */
  async logs(): Promise<string> {
    const numbers = Array.from({ length: this.#started }, (_, at) => at + 1);
    const texts = numbers.map(async (number) => await readFile(join(this.base, `worker-${number}.log`), 'utf8'));
    return (await Promise.all(texts)).join('\n');
  }

  /** What its workers said, for who looks into a cell that failed. */
  async keepLogs(folder: string): Promise<void> {
    await cp(this.base, folder, { recursive: true, filter: (path) => path === this.base || path.endsWith('.log') });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stalls[Symbol.dispose]();
    for (const worker of this.workers) worker.signal('SIGCONT');
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.coordination.close();
    await this.redis.kill();
    await this.#subjects.oracle[Symbol.asyncDispose]();
    await rm(this.base, { recursive: true, force: true });
  }

  /** As the API reads: pinned, looked at first, then to the last row. */
  async #readOnce(answer: Answer): Promise<Heard> {
    const { key, head, pin } = answer;
    try {
      const inspection = await this.store.reader.inspect(key, head.fence);
      if (inspection.kind !== 'whole')
        return { kind: 'wrong', what: `the answer's generation g${head.fence} is ${inspection.kind}` };
      const version = versionIn(await this.rowsOf(key, head.fence));
      return typeof version === 'number'
        ? { kind: 'rows', version, answer }
        : { kind: 'wrong', what: `g${head.fence}: ${version.wrong}` };
    } finally {
      // A pin that cannot be given back ends by itself.
      if (pin !== null) await this.coordination.pins.release(key, pin.id).catch(() => undefined);
    }
  }
}

export function told(heard: Heard): string {
  if (heard.kind === 'rows') return `version ${heard.version}`;
  return heard.kind === 'refused' ? `${heard.code}: ${heard.message}` : heard.what;
}

function cancelled(message: string): Heard {
  return { kind: 'refused', code: 'PQ_CANCELLED', message };
}

function configOf(base: string, redisUrl: string, { database }: OracleSubject): Config {
  const text = `
store: { root: ./store, retention: { grace: 1s, generations: 1 } }
redis: { url: "${redisUrl}", durable: false }
worker: { listen: { port: 0 }, threads: 1, threadMemory: 64MiB, leaseTtl: ${LEASE_TTL_MS}ms, drain: { finish: 1s }, scratch: ./scratch }
sources:
  lake: { kind: file, root: ./lake, maxConcurrentFills: 2 }
  db: { ${database.settings.join(', ')}, password: "\${SOURCE_PASSWORD}", maxConcurrentFills: 2 }
datasets:
  facts: { source: lake, path: facts.arrow, parquet: { compression: snappy } }
  table: { source: db, sql: "select id, version, word from facts order by id", parquet: { compression: snappy } }
`;
  const env = { SOURCE_PASSWORD: database.password };
  return loadConfig(text, { path: join(base, 'parqueue.yaml'), env, readFile: () => '' });
}

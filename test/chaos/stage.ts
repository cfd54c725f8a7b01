/**
 * What the swarm plays on: a Redis as it is documented (a log that is flushed every second), API and worker processes, a
 * store, three sources of different kinds with a writer each, and a look of our own at what Redis and the store hold.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectGarbage, Epochs, type Clock, type OnStep } from '@parqueue/core';
import { Catalog, loadConfig, storeRules, type Config } from '@parqueue/core/config';
import { connectRedis, openCoordination, type Coordination } from '@parqueue/core/redis';
import { openStore, type FileStore } from '@parqueue/core/store';
import { freePort } from '@parqueue/core/testing/servers';
import { RedisServer } from '../faults/redis-server.ts';
import type { Api } from './client.ts';
import { fileSubject } from './file-subject.ts';
import { EntryLoads } from './loads.ts';
import { oracleSubject, type OracleSubject } from './oracle-subject.ts';
import { postgresSubject } from './postgres-subject.ts';
import { datasetOf, GRACE_MS, POLICIES, SOURCES, type Question, type SourceName } from './questions.ts';
import { ServerHandle, type LoadStep } from './server-handle.ts';
import type { ServerStart } from './server-process.ts';
import { STATEMENT, type Subject } from './subject.ts';
import { History } from './truth.ts';

/** Short beside what a deed lasts, long beside what a busy machine may stand still for. */
export const LEASE_TTL_MS = 3000;
/** Longer than the swarm's own pins: an hour in production, where nobody knows them. */
const PIN_MAX_MS = 12_000;
const QUEUE_TIMING = { lockDurationMs: 8000, stalledIntervalMs: 1000 };

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
export const randomId = (): string => randomBytes(16).toString('hex');

export interface Size {
  readonly apis: number;
  readonly workers: number;
  /** Of each worker. */
  readonly threads: number;
  readonly quotaMiB: number;
}

export interface ApiProcess {
  readonly handle: ServerHandle;
  readonly api: Api;
}

interface Parts {
  readonly base: string;
  readonly redis: RedisServer;
  readonly config: Config;
  readonly store: FileStore;
  readonly coordination: Coordination;
  readonly subjects: readonly Subject[];
  readonly oracle: OracleSubject;
}

export class ChaosStage implements AsyncDisposable {
  readonly base: string;
  readonly redis: RedisServer;
  readonly config: Config;
  readonly store: FileStore;
  readonly coordination: Coordination;
  readonly epochs: Epochs;
  readonly subjects: readonly Subject[];
  readonly oracle: OracleSubject;
  readonly workers: ServerHandle[] = [];
  readonly apis: ApiProcess[] = [];
  /** Steps of loads, by key. */
  readonly #loads = new Map<string, EntryLoads>();
  readonly #now: () => number;

  private constructor(parts: Parts, now: () => number) {
    this.#now = now;
    this.base = parts.base;
    this.redis = parts.redis;
    this.config = parts.config;
    this.store = parts.store;
    this.coordination = parts.coordination;
    this.subjects = parts.subjects;
    this.oracle = parts.oracle;
    this.epochs = new Epochs({
      register: parts.coordination.register,
      store: parts.store.epochs,
      clock,
      randomId,
      onStep: () => undefined,
    });
  }

  static async open(size: Size, now: () => number): Promise<ChaosStage> {
    const base = await mkdtemp(join(tmpdir(), 'parqueue-chaos-'));
    const [redis, lake, oracle, postgres] = await Promise.all([
      RedisServer.start(join(base, 'redis'), 'everysec'),
      fileSubject(base, new History(now)),
      oracleSubject(new History(now)),
      postgresSubject(new History(now)),
    ]);
    const subjects = [lake, oracle, postgres];
    const config = configOf({ base, redisUrl: redis.url, subjects, size });
    const store = await openStore(config.store);
    const coordination = await openCoordination({ url: redis.url, storeId: store.storeId, clock, randomId });
    const stage = new ChaosStage({ base, redis, config, store, coordination, subjects, oracle }, now);
    try {
      await stage.#begin(size);
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #begin({ apis, workers }: Size): Promise<void> {
    await this.epochs.open();
    const written = this.subjects.map(async (subject) => {
      subject.history.writes += 1;
      await subject.history.next((version) => subject.write(version));
    });
    await Promise.all(written);
    const started: Promise<void>[] = [];
    for (let at = 1; at <= workers; at += 1) {
      const worker = new ServerHandle(`worker ${at}`, this.#start('worker', `worker ${at}`, this.config), (step) =>
        this.#count(step),
      );
      this.workers.push(worker);
      started.push(worker.start());
    }
    for (let at = 1; at <= apis; at += 1) {
      const process = await this.#apiProcess(`API ${at}`, this.config);
      this.apis.push(process);
      started.push(process.handle.start());
    }
    await Promise.all(started);
  }

  /** One of a configuration that allows an hour wherever the others are strict: what a defect in deciding would look like. */
  async startLenientApi(): Promise<ApiProcess> {
    const freshness = { maxAgeMs: 3_600_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
    const lenient = Object.entries(this.config.datasets).map(([name, dataset]) => [
      name,
      { ...dataset, freshness: { ...dataset.freshness, ...freshness } },
    ]);
    const process = await this.#apiProcess('the lenient API', {
      ...this.config,
      datasets: Object.fromEntries(lenient),
    });
    await process.handle.start();
    return process;
  }

  subject(name: SourceName): Subject {
    const subject = this.subjects.find((candidate) => candidate.name === name);
    if (subject === undefined) throw new Error(`no source ${name}`);
    return subject;
  }

  histories(): Readonly<Record<SourceName, History>> {
    const of = (name: SourceName): History => this.subject(name).history;
    return { lake: of('lake'), ora: of('ora'), pg: of('pg') };
  }

  /** What workers told of its loads so far. */
  loadsOf(key: string): EntryLoads {
    const loads = this.#loads.get(key) ?? new EntryLoads();
    this.#loads.set(key, loads);
    return loads;
  }

  keyOf(question: Question): string {
    const { owner, columns } = question;
    const dataset = datasetOf(question, question.byAge ? 'ttl' : 'strict');
    const all = columns.length === 5;
    return new Catalog(this.config).resolveDataset(dataset, { owner }, all ? {} : { columns }).request.key;
  }

  /** What a load came to is pinned for ten minutes. Nobody comes back for ballast, and its room is wanted before that. */
  async unpinBallast(): Promise<void> {
    const redis = connectRedis({ url: this.redis.url }, 'worker');
    try {
      const catalog = new Catalog(this.config);
      const keys = BALLAST.map((name) => catalog.resolveDataset('ballast', { name }, {}).request.key);
      await redis.del(keys.flatMap((key) => [`{pq}:pins:${key}`, `{pq}:pinned:${key}`]));
    } finally {
      redis.disconnect();
    }
  }

  /** As workers do on their own, but for how long pins last: the swarm knows its own. @returns why nothing was collected */
  async collect(asIfAllWasOver = false): Promise<string | null> {
    const { heads, leases, retirement, eviction, usage } = this.coordination;
    const { directories, marks, space } = this.store;
    const rules = storeRules(this.config);
    const onStep: OnStep = (name, { key }) => {
      if (name === 'head-evicted') this.loadsOf(String(key)).evictionsMs.push(this.#now());
    };
    const { waitingFor } = await this.epochs.run(() =>
      collectGarbage(
        { heads, leases, retirement, eviction, usage, directories, marks, space, randomId, onStep },
        {
          rules: asIfAllWasOver ? { ...rules, graceMs: 0, keep: { ...rules.keep, generations: 1 } } : rules,
          pinMaxMs: asIfAllWasOver ? 0 : PIN_MAX_MS,
          dryRun: false,
          signal: new AbortController().signal,
        },
      ),
    );
    return waitingFor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const servers = [...this.workers, ...this.apis.map(({ handle }) => handle)];
    await Promise.all(servers.map((server) => server.kill()));
    await this.coordination.close();
    await Promise.all([this.redis.kill(), ...this.subjects.map((subject) => subject[Symbol.asyncDispose]())]);
    await rm(this.base, { recursive: true, force: true });
  }

  async #apiProcess(name: string, config: Config): Promise<ApiProcess> {
    const port = await freePort();
    const listening = { ...config, listen: { host: '127.0.0.1', port } };
    const handle = new ServerHandle(name, this.#start('api', name, listening), () => undefined);
    return { handle, api: { name, url: `http://127.0.0.1:${port}` } };
  }

  #start(role: 'api' | 'worker', name: string, config: Config): ServerStart {
    const logFile = join(this.base, `${name.replaceAll(' ', '-')}.log`);
    return { kind: 'start', role, config, queueTiming: QUEUE_TIMING, logFile };
  }

  #count({ name, key, fillId, atMs, version }: LoadStep): void {
    const loads = this.loadsOf(key);
    if (name === 'head-evicted') loads.evictionsMs.push(atMs);
    else if (name === 'first-batch') loads.read(fillId, atMs);
    else Object.assign(loads.read(fillId, atMs), { committedMs: atMs, version });
  }
}

/** Files that only fill room: four that fit, and one that never does. */
export const BALLAST = ['one', 'two', 'three', 'huge'] as const;
/** Of the quota. */
const BALLAST_SHARES = { one: 0.18, two: 0.18, three: 0.18, huge: 1.2 } as const;

export async function writeBallast(base: string, { quotaMiB }: Size): Promise<void> {
  for (const name of BALLAST) {
    const lines = Array.from(
      { length: (BALLAST_SHARES[name] * quotaMiB * 2 ** 20) / 3000 },
      (_, at) => `${at},${randomBytes(2244).toString('base64')}`,
    );
    await writeFile(join(base, 'lake', `ballast-${name}.csv`), `id,filler\n${lines.join('\n')}\n`);
  }
}

interface Configured {
  readonly base: string;
  readonly redisUrl: string;
  readonly subjects: readonly Subject[];
  readonly size: Size;
}

function configOf({ base, redisUrl, subjects, size: { threads, quotaMiB } }: Configured): Config {
  const datasets = SOURCES.flatMap((source) =>
    Object.entries(POLICIES).flatMap(([policy, { maxAgeMs, whileRevalidateMs, ifErrorMs }]) => {
      if (policy === 'ttl' && source !== 'lake') return [];
      const what = source === 'lake' ? 'path: "{owner}.arrow"' : `sql: "${STATEMENT}"`;
      const version = policy === 'ttl' ? 'version: ttl, ' : '';
      return (
        `  ${source}_${policy}: { source: ${source}, ${what}, params: { owner: { type: string, maxLength: 10 } }, `
        + `parquet: { compression: snappy }, freshness: { ${version}maxAge: ${maxAgeMs}ms, staleWhileRevalidate: ${whileRevalidateMs}ms, staleIfError: ${ifErrorMs}ms } }`
      );
    }),
  );
  const text = `
listen: { port: 0 }
store: { root: ./store, quota: ${quotaMiB}MiB, retention: { grace: ${GRACE_MS}ms, generations: 2, maxAge: 10s } }
redis: { url: "${redisUrl}", durable: true }
limits: { fillTimeout: 4m }
worker: { listen: { port: 0 }, threads: ${threads}, threadMemory: 128MiB, leaseTtl: ${LEASE_TTL_MS}ms, drain: { finish: 1s }, scratch: ./scratch }
sources:
${subjects.map(({ name, yaml, password }) => `  ${name}: { ${yaml}${password === '' ? '' : `, password: "\${PASSWORD_OF_${name}}"`}, maxConcurrentFills: 4 }`).join('\n')}
datasets:
${datasets.join('\n')}
  ballast: { source: lake, path: "ballast-{name}.csv", params: { name: { type: string, maxLength: 10 } }, parquet: { compression: none } }
`;
  const env = Object.fromEntries(subjects.map(({ name, password }) => [`PASSWORD_OF_${name}`, password]));
  return loadConfig(text, { path: join(base, 'parqueue.yaml'), env, readFile: () => '' });
}

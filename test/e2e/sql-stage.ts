/**
 * The API in this process, workers in processes of their own, all from the built output, over a database of any kind.
 * Tests ask over HTTP as everybody does.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi, type RunningApi } from '@parqueue/api';
import type { StepName } from '@parqueue/core';
import { loadConfig, type Config } from '@parqueue/core/config';
import type { QueueTiming } from '@parqueue/worker';
import { pino } from 'pino';
import { RedisServer } from '../faults/redis-server.ts';
import { WorkerHandle } from '../faults/worker-handle.ts';
import { redisCommand } from './redis-wire.ts';

/** A dead worker's job and lease are taken over within seconds; where none dies, a machine that stalls must not look like it. */
const MORTAL = { leaseTtl: '2s', queue: { lockDurationMs: 2000, stalledIntervalMs: 500 } };
const SAFE = { leaseTtl: '30s', queue: { lockDurationMs: 60_000, stalledIntervalMs: 500 } };

/** What a stage has to know of the database under its source. It is disposed of with the stage. */
export interface StageDatabase extends AsyncDisposable {
  /** `kind`, `connectString`, `user` and what else the source needs, as items of a flow mapping; no password. */
  readonly settings: readonly string[];
  readonly password: string;
}

export interface StageOptions {
  /** YAML lines under `datasets:`. */
  readonly datasets: string;
  /** More settings of the source, as a flow mapping without braces. */
  readonly source?: string;
  /** Logs on with this instead of the right one. */
  readonly password?: string;
  /** More lines at the top level. */
  readonly more?: string;
  /** More settings of `worker`, as a flow mapping without braces. */
  readonly worker?: string;
  /** Workers die here. */
  readonly mortal?: boolean;
}

export interface Asked {
  readonly status: number;
  /** `hit`, `miss`, `stale` … with its detail, without the counts and names behind it. */
  readonly cache: string;
  readonly key: string;
  readonly version: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

export class SqlStage<Database extends StageDatabase> implements AsyncDisposable {
  readonly db: Database;
  readonly #base: string;
  readonly #redis: RedisServer;
  readonly #config: Config;
  readonly #api: RunningApi;
  readonly #workers: WorkerHandle[] = [];
  readonly #logged: string[];
  readonly #queueTiming: QueueTiming;

  private constructor(parts: {
    readonly db: Database;
    readonly base: string;
    readonly redis: RedisServer;
    readonly config: Config;
    readonly api: RunningApi;
    readonly logged: string[];
    readonly queueTiming: QueueTiming;
  }) {
    this.db = parts.db;
    this.#base = parts.base;
    this.#redis = parts.redis;
    this.#config = parts.config;
    this.#api = parts.api;
    this.#logged = parts.logged;
    this.#queueTiming = parts.queueTiming;
  }

  static async open<Database extends StageDatabase>(db: Database, options: StageOptions): Promise<SqlStage<Database>> {
    const base = await mkdtemp(join(tmpdir(), 'parqueue-stage-'));
    const redis = await RedisServer.start(join(base, 'redis'));
    const env = { SOURCE_PASSWORD: options.password ?? db.password };
    const text = configText(db, redis.url, options);
    const config = loadConfig(text, { path: join(base, 'parqueue.yaml'), env, readFile: () => '' });
    const logged: string[] = [];
    const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
    const api = await startApi({ config, log });
    const { queue: queueTiming } = options.mortal === true ? MORTAL : SAFE;
    return new SqlStage({ db, base, redis, config, api, logged, queueTiming });
  }

  async startWorker({ hold = null }: { readonly hold?: StepName | null } = {}): Promise<WorkerHandle> {
    const worker = await WorkerHandle.start({
      config: this.#config,
      queueTiming: this.#queueTiming,
      hold,
      logFile: this.#logFile(this.#workers.length),
    });
    this.#workers.push(worker);
    return worker;
  }

  async get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
    return await fetch(`${this.#api.url}${path}`, { method, headers });
  }

  async post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(`${this.#api.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  /** The rows of a dataset. */
  async ask(dataset: string, headers: Record<string, string> = {}): Promise<Asked> {
    return await askedOf(await this.get(`/v1/datasets/${dataset}.json`, headers));
  }

  async query(body: unknown): Promise<Asked> {
    return await askedOf(await this.post('/v1/query?format=json', body));
  }

  /** Everything that any process said, and everything it kept. */
  async everythingSaid(): Promise<string> {
    const files = await Promise.all(this.#workers.map(async (_, at) => await readFile(this.#logFile(at), 'utf8')));
    return [...this.#logged, ...files].join('\n');
  }

  /** Until when, by the clock of Redis, the source is left in peace: it is so for a few seconds after its third failure. */
  async coolUntil(atMs: number): Promise<void> {
    await redisCommand(this.#redis.url, ['HSET', '{pq}:cooling:db', 'until', String(atMs)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api.close();
    await Promise.all(this.#workers.map(async (worker) => await worker.kill()));
    await this.#redis.kill();
    await this.db[Symbol.asyncDispose]();
    await rm(this.#base, { recursive: true, force: true });
  }

  #logFile(worker: number): string {
    return join(this.#base, `worker-${worker}.log`);
  }
}

async function askedOf(response: Response): Promise<Asked> {
  const { headers, status } = response;
  const text = await response.text();
  return {
    status,
    cache: (headers.get('cache-status') ?? '')
      .replace(/^parqueue; /, '')
      .replace(/; (stored|collapsed|ttl=.*|key=.*)/g, ''),
    key: headers.get('parqueue-key') ?? '',
    version: headers.get('parqueue-version') ?? '',
    rows: status === 200 ? (JSON.parse(text) as Asked['rows']) : [],
  };
}

function configText(db: StageDatabase, redisUrl: string, options: StageOptions): string {
  const { datasets, source = '', more = '', worker = 'threads: 2', mortal = false } = options;
  const { leaseTtl } = mortal ? MORTAL : SAFE;
  const settings = [...db.settings, 'password: "${SOURCE_PASSWORD}"', ...(source === '' ? [] : [source])];
  return `
listen: { port: 0 }
store: { root: ./store, retention: { grace: 1s } }
redis: { url: "${redisUrl}", durable: false }
worker: { listen: { port: 0 }, ${worker}, leaseTtl: ${leaseTtl}, drain: { finish: 1s }, scratch: ./scratch }
sources:
  db: { ${settings.join(', ')} }
datasets:
${datasets}
${more}
`;
}

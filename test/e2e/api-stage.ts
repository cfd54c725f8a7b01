/**
 * The API and a worker from the built output, in this process, over a Redis and a store of their own. What tests need to
 * damage is reached through the files; what they need to see, through HTTP.
 */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startApi, type RunningApi, type StartApiOptions } from '@parqueue/api';
import { loadConfig, type Config } from '@parqueue/core/config';
import { startWorker, type RunningWorker } from '@parqueue/worker';
import { pino, type Logger } from 'pino';
import { RedisServer } from '../faults/redis-server.ts';

export interface StageOptions {
  /** More YAML, at the top level. */
  readonly yaml?: string;
  /** More sources and datasets, lines indented by two. */
  readonly sources?: string;
  readonly datasets?: string;
  readonly worker?: boolean;
  readonly api?: Partial<StartApiOptions>;
}

interface StageParts {
  readonly config: Config;
  readonly redis: RedisServer;
  readonly api: Partial<StartApiOptions>;
}

const sourcesYaml = (sources: string, datasets: string): string => `
sources:
${sources}  lake: { kind: file, root: ./lake, maxConcurrentFills: 2, adhoc: true }
  closed: { kind: file, root: ./lake }
datasets:
${datasets}  words: { source: lake, path: words.csv, description: some words, parquet: { compression: snappy } }
  lenient: { source: lake, path: words.csv, select: [id, word], freshness: { maxAge: 1h, staleIfError: 1h } }
  prices:
    source: lake
    path: "prices/{market}-{year}.csv"
    params: { market: { type: string, pattern: "[a-z./]+" }, year: { type: integer, default: 2026, min: 2000 } }
  broken: { source: lake, path: broken.csv, csv: { header: true }, columns: { id: int64 } }
`;

export class Stage implements AsyncDisposable {
  readonly base: string;
  readonly config: Config;
  readonly redis: RedisServer;
  /** Everything that was logged, one JSON line each. */
  readonly logged: string[] = [];
  readonly #log: Logger;
  readonly #api: Partial<StartApiOptions>;
  readonly #running: { api: RunningApi | null; worker: RunningWorker | null } = { api: null, worker: null };

  private constructor(base: string, { config, redis, api }: StageParts) {
    this.base = base;
    this.config = config;
    this.redis = redis;
    this.#api = api;
    this.#log = pino({ level: 'info' }, { write: (line: string) => void this.logged.push(line) });
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const { yaml = '', sources = '', datasets = '', worker = true, api = {} } = options;
    const base = await mkdtemp(join(tmpdir(), 'parqueue-api-'));
    await mkdir(join(base, 'lake'));
    const redis = await RedisServer.start(join(base, 'redis'));
    const text = `
listen: { port: 0 }
store: { root: ./store, retention: { grace: 1s } }
redis: { url: "${redis.url}", durable: false }
worker: { listen: { port: 0 }, threads: 1, drain: { finish: 1s }, scratch: ./scratch }
${sourcesYaml(sources, datasets)}${yaml}`;
    const config = loadConfig(text, { path: join(base, 'parqueue.yaml'), env: {}, readFile: () => '' });
    const stage = new Stage(base, { config, redis, api });
    await stage.startApi();
    if (worker) await stage.startWorker();
    return stage;
  }

  get log(): Logger {
    return this.#log;
  }

  get url(): string {
    return this.#running.api?.url ?? '';
  }

  get api(): RunningApi {
    if (this.#running.api === null) throw new Error('the API was stopped');
    return this.#running.api;
  }

  async startApi(): Promise<void> {
    this.#running.api = await startApi({ config: this.config, log: this.#log, ...this.#api });
  }

  /** Of the worker's health and metrics. */
  get workerUrl(): string {
    return this.#running.worker?.url ?? '';
  }

  async startWorker(): Promise<void> {
    this.#running.worker = await startWorker({ config: this.config, log: this.#log });
  }

  async stopWorker(): Promise<void> {
    await this.#running.worker?.close();
    this.#running.worker = null;
  }

  async get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
    return await fetch(`${this.url}${path}`, { method, headers });
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}, method = 'POST'): Promise<Response> {
    return await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  /** The path as it is, without the cleaning that fetch does. */
  async raw(path: string): Promise<number> {
    const { hostname, port } = new URL(this.url);
    return await new Promise((resolve, reject) => {
      httpRequest({ hostname, port, path }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  }

  /** Replaces a source file in one rename, as a careful producer does. */
  async writeSource(name: string, content: string): Promise<void> {
    const path = join(this.base, 'lake', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  }

  async writeWords(...words: readonly string[]): Promise<void> {
    await this.writeSource('words.csv', `id,word\n${words.map((word, at) => `${at + 1},${word}`).join('\n')}\n`);
  }

  async words(): Promise<readonly unknown[]> {
    const response = await this.get('/v1/datasets/words.json');
    if (response.status !== 200) throw new Error(await response.text());
    return ((await response.json()) as { word: unknown }[]).map(({ word }) => word);
  }

  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const text = await (await this.get('/metrics')).text();
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const lines = text
      .split('\n')
      .filter((line) => line.startsWith(name) && wanted.every((label) => line.includes(label)));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** The folder of the generation that answers for dataset `words`. */
  async generationFolder(): Promise<string> {
    const response = await this.post('/v1/resolve', { dataset: 'words' });
    const { file } = (await response.json()) as { file: { path: string } };
    return dirname(file.path);
  }

  async manifestText(): Promise<string> {
    return await readFile(join(await this.generationFolder(), 'manifest.json'), 'utf8');
  }

  async stopApi(): Promise<void> {
    await this.#running.api?.close();
    this.#running.api = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopApi();
    await this.#running.worker?.close();
    await this.redis.kill();
    await rm(this.base, { recursive: true, force: true });
  }
}

export interface ProblemBody {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
}

export async function problemOf(response: Response): Promise<ProblemBody> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) {
    throw new Error(
      `not a problem: ${response.status} ${response.headers.get('content-type')} ${await response.text()}`,
    );
  }
  return (await response.json()) as ProblemBody;
}

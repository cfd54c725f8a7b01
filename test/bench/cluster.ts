/**
 * Parqueue as production runs it: `parqueue api` and `parqueue worker` in processes of their own, without log lines, over a Redis and a store of
 * the section's. Ends them with itself; killed, they end by the process group of the section.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RedisServer, type Fsync } from '../faults/redis-server.ts';
import { ParqueueProcess } from '../infra/parqueue-process.ts';
import { profiled } from './profiled.ts';
import { ROOT } from './root.ts';

const CLI = join(ROOT, 'packages/cli/bin/parqueue.js');

export interface ClusterOptions {
  /** An empty folder; the source `lake` is `lake` in it. */
  readonly folder: string;
  /** YAML at the top level, beside what is said here. */
  readonly yaml?: string;
  /** Of the worker, in braces: `threads: 2`. */
  readonly worker?: string;
  /** Of the source `lake`, in braces: `maxConcurrentFills: 4`. */
  readonly lake?: string;
  /** Of Redis; everysec, as a production one has it, unless said. */
  readonly fsync?: Fsync;
}

/** What `POST /v1/resolve` says of the generation that answers. */
export interface ResolvedFile {
  readonly key: string;
  /** Of the generation's bytes, for ever the same. */
  readonly url: string;
  /** Of the part, absolute. */
  readonly path: string;
}

export class Cluster implements AsyncDisposable {
  readonly folder: string;
  readonly redis: RedisServer;
  readonly #config: string;
  readonly #apis: ParqueueProcess[] = [];
  readonly #workers: ParqueueProcess[] = [];

  private constructor(folder: string, redis: RedisServer, config: string) {
    this.folder = folder;
    this.redis = redis;
    this.#config = config;
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const { folder, yaml = '', worker = 'threads: 2', lake = 'maxConcurrentFills: 4', fsync = 'everysec' } = options;
    await mkdir(join(folder, 'lake'), { recursive: true });
    const redis = await RedisServer.start(join(folder, 'redis'), fsync);
    const config = join(folder, 'parqueue.yaml');
    const text = `
listen: { port: 0 }
log: { level: silent }
store: { root: ./store }
redis: { url: "${redis.url}", durable: false }
worker: { listen: { port: 0 }, scratch: ./scratch, ${worker} }
sources:
  lake: { kind: file, root: ./lake, adhoc: true, ${lake} }
${yaml}`;
    await writeFile(config, text);
    return new Cluster(folder, redis, config);
  }

  /** In the folder of the source `lake`. */
  lake(name: string): string {
    return join(this.folder, 'lake', name);
  }

  /** @returns with its address, and its process for its number and its end */
  async startApi(): Promise<{ readonly url: string; readonly process: ParqueueProcess }> {
    const process = this.#launch('api');
    this.#apis.push(process);
    return { url: await process.ready(), process };
  }

  async startWorker(): Promise<ParqueueProcess> {
    const process = this.#launch('worker');
    this.#workers.push(process);
    await process.ready();
    return process;
  }

  async endWorkers(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.end()));
  }

  #launch(role: 'api' | 'worker'): ParqueueProcess {
    // As the image and `parqueue up` have it.
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.folder,
      TMPDIR: this.folder,
      NODE_ENV: 'production',
      UV_THREADPOOL_SIZE: '16',
    };
    return new ParqueueProcess({
      command: [process.execPath, ...profiled(role), CLI, role, '--config', this.#config],
      cwd: this.folder,
      env,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endWorkers();
    await Promise.all(this.#apis.splice(0).map((api) => api.end()));
    await this.redis.kill();
  }
}

/** Asks an API until it is loaded. @param body as `POST /v1/resolve` takes it */
export async function resolveFile(url: string, body: unknown): Promise<ResolvedFile> {
  const response = await fetch(`${url}/v1/resolve`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=120' },
    body: JSON.stringify(body),
  });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  const { key, file } = (await response.json()) as { key: string; file: { url: string; path: string } };
  return { key, url: new URL(file.url, url).href, path: file.path };
}

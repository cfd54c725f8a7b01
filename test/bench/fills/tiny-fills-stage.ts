/** Workers that fill tiny Parquet files, each once, and a caller that enqueues as the API does. */
import { randomBytes } from 'node:crypto';
import { copyFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { Epochs, type Clock } from '@parqueue/core';
import { Catalog, loadConfig } from '@parqueue/core/config';
import { openCoordination, type Coordination } from '@parqueue/core/redis';
import { openStore } from '@parqueue/core/store';
import type { Taken } from '../alternate.ts';
import { Cluster } from '../cluster.ts';
import { cpuSecondsOf } from '../process-cpu.ts';

const ROWS = 100;
const WAITING_MAX = 100_000;
const ENQUEUED_AT_ONCE = 50;
/** How often it is looked whether all are filled: the rarer the more are missing, since a look takes the time of a command of a fill. */
const LOOK_MS = 5;
const LOOK_MS_PER_FILL = 2;

const clock: Clock = { now: () => Date.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) };
const randomId = (): string => randomBytes(16).toString('hex');

interface Parts {
  readonly cluster: Cluster;
  readonly coordination: Coordination;
  readonly catalog: Catalog;
  readonly pids: readonly number[];
  readonly partBytes: number;
}

export class TinyFillsStage implements AsyncDisposable {
  readonly #parts: Parts;
  #files = 0;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async start(folder: string, workers: number): Promise<TinyFillsStage> {
    const cluster = await Cluster.start({
      folder,
      worker: 'threads: 1',
      lake: 'maxConcurrentFills: 64',
      yaml: `limits: { queuePerSource: ${WAITING_MAX} }\n`,
    });
    await writeFirst(cluster.lake('0.parquet'));
    const { size } = await stat(cluster.lake('0.parquet'));
    const started = await Promise.all(Array.from({ length: workers }, () => cluster.startWorker()));
    const path = join(folder, 'parqueue.yaml');
    const config = loadConfig(await readFile(path, 'utf8'), { path, env: {}, readFile: () => '' });
    const store = await openStore(config.store);
    const { storeId } = store;
    const url = cluster.redis.url;
    const coordination = await openCoordination({ url, storeId, clock, randomId, queuePerSource: WAITING_MAX });
    const { register } = coordination;
    await new Epochs({ register, store: store.epochs, clock, randomId, onStep: () => undefined }).open();
    const pids = started.map(({ pid }) => pid);
    return new TinyFillsStage({ cluster, coordination, catalog: new Catalog(config), pids, partBytes: size });
  }

  get partBytes(): number {
    return this.#parts.partBytes;
  }

  get redisUrl(): string {
    return this.#parts.cluster.redis.url;
  }

  /** Not timed: files that nobody asked for yet. */
  async prepare(count: number): Promise<void> {
    const { cluster } = this.#parts;
    for (let at = this.#files + 1; at <= this.#files + count; at += 1)
      await copyFile(cluster.lake('0.parquet'), cluster.lake(`${at}.parquet`));
  }

  /** From the first job to the last commit. */
  async fill(count: number, signal: AbortSignal): Promise<Taken> {
    const { coordination, catalog, pids } = this.#parts;
    const { usage, jobs } = coordination;
    const before = await usage.read();
    const cpu = (): number => pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
    const cpuBefore = cpu();
    const first = this.#files + 1;
    this.#files += count;
    for (let from = first; from < first + count; from += ENQUEUED_AT_ONCE) {
      const some = Array.from({ length: Math.min(ENQUEUED_AT_ONCE, first + count - from) }, (_, at) => from + at);
      await Promise.all(
        some.map(async (file) => {
          const { request } = catalog.resolveAdhoc({ source: 'lake', path: `${file}.parquet` });
          const requirement = { after: 0, hardAfter: 0 };
          await jobs.enqueue({ kind: 'fill', request, requirement, requestId: null });
        }),
      );
    }
    const missing = async (): Promise<number> => before.generations + count - (await usage.read()).generations;
    for (let left = await missing(); left > 0; left = await missing())
      await sleep(Math.max(LOOK_MS, left * LOOK_MS_PER_FILL), undefined, { signal });
    return { units: count, cpuSeconds: cpu() - cpuBefore };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.coordination.close();
    await this.#parts.cluster[Symbol.asyncDispose]();
  }
}

async function writeFirst(path: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT i AS id, 'word ' || i AS word FROM range(${ROWS}) t(i)) TO '${path}' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
}

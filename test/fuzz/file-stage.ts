/**
 * A real worker that loads one file after the other, as a hostile producer would hand them over. Owns what every case has
 * to keep: the process lives, the load ends with rows or a code, and the memory that it took is told.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isParqueueError } from '@parqueue/core';
import { Cluster } from '../faults/cluster.ts';
import type { WorkerHandle } from '../faults/worker-handle.ts';

/** How a file is asked for; `copied` and `decoded` are both Parquet, as it is and in another codec. */
export type FileRoute = 'copied' | 'decoded' | 'csv' | 'ndjson' | 'json' | 'arrow';

export type Loaded =
  | { readonly kind: 'rows'; readonly source: string; readonly part: string; readonly rows: number }
  | { readonly kind: 'refused'; readonly source: string; readonly code: string; readonly message: string }
  | { readonly kind: 'died'; readonly source: string }
  | { readonly kind: 'silent'; readonly source: string };

const EXTENSIONS: Readonly<Record<FileRoute, string>> = {
  copied: 'parquet',
  decoded: 'parquet',
  csv: 'csv',
  ndjson: 'ndjson',
  json: 'json',
  arrow: 'arrow',
};

/** Names are used again after so many files, so that a long search fills no disk. */
const NAMES = 32;

/** A load of this suite takes milliseconds; one that takes this long has no end. */
export const FILL_TIMEOUT_S = 30;
const WAIT_MS = (FILL_TIMEOUT_S + 15) * 1000;

const DATASETS = Object.entries(EXTENSIONS)
  .map(
    ([route, extension]) =>
      `  ${route}: { source: lake, path: "${route}-{name}.${extension}", params: { name: { type: string, pattern: "[0-9]+" } }`
      + `${route === 'decoded' ? ', parquet: { compression: snappy }' : ''} }`,
  )
  .join('\n');

export class FileStage implements AsyncDisposable {
  readonly cluster: Cluster;
  #worker: WorkerHandle;
  #successor: Promise<void> | null = null;
  #files = 0;

  private constructor(cluster: Cluster, worker: WorkerHandle) {
    this.cluster = cluster;
    this.#worker = worker;
  }

  static async open(): Promise<FileStage> {
    const cluster = await Cluster.open({
      more: `${DATASETS}\nlimits: { fillTimeout: ${FILL_TIMEOUT_S}s }`,
    });
    return new FileStage(cluster, await cluster.startWorker());
  }

  async load(route: FileRoute, bytes: Uint8Array): Promise<Loaded> {
    const name = String((this.#files += 1) % NAMES);
    const source = join(this.cluster.base, 'lake', `${route}-${name}.${EXTENSIONS[route]}`);
    await writeFile(`${source}.new`, bytes);
    await rename(`${source}.new`, source);
    const question = { dataset: route, params: { name } };
    const over = new AbortController();
    const asked = this.cluster.resolve({ question, waitMs: WAIT_MS }).then(
      (resolution): Loaded => {
        if (resolution.kind !== 'answer') return { kind: 'silent', source };
        const { head } = resolution;
        const part = this.cluster.store.reader.partPath(this.cluster.request(question).key, head.fence).absolute;
        return { kind: 'rows', source, part, rows: head.rows };
      },
      (error: unknown): Loaded => {
        if (!isParqueueError(error)) throw error;
        return { kind: 'refused', source, code: error.code, message: error.message };
      },
    );
    const worker = this.#worker;
    const died = death(worker, over.signal).then((): Loaded => ({ kind: 'died', source }));
    try {
      const loaded = await Promise.race([asked, died]);
      if (loaded.kind === 'died') await this.#replace(worker);
      return loaded;
    } finally {
      over.abort();
    }
  }

  /** The most memory that the worker's process held since it was asked last; null where the system does not tell. */
  async peakBytes(): Promise<number | null> {
    try {
      const status = await readFile(`/proc/${this.#worker.pid}/status`, 'utf8');
      const peak = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
      // proc(5): 5 resets the peak to what is held now.
      await writeFile(`/proc/${this.#worker.pid}/clear_refs`, '5');
      return peak === undefined ? null : Number(peak) * 1024;
    } catch {
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }

  /** One successor for all loads that it took along. */
  async #replace(dead: WorkerHandle): Promise<void> {
    if (this.#worker !== dead) return;
    this.#successor ??= this.cluster.startWorker().then((worker) => {
      this.#worker = worker;
      this.#successor = null;
    });
    await this.#successor;
  }
}

/** Resolves when the worker's process is gone, or never. */
async function death(worker: WorkerHandle, over: AbortSignal): Promise<void> {
  while (!over.aborted && isAlive(worker.pid)) await sleep(100);
  if (over.aborted) await new Promise(() => undefined);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

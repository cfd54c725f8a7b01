/**
 * The sources one thread has opened, by name. A driver is loaded by the first task that needs it and stays with the
 * thread. A new kind of source is an opener and a case below, which the types ask for.
 */
import { ParqueueError, type Clock, type RandomId, type Source, type SourceConnections } from '@parqueue/core';
import type { SourceConfig } from '@parqueue/core/config';
import type { FileThread } from '@parqueue/core/parquet';
import type { ThreadSetup } from './setup.ts';

const MIB = 1024 * 1024;

/** What sources need of the world outside, besides their configuration. */
export interface ShelfTools {
  readonly clock: Clock;
  readonly randomId: RandomId;
  /** In [0, 1): for pauses that vary. */
  readonly chance: () => number;
  /** Writes what the rows of databases become. */
  readonly files: FileThread;
}

type Opener<Kind extends SourceConfig['kind']> = (
  config: Extract<SourceConfig, { readonly kind: Kind }>,
  setup: ThreadSetup,
  tools: ShelfTools,
) => Promise<Source>;

const OPENERS: { readonly [Kind in SourceConfig['kind']]: Opener<Kind> } = {
  file: async ({ root }, { scratch, threadMemoryBytes }) => {
    const { openFileSource } = await import('@parqueue/core/sources/file');
    return await openFileSource({
      root,
      scratch,
      duckdb: { memoryLimit: duckdbMemory(threadMemoryBytes), threads: 2 },
    });
  },
  oracle: async (config, _setup, tools) => {
    const { openOracleSource } = await import('@parqueue/core/sources/oracle');
    return await openOracleSource({ ...config, ...tools });
  },
  postgres: async (config, _setup, tools) => {
    const { openPostgresSource } = await import('@parqueue/core/sources/postgres');
    return await openPostgresSource({ ...config, ...tools });
  },
  mysql: async (config, _setup, tools) => {
    const { openMysqlSource } = await import('@parqueue/core/sources/mysql');
    return await openMysqlSource({ ...config, ...tools });
  },
};

/**
 * DuckDB allocates outside the thread's heap. It gets half as much again, up to what keeps two loads at once within a
 * gigabyte, and spills to scratch beyond.
 */
function duckdbMemory(threadMemoryBytes: number): string {
  return `${Math.min(384, Math.max(128, Math.floor(threadMemoryBytes / 2 / MIB)))}MiB`;
}

export class SourceShelf {
  readonly #setup: ThreadSetup;
  readonly #tools: ShelfTools;
  readonly #open = new Map<string, Promise<Source>>();
  /** Those whose opening is over. */
  readonly #opened = new Map<string, Source>();

  constructor(setup: ThreadSetup, tools: ShelfTools) {
    this.#setup = setup;
    this.#tools = tools;
  }

  /** @throws ParqueueError PQ_UNKNOWN_SOURCE, and whatever opening meets; a failed opening is tried again next time. */
  get(name: string): Promise<Source> {
    const open = this.#open.get(name) ?? this.#openSource(name);
    this.#open.set(name, open);
    open.then(
      (source) => this.#opened.set(name, source),
      () => this.#open.delete(name),
    );
    return open;
  }

  /** By source, for those that keep connections. */
  connections(): Readonly<Record<string, SourceConnections>> {
    const counts = [...this.#opened].flatMap(([name, source]) => {
      const own = source.connections?.();
      return own === undefined ? [] : [[name, own] as const];
    });
    return Object.fromEntries(counts);
  }

  /** Closes what is open; a source that is asked for later is opened anew. */
  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    this.#opened.clear();
    await Promise.allSettled(open.map(async (source) => await (await source)[Symbol.asyncDispose]()));
  }

  async #openSource(name: string): Promise<Source> {
    const config = this.#setup.sources[name];
    if (config === undefined) {
      throw new ParqueueError(
        'PQ_UNKNOWN_SOURCE',
        `this worker's configuration has no source named ${name}: give API and workers the same one`,
      );
    }
    switch (config.kind) {
      case 'file':
        return await OPENERS.file(config, this.#setup, this.#tools);
      case 'oracle':
        return await OPENERS.oracle(config, this.#setup, this.#tools);
      case 'postgres':
        return await OPENERS.postgres(config, this.#setup, this.#tools);
      case 'mysql':
        return await OPENERS.mysql(config, this.#setup, this.#tools);
      default:
        return config satisfies never;
    }
  }
}

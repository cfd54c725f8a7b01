/**
 * The store and Redis as commands open them that work beside running servers: the same configuration, the same checks,
 * and the Redis of a running `up` where none is configured. A store of an older format is left to the servers.
 */
import { Epochs, isParqueueError, ParqueueError } from '@parqueue/core';
import type { Config } from '@parqueue/core/config';
import { openCoordination, type Coordination } from '@parqueue/core/redis';
import { openStore, type FileStore } from '@parqueue/core/store';
import { readConfig, type ConfigOptions, type LoadedConfig } from './config-file.ts';
import { exitNow, type Context } from './context.ts';
import { findEmbeddedRedis } from './redis/embedded-address.ts';

export interface StoreOptions extends ConfigOptions {
  readonly json?: boolean;
}

/** Redis with an epoch open in it. */
export interface LiveRedis {
  readonly coordination: Coordination;
  readonly epochs: Epochs;
}

export interface StoreAccess extends AsyncDisposable {
  readonly config: Config;
  readonly store: FileStore;
}

export interface FullAccess extends StoreAccess {
  readonly redis: LiveRedis;
}

/** @throws ParqueueError PQ_CONFIG, PQ_STORE_IO, PQ_COORDINATION_DOWN */
export async function openAll(context: Context, options: StoreOptions): Promise<FullAccess> {
  const loaded = readConfig(context, options);
  const store = await openExisting(loaded.config);
  const redis = await openRedis(context, loaded, store);
  return {
    config: loaded.config,
    store,
    redis,
    [Symbol.asyncDispose]: async () => await redis.coordination.close(),
  };
}

/** The same without Redis where that is away; what is then left out is told to `note`. */
export async function openWithOrWithoutRedis(
  context: Context,
  options: StoreOptions,
  note: (line: string) => void,
): Promise<StoreAccess & { readonly redis: LiveRedis | null }> {
  const loaded = readConfig(context, options);
  const store = await openExisting(loaded.config);
  let redis: LiveRedis | null = null;
  try {
    redis = await openRedis(context, loaded, store);
  } catch (error) {
    if (!isParqueueError(error) || error.code !== 'PQ_COORDINATION_DOWN') throw error;
    note(`without Redis: ${error.message}`);
  }
  return {
    config: loaded.config,
    store,
    redis,
    [Symbol.asyncDispose]: async () => await redis?.coordination.close(),
  };
}

export type RedisAddressFound =
  | { readonly url: string; readonly from: 'configuration' | 'embedded' }
  | { readonly url: null; readonly why: string };

/** The configured Redis, or the one that a running `up` brought along. */
export async function findRedis({ config, dataDirectory }: LoadedConfig): Promise<RedisAddressFound> {
  if (config.redis.url !== null) return { url: config.redis.url, from: 'configuration' };
  const found = await findEmbeddedRedis(dataDirectory);
  if (found.kind === 'running') return { url: found.url, from: 'embedded' };
  return {
    url: null,
    why:
      found.kind === 'none'
        ? `no redis.url is configured, and no \`parqueue up\` runs on ${dataDirectory}; start it, or name its Redis with REDIS_URL`
        : `the Redis of the \`parqueue up\` on ${dataDirectory} does not know us: run this as the user that started it`,
  };
}

/** A command that looks makes no store where there is none: a missing mount would get one. */
async function openExisting(config: Config): Promise<FileStore> {
  const { root, fileMode } = config.store;
  return await openStore({ root, fileMode, older: 'refuse', absent: 'refuse' });
}

async function openRedis(context: Context, loaded: LoadedConfig, store: FileStore): Promise<LiveRedis> {
  const found = await findRedis(loaded);
  if (found.url === null) throw new ParqueueError('PQ_COORDINATION_DOWN', found.why);
  const { clock, randomId } = context;
  const coordination = await openCoordination({ url: found.url, storeId: store.storeId, clock, randomId });
  const epochs = new Epochs({
    register: coordination.register,
    store: store.epochs,
    clock,
    randomId,
    onStep: () => undefined,
  });
  try {
    await epochs.open();
  } catch (error) {
    await coordination.close();
    throw error;
  }
  return { coordination, epochs };
}

/** Aborts with Ctrl-C or SIGTERM; a second one ends the process at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) exitNow(1);
    stop.abort(new ParqueueError('PQ_CANCELLED', 'stopped before the end; what was done so far stays done'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await work(stop.signal);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/**
 * The all-in-one server: a lock on the data directory, a Redis, workers, the API, in this order, and back again when
 * it stops. Used by `up` and, with directories of their own, by `demo` and `swarm`.
 */
import { fileURLToPath } from 'node:url';
import type { Config } from '@parqueue/core/config';
import { readConfig, type ConfigOptions } from '../config-file.ts';
import type { Context } from '../context.ts';
import { lockDataDirectory, type DataLock } from '../data-lock.ts';
import { assertPortFree, freePort } from '../free-port.ts';
import { checkDurability } from '../redis/durability.ts';
import { openRedis, type EmbeddedRedis } from '../redis/embedded-redis.ts';
import { findRedisProgram } from '../redis/redis-program.ts';
import { SupervisedProcess, type ProcessEvents } from './supervised-process.ts';

export interface StackOptions extends ConfigOptions {
  /** Worker processes; 1 unless told otherwise. */
  readonly workers?: number;
  readonly events: ProcessEvents;
}

export interface Stack {
  readonly url: string;
  readonly config: Config;
  readonly redis: EmbeddedRedis;
  /** Where each worker tells its health and metrics. */
  readonly workerUrls: readonly string[];
  workerPids(): readonly number[];
  /** The API reads its keys again. */
  reloadKeys(): void;
  /** API first, so that nobody new waits; then workers, which finish or hand on what they run; Redis last. */
  stop(): Promise<void>;
  /** Ends everything at once. Nothing is lost that was promised: that is what commits are for. */
  kill(): void;
}

const API_STOPS_WITHIN_MS = 20_000;
/** After the drain the worker still has to hand its jobs back and close its connections. */
const WORKER_STOPS_AFTER_DRAIN_MS = 20_000;
/** Threads for files, names and compression. A store that hangs keeps all but one of them (commands/servers.ts). */
const UV_THREADPOOL_SIZE = '16';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

export async function startStack(context: Context, options: StackOptions): Promise<Stack> {
  const loaded = readConfig(context, options);
  const { config, dataDirectory, path } = loaded;
  const lock = lockDataDirectory(dataDirectory);
  const opened: { redis: EmbeddedRedis | null; processes: SupervisedProcess[] } = { redis: null, processes: [] };
  try {
    await assertPortFree(config.listen.host, config.listen.port);
    const redis = await openRedisOf(context, config, dataDirectory, options.events);
    opened.redis = redis;
    const env = { UV_THREADPOOL_SIZE, ...context.env, PARQUEUE_REDIS_URL: redis.url };
    const shared = ['--config', path, ...(options.data === undefined ? [] : ['--data', options.data])];
    const api = new SupervisedProcess(
      {
        name: 'api',
        script: MAIN,
        env,
        arguments: (url) => [
          'api',
          ...shared,
          '--host',
          config.listen.host,
          '--port',
          portOf(url) ?? String(config.listen.port),
        ],
      },
      options.events,
      context.clock,
    );
    const workerPorts = await portsForWorkers(config, options.workers ?? 1);
    const workers = workerPorts.map(
      (port, index) =>
        new SupervisedProcess(
          {
            name: workerPorts.length === 1 ? 'worker' : `worker${index + 1}`,
            script: MAIN,
            env,
            arguments: (url) => ['worker', ...shared, '--port', portOf(url) ?? String(port)],
          },
          options.events,
          context.clock,
        ),
    );
    opened.processes = [api, ...workers];
    const [url, ...workerUrls] = await Promise.all([
      api.start(),
      ...workers.map(async (worker) => await worker.start()),
    ]);
    return {
      url: url ?? '',
      config,
      redis,
      workerUrls,
      workerPids: () => workers.map(({ pid }) => pid).filter((pid) => pid !== null),
      reloadKeys: () => api.hangUp(),
      stop: async () => await stopAll(api, workers, redis, lock, config),
      kill: () => {
        for (const process of opened.processes) process.kill();
      },
    };
  } catch (error) {
    for (const process of opened.processes) process.kill();
    await opened.redis?.stop();
    lock.release();
    throw error;
  }
}

async function stopAll(
  api: SupervisedProcess,
  workers: readonly SupervisedProcess[],
  redis: EmbeddedRedis,
  lock: DataLock,
  config: Config,
): Promise<void> {
  await api.stop(API_STOPS_WITHIN_MS);
  await Promise.all(
    workers.map(async (worker) => await worker.stop(config.worker.drainFinishMs + WORKER_STOPS_AFTER_DRAIN_MS)),
  );
  await redis.stop();
  lock.release();
}

async function openRedisOf(
  context: Context,
  config: Config,
  dataDirectory: string,
  events: ProcessEvents,
): Promise<EmbeddedRedis> {
  const production = context.env['NODE_ENV'] === 'production';
  const redis = await openRedis({
    url: config.redis.url,
    dataDirectory,
    program: findRedisProgram(context.env['PATH'] ?? ''),
    undurableAllowed: !(production && config.redis.durable),
    randomId: context.randomId,
    warn: events.onNote,
  });
  if (redis.kind === 'external') await checkDurability(redis.url, config.redis.durable, events.onNote);
  keepAlive(context, redis, events);
  return redis;
}

/** A Redis that died comes back at the same address; clients reconnect, and epochs settle what it forgot. */
function keepAlive(context: Context, redis: EmbeddedRedis, events: ProcessEvents): void {
  let delayMs = 250;
  redis.onExit((reason) => {
    events.onNote(`Redis ended (${reason}); starting it again`);
    const again = async (): Promise<void> => {
      await context.clock.sleep(delayMs);
      delayMs = Math.min(delayMs * 2, 15_000);
      try {
        await redis.restart();
        delayMs = 250;
        events.onNote('Redis is back');
      } catch (error) {
        events.onNote(`Redis does not start: ${error instanceof Error ? error.message : String(error)}`);
        await again();
      }
    };
    void again();
  });
}

/** The configured port for the first worker where it is free; nobody types a worker's port by hand. */
async function portsForWorkers(config: Config, workers: number): Promise<readonly number[]> {
  const { host, port } = config.worker.listen;
  const ports: number[] = [];
  for (let index = 0; index < workers; index += 1) {
    const configuredIsFree =
      index === 0
      && (await assertPortFree(host, port).then(
        () => true,
        () => false,
      ));
    ports.push(configuredIsFree ? port : await freePort(host));
  }
  return ports;
}

function portOf(url: string | null): string | null {
  return url === null ? null : new URL(url).port;
}

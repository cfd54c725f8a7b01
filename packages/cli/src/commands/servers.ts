/**
 * `parqueue api` and `parqueue worker`: one server in this process, alone (replicas behind a load balancer) or as a
 * child of `up`. Composition roots: what they start is handed configuration, log and clock.
 */
import { pino, type Logger } from 'pino';
import { ParqueueError, toFailure } from '@parqueue/core';
import type { Config } from '@parqueue/core/config';
import { readConfig, type ConfigOptions } from '../config-file.ts';
import { exitNow, firstSignal, type Context } from '../context.ts';
import { explainError } from '../exit.ts';
import { withTracesOf } from '../traces-environment.ts';
import { onHangup, reloadKeys } from '../reload-keys.ts';
import { checkDurabilityOnceThere } from '../redis/durability.ts';
import { isSupervised, tellSupervisor } from '../up/child-messages.ts';

export type ServerOptions = ConfigOptions;

interface RunningServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export async function runApi(context: Context, options: ServerOptions): Promise<void> {
  const ready = onHangup(context);
  await serve(context, options, 'api', async (config, log) => {
    const { startApi } = await import('@parqueue/api');
    const api = await startApi({ config, log, storeCalls: storeCallsOf(context.env) });
    ready(() => reloadKeys(context, { options, log, replaceKeys: (keys) => api.replaceKeys(keys) }));
    return { url: api.url, stop: async () => await api.close() };
  });
}

/** One thread less than there are: what hangs in the store leaves that one for names of hosts and for compression. */
function storeCallsOf(env: Context['env']): { readonly max?: number } {
  const threads = Number(env['UV_THREADPOOL_SIZE']);
  return Number.isInteger(threads) && threads >= 2 ? { max: threads - 1 } : {};
}

export async function runWorker(context: Context, { port, host, ...options }: ServerOptions): Promise<void> {
  // Somebody who signals all processes of a host means the API's keys: no load ends by that.
  const ready = onHangup(context);
  await serve(context, options, 'worker', async (config, log) => {
    const { startWorker } = await import('@parqueue/worker');
    const listen = { host: host ?? config.worker.listen.host, port: port ?? config.worker.listen.port };
    const storeCalls = storeCallsOf(context.env);
    const worker = await startWorker({ config: { ...config, worker: { ...config.worker, listen } }, log, storeCalls });
    ready(() => log.info('SIGHUP: nothing is read again by a worker, which has no API keys'));
    return {
      url: worker.url,
      stop: async () => await worker.drain(),
    };
  });
}

/**
 * Ready, then until a signal (or the end of the supervisor), then stopped. A second signal ends at once, and so does one
 * before it was ready: process 1 of a container is sent signals only where it listens, so it listens from the beginning.
 */
async function serve(
  context: Context,
  options: ServerOptions,
  name: string,
  start: (config: Config, log: Logger) => Promise<RunningServer>,
): Promise<void> {
  const log = logOf(context, name);
  const started = { server: null as RunningServer | null };
  const signalled = firstSignal(() => exitNow(1));
  const orphaned = new Promise<'disconnect'>((resolve) => {
    process.once('disconnect', () => resolve('disconnect'));
  });
  const ended = Promise.race([signalled, orphaned]).then((reason) => {
    if (started.server !== null) return reason;
    log.info({ reason }, 'stopped before it was ready');
    return end(log, 0);
  });
  try {
    const config = withTracesOf(context.env, readConfig(context, options).config);
    log.level = context.env['PARQUEUE_LOG_LEVEL'] ?? config.log.level;
    if (config.redis.url === null) {
      throw new ParqueueError(
        'PQ_CONFIG',
        `\`parqueue ${name}\` needs a Redis: set redis.url or REDIS_URL (\`parqueue up\` brings one of its own)`,
      );
    }
    if (!isSupervised()) {
      const { url, durable } = config.redis;
      await checkDurabilityOnceThere({ url, durable }, context.clock, {
        note: (line) => log.warn(line),
        onRefused: (error) => {
          log.fatal(toFailure(error).message);
          end(log, explainError(error).exit);
        },
      });
    }
    started.server = await start(config, log);
  } catch (error) {
    const { exit, code, message } = explainError(error);
    tellSupervisor({ type: 'fatal', exit, code, message });
    throw error;
  }
  const { server } = started;
  tellSupervisor({ type: 'ready', url: server.url });
  if (!isSupervised()) context.out(`parqueue ${name} ready on ${server.url}`);
  const reason = await ended;
  log.info({ reason }, 'stopping');
  await server.stop();
  log.info('stopped');
  // Whatever a library still holds open (a timer, a socket) has nothing left to do.
  end(log, 0);
}

function end(log: Logger, exit: number): never {
  log.flush();
  exitNow(exit);
}

/** Until the configuration is read, what the environment says. */
function logOf(context: Context, name: string): Logger {
  const level = context.env['PARQUEUE_LOG_LEVEL'] ?? 'info';
  return pino(
    { level, base: { process: name }, timestamp: pino.stdTimeFunctions.epochTime },
    pino.destination({ dest: 2, sync: true }),
  );
}

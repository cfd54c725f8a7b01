/** Finding and reading the configuration, with what the command line overrides, and where local data goes. */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ParqueueError } from '@parqueue/core';
import { isLoopback, loadConfig, type Config } from '@parqueue/core/config';
import type { Context } from './context.ts';

export const CONFIG_NAMES = ['parqueue.yaml', 'parqueue.yml'] as const;

export interface ConfigOptions {
  readonly config?: string;
  readonly port?: number;
  readonly host?: string;
  readonly data?: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly path: string;
  /** Of the file, as it is written. */
  readonly text: string;
  readonly redisFrom: 'file' | 'PARQUEUE_REDIS_URL' | 'REDIS_URL' | 'embedded';
  /** Where `up` keeps its lock and its Redis: never on a filesystem that other hosts share by accident. */
  readonly dataDirectory: string;
}

/** @throws ParqueueError PQ_CONFIG with all problems of the file. */
export function readConfig(context: Context, options: ConfigOptions): LoadedConfig {
  const path = configPath(context, options);
  const text = readText(path);
  const config = loadConfig(text, {
    path,
    env: context.env,
    readFile: (file) => readFileSync(file, 'utf8'),
  });
  refuseOpenHost(config, options.host);
  const root = options.data === undefined ? config.store.root : join(resolve(context.cwd, options.data), 'store');
  const dataDirectory =
    options.data !== undefined || basename(root) === 'store' ? dirname(root) : join(dirname(path), 'var');
  const redis = redisOf(context, config);
  return {
    path,
    text,
    redisFrom: redis.from,
    dataDirectory,
    config: {
      ...config,
      store: { ...config.store, root },
      redis: { ...config.redis, url: redis.url },
      listen: { host: options.host ?? config.listen.host, port: options.port ?? config.listen.port },
    },
  };
}

/** `up` tells its children by a variable of its own; REDIS_URL is for where the file names none. */
function redisOf(
  { env }: Context,
  { redis }: Config,
): { readonly url: string | null; readonly from: LoadedConfig['redisFrom'] } {
  const told = given(env['PARQUEUE_REDIS_URL']);
  if (told !== null) return { url: told, from: 'PARQUEUE_REDIS_URL' };
  if (redis.url !== null) return { url: redis.url, from: 'file' };
  const usual = given(env['REDIS_URL']);
  return usual === null ? { url: null, from: 'embedded' } : { url: usual, from: 'REDIS_URL' };
}

/** The file's own address was checked with the file; here nothing runs yet that would have to be taken down again. */
function refuseOpenHost({ auth }: Config, host: string | undefined): void {
  if (host === undefined || auth.apiKeys.length > 0 || isLoopback(host)) return;
  throw new ParqueueError(
    'PQ_CONFIG',
    `--host ${host} is not a loopback address, and there is no auth.apiKeys: anybody could ask; add a key (\`parqueue key new\`) or leave --host out`,
  );
}

/** `--config`, else PARQUEUE_CONFIG, else the file of the usual name here. */
function configPath(context: Context, options: ConfigOptions): string {
  const named = options.config ?? context.env['PARQUEUE_CONFIG'];
  if (named !== undefined && named !== '') return resolve(context.cwd, named);
  for (const name of CONFIG_NAMES) {
    const path = join(context.cwd, name);
    if (readable(path)) return path;
  }
  throw new ParqueueError(
    'PQ_CONFIG',
    `there is no ${CONFIG_NAMES[0]} here: write one with \`parqueue init\`, or name one with --config FILE`,
  );
}

function given(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

function readable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    // Absent: the next name.
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason =
      cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? 'there is no such file' : String(cause);
    throw new ParqueueError('PQ_CONFIG', `cannot read the configuration ${path}: ${reason}`, { cause });
  }
}

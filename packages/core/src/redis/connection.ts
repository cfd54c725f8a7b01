/**
 * The one place that makes Redis clients. A client has a role, and the role decides what happens to a command when the
 * connection breaks, which is the one question that matters here (I11).
 */
import { Redis, type RedisOptions } from 'ioredis';
import { ParqueueError } from '../model/errors.ts';

/** Of the connection, as CLIENT LIST shows it. */
export function connectionName(role: RedisRole): string {
  return `parqueue-${role}`;
}

/** Shaped like pino's methods; the composition root passes its logger. */
export interface RedisLog {
  info(details: Readonly<Record<string, unknown>>, message: string): void;
  warn(details: Readonly<Record<string, unknown>>, message: string): void;
}

export type RedisRole =
  /** Scripts and reads: nothing is queued or sent again by the client; a broken connection rejects at once. */
  | 'commands'
  /** Pub/sub: subscribes again by itself in notices.ts, so that it knows when to tell its listeners. */
  | 'notices'
  /** BullMQ producers: like commands. */
  | 'queue'
  /** BullMQ workers: they wait for Redis as long as it takes, and BullMQ's own locks judge what was lost. */
  | 'worker'
  /** One question at start: one attempt to connect, when it is asked. */
  | 'once';

/** Longest wait for a reply; far above any script's time. */
export const COMMAND_TIMEOUT_MS = 4000;

/** A connection that owes a reply for so long is given up: half-open ones would otherwise stay for minutes. */
const SILENCE_MAX_MS = 5000;

export interface RedisAddress {
  readonly url: string;
  readonly log?: RedisLog;
}

export function connectRedis({ url, log }: RedisAddress, role: RedisRole): Redis {
  const redis = new Redis(parsedUrl(url), {
    ...COMMON,
    ...ROLES[role],
    connectionName: connectionName(role),
    replyMapping: 'legacy',
  });
  redis.on('error', (error: Error) =>
    log?.warn({ role, redis: withoutCredentials(url), error: error.message }, 'redis connection failed'),
  );
  return redis;
}

/** Resolves when the connection can carry commands. Waits as long as it takes: bound it. */
export async function connected(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve) => {
    redis.once('ready', () => resolve());
  });
}

export function withoutCredentials(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

const COMMON: RedisOptions = {
  // RESP2: one shape of replies whatever the server speaks.
  protocol: 2,
  enableReadyCheck: true,
  connectTimeout: 3000,
  keepAlive: 15_000,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt - 1, 6), 1000),
};

/**
 * With `autoResendUnfulfilledCommands: false` ioredis forgets the commands in flight when a connection breaks, and their
 * promises would never settle. `maxRetriesPerRequest: 0` makes it reject them first, while the connection closes.
 */
const NOTHING_RESENT: RedisOptions = {
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResubscribe: false,
  socketTimeout: SILENCE_MAX_MS,
};

const ROLES: Readonly<Record<RedisRole, RedisOptions>> = {
  commands: { ...NOTHING_RESENT, commandTimeout: COMMAND_TIMEOUT_MS },
  notices: { ...NOTHING_RESENT, commandTimeout: COMMAND_TIMEOUT_MS },
  queue: { ...NOTHING_RESENT, commandTimeout: COMMAND_TIMEOUT_MS },
  once: { ...NOTHING_RESENT, lazyConnect: true, retryStrategy: () => null, commandTimeout: COMMAND_TIMEOUT_MS },
  worker: { maxRetriesPerRequest: null, enableOfflineQueue: true },
};

function parsedUrl(url: string): string {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    throw new ParqueueError('PQ_CONFIG', 'the Redis address must be a redis:// or rediss:// URL');
  }
  return url;
}

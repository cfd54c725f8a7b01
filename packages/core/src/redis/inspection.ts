/**
 * What a Redis tells of itself and of the epoch in it, for people who look for trouble: one connection, reads only, and
 * an answer also where it is a stranger's, is loading, or refuses CONFIG.
 */
import type { Redis } from 'ioredis';
import { COMMAND_TIMEOUT_MS, connectionName, connectRedis } from './connection.ts';
import { within } from './bounded.ts';
import { fieldOf, isPersistent, setting } from './durability.ts';
import { KEYS } from './keys.ts';
import { markerOf } from './replies.ts';
import type { Clock } from '../ports/clock.ts';
import type { Marker } from '../ports/epochs.ts';
import { isParqueueError, ParqueueError } from '../model/errors.ts';

export interface RedisInspection {
  readonly version: string;
  readonly role: string;
  readonly replicas: number;
  readonly runId: string;
  readonly evictionPolicy: string | null;
  readonly persistent: boolean | null;
  /** The last write of either persistence failed: what is acknowledged now may be lost. */
  readonly persistenceFailing: boolean;
  readonly usedBytes: number;
  /** null: no limit. */
  readonly maxBytes: number | null;
  /** Its clock, and how long the answer took by ours. */
  readonly nowMs: number;
  readonly roundTripMs: number;
  readonly marker: Marker | null;
  /** Of the marker's epoch: the last shard compared with the store, and when all were. */
  readonly pass: { readonly position: string | null; readonly completedAtMs: number | null };
  /** Workers whose connection asked for something lately; null where it does not tell who is connected. */
  readonly connectedWorkers: number | null;
}

/** Workers ask for jobs every few seconds; one that was silent for so long is stopped, or its host is gone. */
const WORKER_SILENT_MAX_S = 45;

/**
 * @param now monotonic, for the round trip
 * @throws ParqueueError PQ_COORDINATION_DOWN when nobody answers (`details.silent`: somebody took the connection, and then
 *   said nothing), PQ_CONFIG for what is no address
 */
export async function inspectRedis(
  url: string,
  { clock, now }: { readonly clock: Clock; readonly now: () => number },
): Promise<RedisInspection> {
  const redis = connectRedis({ url }, 'once');
  const look = async (): Promise<RedisInspection> => {
    await redis.connect();
    return await inspect(redis, now);
  };
  try {
    return await within(look(), { clock, ms: COMMAND_TIMEOUT_MS, late: silence });
  } catch (cause) {
    if (isParqueueError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ParqueueError('PQ_COORDINATION_DOWN', `Redis cannot be used: ${reason}`, { cause });
  } finally {
    redis.disconnect();
  }
}

/** The client itself would only say that it gave the connection up. */
function silence(): ParqueueError {
  return new ParqueueError('PQ_COORDINATION_DOWN', `Redis did not answer within ${COMMAND_TIMEOUT_MS / 1000} s`, {
    details: { silent: true },
  });
}

async function inspect(redis: Redis, now: () => number): Promise<RedisInspection> {
  const info = await redis.info();
  const number = (name: string): number => Number(fieldOf(info, name) ?? 0);
  const asked = now();
  const [seconds, micros] = await redis.time();
  const roundTripMs = now() - asked;
  const marker = markerOf(await redis.hgetall(KEYS.marker));
  const pass = await redis.hgetall(KEYS.pass);
  const isOfEpoch = marker !== null && pass['epoch'] === String(marker.epoch);
  const { position, completedAt } = isOfEpoch ? pass : {};
  return {
    version: fieldOf(info, 'redis_version') ?? 'unknown',
    role: fieldOf(info, 'role') ?? 'unknown',
    replicas: number('connected_slaves'),
    runId: fieldOf(info, 'run_id') ?? '',
    evictionPolicy: fieldOf(info, 'maxmemory_policy') ?? (await setting(redis, 'maxmemory-policy')),
    persistent: await isPersistent(redis, info),
    persistenceFailing:
      fieldOf(info, 'aof_last_write_status') === 'err' || fieldOf(info, 'rdb_last_bgsave_status') === 'err',
    usedBytes: number('used_memory'),
    maxBytes: number('maxmemory') === 0 ? null : number('maxmemory'),
    nowMs: Number(seconds) * 1000 + Math.floor(Number(micros) / 1000),
    roundTripMs,
    marker,
    pass: { position: position ?? null, completedAtMs: completedAt === undefined ? null : Number(completedAt) },
    connectedWorkers: await connectedWorkers(redis),
  };
}

/** One connection of each worker process carries the name of that role. Managed services may forbid the command. */
async function connectedWorkers(redis: Redis): Promise<number | null> {
  try {
    const lines = String(await redis.client('LIST')).split('\n');
    const marks = [` name=${connectionName('worker')} `, ` db=${redis.options.db ?? 0} `];
    const workers = lines.filter((line) => marks.every((mark) => line.includes(mark)));
    return workers.filter((line) => Number(/ idle=(\d+)/.exec(line)?.[1]) <= WORKER_SILENT_MAX_S).length;
  } catch (error) {
    if (error instanceof Error && error.name === 'ReplyError') return null;
    throw error;
  }
}

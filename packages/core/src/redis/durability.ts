/**
 * What a Redis says about keeping its memory, asked once at start on a connection of its own. Decides nothing: whoever
 * starts a server does, by its configuration.
 */
import type { Redis } from 'ioredis';
import { connectRedis } from './connection.ts';
import { ParqueueError } from '../model/errors.ts';

export interface RedisDurability {
  /** `maxmemory-policy`; null where Redis does not tell. */
  readonly evictionPolicy: string | null;
  /** An append-only file or scheduled snapshots are on; null where Redis does not tell. */
  readonly persistent: boolean | null;
}

/** @throws ParqueueError PQ_COORDINATION_DOWN when nobody answers. */
export async function readDurability(url: string): Promise<RedisDurability> {
  const redis = connectRedis({ url }, 'once');
  try {
    await redis.connect();
    const persistence = await redis.info('persistence');
    const memory = await redis.info('memory');
    return {
      evictionPolicy: fieldOf(memory, 'maxmemory_policy') ?? (await setting(redis, 'maxmemory-policy')),
      persistent: await isPersistent(redis, persistence),
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ParqueueError(
      'PQ_COORDINATION_DOWN',
      `Redis cannot be reached: ${reason}. Check redis.url, and that it runs`,
      { cause },
    );
  } finally {
    redis.disconnect();
  }
}

export async function isPersistent(redis: Redis, info: string): Promise<boolean | null> {
  if (fieldOf(info, 'aof_enabled') === '1') return true;
  const save = await setting(redis, 'save');
  return save === null ? null : save !== '';
}

/** Managed services forbid CONFIG; that is an answer too. */
export async function setting(redis: Redis, name: string): Promise<string | null> {
  try {
    const reply: unknown = await redis.config('GET', name);
    return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : null;
  } catch (error) {
    if (error instanceof Error && error.name === 'ReplyError') return null;
    throw error;
  }
}

export function fieldOf(info: string, name: string): string | null {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
}

/** Health of sources, and who paused them, on Redis. Plain commands without the marker: for people. */
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { SourceHealth } from '../ports/source-health.ts';

const HEALTH_TTL_S = 30 * 24 * 3600;
/** Longer words of a database are cut. */
const MESSAGE_CHARS_MAX = 500;

export function redisSourceHealth(gate: RedisGate): SourceHealth {
  return {
    tell: async (source, { answered, failure }) =>
      await gate.plain(async (redis) => {
        const now = await redisNow(redis);
        const fields: Record<string, string | number> = {};
        if (answered) fields['answeredAt'] = now;
        if (failure !== null) {
          fields['failedAt'] = now;
          fields['code'] = failure.code;
          fields['message'] = failure.message.slice(0, MESSAGE_CHARS_MAX);
        }
        await redis.multi().hset(KEYS.health(source), fields).expire(KEYS.health(source), HEALTH_TTL_S).exec();
      }),
    read: async (source) => {
      const [answeredAt, failedAt, code, message] = await gate.plain((redis) =>
        redis.hmget(KEYS.health(source), 'answeredAt', 'failedAt', 'code', 'message'),
      );
      return {
        answeredAtMs: answeredAt ? Number(answeredAt) : null,
        failedAtMs: failedAt ? Number(failedAt) : null,
        // Written by `tell` alone.
        failure: code ? { code: code as ErrorCode, message: message ?? '' } : null,
      };
    },
  };
}

/** Why nothing is asked of a source, as far as whoever paused it said. */
export interface Pause {
  readonly reason: string | null;
  readonly by: string | null;
  /** By Redis's clock, ms. */
  readonly sinceMs: number | null;
}

export interface PauseNotes {
  /** A pause of what is paused already keeps its beginning. */
  note(source: string, pause: Pick<Pause, 'reason' | 'by'>): Promise<void>;
  forget(source: string): Promise<void>;
  read(source: string): Promise<Pause | null>;
}

export function redisPauseNotes(gate: RedisGate): PauseNotes {
  const read: PauseNotes['read'] = async (source) => {
    const text = await gate.plain((redis) => redis.hget(KEYS.paused, source));
    // Written by `note` alone.
    return text === null ? null : (JSON.parse(text) as Pause);
  };
  return {
    read,
    note: async (source, { reason, by }) => {
      const known = await read(source);
      await gate.plain(async (redis) => {
        const pause: Pause = { reason, by, sinceMs: known?.sinceMs ?? (await redisNow(redis)) };
        await redis.hset(KEYS.paused, source, JSON.stringify(pause));
      });
    },
    forget: async (source) => {
      await gate.plain((redis) => redis.hdel(KEYS.paused, source));
    },
  };
}

async function redisNow(redis: { time(): Promise<readonly (string | number)[]> }): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

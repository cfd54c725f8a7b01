/**
 * What is known of refreshes, and which worker sees to their schedules, on Redis. Plain commands without the marker:
 * both decide nothing about answers, and come back by themselves when Redis forgot.
 */
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import type { PastRefresh, Refreshes } from '../ports/refreshes.ts';

/** Longer words of a source are cut: the record is shown to people. */
const MESSAGE_CHARS_MAX = 500;

export function redisRefreshes(gate: RedisGate): Refreshes {
  return {
    read: async (dataset) => {
      const [next, last] = await gate.plain((redis) => redis.hmget(KEYS.refreshed(dataset), 'next', 'last'));
      return {
        nextAtMs: next === null || next === undefined ? null : Number(next),
        // Written by `record` alone, from values of this type.
        last: last === null || last === undefined ? null : (JSON.parse(last) as PastRefresh),
      };
    },
    planned: async (dataset, nextAtMs) => {
      const key = KEYS.refreshed(dataset);
      await gate.plain((redis) => (nextAtMs === null ? redis.del(key) : redis.hset(key, 'next', nextAtMs)));
    },
    record: async (dataset, past) => {
      const { lastFailure: failure } = past;
      const shown = failure === null ? null : { ...failure, message: failure.message.slice(0, MESSAGE_CHARS_MAX) };
      const last = JSON.stringify({ ...past, lastFailure: shown });
      await gate.plain((redis) => redis.hset(KEYS.refreshed(dataset), 'last', last));
    },
  };
}

/** A worker that would see to the schedules: the one of those alive that started last does. */
export interface Candidate {
  readonly name: string;
  /** By Redis's clock. */
  readonly startedAtMs: number;
}

export interface ScheduleKeeper {
  /** Takes the office, or keeps it, for `forMs`. @returns whether this worker has it now */
  stand(candidate: Candidate, forMs: number): Promise<boolean>;
}

/**
 * Two that read at once may both believe they have it until each reads again: then both see to schedules that are made
 * by the same names, and the one that started last has the last word.
 */
export function redisScheduleKeeper(gate: RedisGate): ScheduleKeeper {
  return {
    stand: async ({ name, startedAtMs }, forMs) =>
      await gate.plain(async (redis) => {
        const [holder, at] = await redis.hmget(KEYS.refresher, 'name', 'startedAtMs');
        const since = Number(at ?? 0);
        // Of two that started in one moment the name decides, or they would take it from each other at each look.
        const older = startedAtMs < since || (startedAtMs === since && name < (holder ?? ''));
        if (holder && holder !== name && older) return false;
        await redis.multi().hset(KEYS.refresher, { name, startedAtMs }).pexpire(KEYS.refresher, forMs).exec();
        return true;
      }),
  };
}

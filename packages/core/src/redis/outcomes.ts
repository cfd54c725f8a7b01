/** What became of jobs, kept for a while under the job's id, and the notice that goes with it (I8). */
import type { RedisGate } from './gate.ts';
import { CHANNELS, KEYS } from './keys.ts';
import type { Outcome } from '../model/job.ts';
import type { Outcomes } from '../ports/work.ts';

/** Long enough for any waiter's next re-read (2 s) and for people who ask again after a 202. */
export const OUTCOME_TTL_S = 600;

export interface OutcomeRecords extends Outcomes {
  read(id: string): Promise<Outcome | null>;
  /** Records the outcome unless there is one: what a worker found wins over what somebody else wanted. */
  recordIfNone(job: { readonly id: string; readonly key: string }, outcome: Outcome): Promise<void>;
}

export function redisOutcomes(gate: RedisGate): OutcomeRecords {
  return {
    // The record first: who hears the notice must find it.
    record: async ({ id, key }, outcome) =>
      await gate.plain(async (redis) => {
        await redis.set(KEYS.outcome(id), JSON.stringify(outcome), 'EX', OUTCOME_TTL_S);
        await redis.publish(CHANNELS.notice(key), outcome.kind);
      }),
    recordIfNone: async ({ id, key }, outcome) =>
      await gate.plain(async (redis) => {
        await redis.set(KEYS.outcome(id), JSON.stringify(outcome), 'EX', OUTCOME_TTL_S, 'NX');
        await redis.publish(CHANNELS.notice(key), outcome.kind);
      }),
    read: async (id) => {
      const text = await gate.plain((redis) => redis.get(KEYS.outcome(id)));
      // Written by `record` alone, from values of this type.
      return text === null ? null : (JSON.parse(text) as Outcome);
    },
  };
}

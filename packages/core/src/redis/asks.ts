/** Asks told to come back, kept for a while. A hint like any other: plain keys with a TTL, no marker, nothing decided here. */
import * as z from 'zod';
import type { AskRecord, Asks } from '../ports/asks.ts';
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';

const recordSchema = z.strictObject({
  fillId: z.string(),
  key: z.string(),
  requirement: z.strictObject({ after: z.number(), hardAfter: z.number(), arrived: z.number() }),
});

export function redisAsks(gate: RedisGate): Asks {
  return {
    async keep(names, record, ttlMs) {
      const text = JSON.stringify(record);
      await gate.plain((redis) => Promise.all(names.map((name) => redis.set(KEYS.ask(name), text, 'PX', ttlMs))));
    },
    async recall(name): Promise<AskRecord | null> {
      const text = await gate.plain((redis) => redis.get(KEYS.ask(name)));
      // Written by another release, perhaps: then it was not kept, as far as this one is concerned.
      return text === null ? null : (recordSchema.safeParse(JSON.parse(text)).data ?? null);
    },
    async forget(name) {
      await gate.plain((redis) => redis.del(KEYS.ask(name)));
    },
  };
}

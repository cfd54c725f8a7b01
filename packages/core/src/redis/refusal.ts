/**
 * Whether Redis takes what is written. It may answer and refuse: its memory or its disk is full, it became a replica, it has
 * fewer replicas than it wants. Nothing can be proved or loaded then, though every read goes well; so it is asked by writing.
 */
import { replyBehind } from './failures.ts';
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';

/** Nobody reads it. */
const KEPT_MS = 60_000;

/** @returns Redis's own words; null where it takes it. @throws ParqueueError PQ_COORDINATION_DOWN when it does not answer. */
export async function writeRefusal(gate: RedisGate): Promise<string | null> {
  try {
    await gate.plain((redis) => redis.set(KEYS.written, '1', 'PX', KEPT_MS));
    return null;
  } catch (error) {
    const reply = replyBehind(error);
    if (reply === null) throw error;
    return reply;
  }
}

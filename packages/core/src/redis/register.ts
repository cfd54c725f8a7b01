/** The epoch register on Redis: the marker, and how an epoch opens (I11). */
import type { RedisGate } from './gate.ts';
import { KEYS, markKey } from './keys.ts';
import { markTicks } from './leases.ts';
import { markerOf, text } from './replies.ts';
import { ParqueueError } from '../model/errors.ts';
import { epochStart } from '../model/ticks.ts';
import type { RandomId } from '../ports/clock.ts';
import type { EpochRegister } from '../ports/epochs.ts';

/** @throws (from read and open) ParqueueError PQ_CONFIG when the Redis serves another store. */
export function redisRegister(gate: RedisGate, storeId: string, randomId: RandomId): EpochRegister {
  return {
    read: async () =>
      await gate.plain(async (redis, runId) => {
        // In one step, or a FLUSHALL between the two would leave a memory without a name after all.
        const replies = await redis.multi().hsetnx(KEYS.marker, 'incarnation', randomId()).hgetall(KEYS.marker).exec();
        const [error, reply] = replies?.[1] ?? [];
        if (error) throw error;
        const fields = (reply ?? {}) as Readonly<Record<string, string>>;
        const marker = markerOf(fields);
        if (marker !== null && marker.storeId !== storeId) throw otherStore(storeId);
        return { marker, runId, incarnation: text(fields, 'incarnation') };
      }),
    open: async (next, expected, marks) => {
      const reply = await gate.openEpoch(
        expected.runId,
        [KEYS.clock, ...marks.map(({ target }) => markKey(target))],
        [
          next.epoch,
          next.runId,
          next.incarnation,
          next.storeId,
          expected.incarnation,
          epochStart(next.epoch),
          ...marks.flatMap(markTicks),
        ],
      );
      if (reply === -1) throw otherStore(storeId);
      return reply === 1;
    },
    adopt: (marker) => gate.adopt(marker),
    onLost: (listener) => gate.onLost(listener),
  };
}

/** Two stores behind one Redis would take each other's heads for their own. */
function otherStore(storeId: string): ParqueueError {
  return new ParqueueError(
    'PQ_CONFIG',
    `this Redis belongs to another store than ${storeId}: give each store a Redis, `
      + 'or a database number, of its own',
  );
}

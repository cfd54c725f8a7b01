/**
 * Ids of chance for requests and pins: 128 bits each, from the system's generator. Asked for in pieces of 4 KiB, because a
 * call into the system for each id costs more than all else that an id is for. No byte is given out twice.
 */
import { randomFillSync } from 'node:crypto';
import type { RandomId } from '@parqueue/core';

const ID_BYTES = 16;
const POOL_BYTES = 4_096;

export function randomIds(): RandomId {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  return () => {
    if (used === POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const id = pool.toString('hex', used, used + ID_BYTES);
    pool.fill(0, used, used + ID_BYTES);
    used += ID_BYTES;
    return id;
  };
}

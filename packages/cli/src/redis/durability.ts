/** The question `up`, `api` and `worker` ask a Redis they did not start themselves. */
import { ParqueueError } from '@parqueue/core';
import { readDurability } from '@parqueue/core/redis';

/**
 * With `redis.durable: true` (the default) a Redis that may evict or forget is refused: an evicted lease is two loads,
 * and a queue that vanished is work nobody does. What it will not tell (managed services often forbid CONFIG) is noted.
 * @throws ParqueueError PQ_CONFIG, PQ_COORDINATION_DOWN
 */
export async function checkDurability(url: string, durable: boolean, note: (line: string) => void): Promise<void> {
  const found = await readDurability(url);
  const problems: string[] = [];
  if (found.evictionPolicy !== null && found.evictionPolicy !== 'noeviction') {
    problems.push(`its maxmemory-policy is ${found.evictionPolicy} (set noeviction)`);
  }
  if (found.persistent === false) problems.push('it has no persistence (set appendonly yes)');
  if (problems.length > 0) {
    const message = `this Redis is not safe to keep the coordination state: ${problems.join(', ')}`;
    if (durable) throw new ParqueueError('PQ_CONFIG', `${message}; or accept that with redis.durable: false`);
    note(`NOT DURABLE: ${message}`);
  } else if (found.evictionPolicy === null || found.persistent === null) {
    note(
      'Redis does not tell its eviction policy and persistence: make sure it has noeviction and an append-only file',
    );
  }
}

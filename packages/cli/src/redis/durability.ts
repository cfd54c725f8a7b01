/** The question `up`, `api` and `worker` ask a Redis they did not start themselves. */
import { isParqueueError, ParqueueError, type Clock } from '@parqueue/core';
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

const RETRY_MS = 5000;

/**
 * The same question of a Redis that may come up after us: where nobody answers yet, this returns, and asks again until
 * somebody does. A server waits for its Redis; a container that ended instead would be started ever more seldom.
 * @throws ParqueueError PQ_CONFIG when Redis answers at once and is refused; later that is told to `onRefused`
 */
export async function checkDurabilityOnceThere(
  { url, durable }: { readonly url: string; readonly durable: boolean },
  clock: Clock,
  { note, onRefused }: { readonly note: (line: string) => void; readonly onRefused: (error: unknown) => void },
): Promise<void> {
  const isKnown = async (): Promise<boolean> => {
    try {
      await checkDurability(url, durable, note);
      return true;
    } catch (error) {
      if (isParqueueError(error) && error.code === 'PQ_COORDINATION_DOWN') return false;
      throw error;
    }
  };
  if (await isKnown()) return;
  note('Redis does not answer yet; waiting for it');
  const later = async (): Promise<void> => {
    do await clock.sleep(RETRY_MS);
    while (!(await isKnown()));
  };
  later().catch(onRefused);
}

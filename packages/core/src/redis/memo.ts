/** Small facts remembered between loads, such as a file's hash by its stat. Losing one costs work, never truth. */
import { createHash } from 'node:crypto';
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import type { RedisLog } from './connection.ts';
import { isParqueueError } from '../model/errors.ts';
import type { Memo } from '../ports/source.ts';

const MEMO_TTL_S = 30 * 24 * 3600;

export function redisMemo(gate: RedisGate, log?: RedisLog): Memo {
  const name = (text: string): string => KEYS.memo(createHash('sha256').update(text).digest('hex').slice(0, 32));
  const forgiving = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!isParqueueError(error) || error.code !== 'PQ_COORDINATION_DOWN') throw error;
      log?.warn({ error: error.message }, 'memo not used');
      return otherwise;
    }
  };
  return {
    get: async (text) => await forgiving(() => gate.plain((redis) => redis.get(name(text))), null),
    put: async (text, value) => {
      await forgiving(() => gate.plain((redis) => redis.set(name(text), value, 'EX', MEMO_TTL_S)), null);
    },
  };
}

/** usage-read, usage-measure, room-reserve, room-release: what the store holds, and what fills may still add (I9). */
import type { Usage } from '../ports/retention.ts';
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import { asArray, asNumber, fieldsOf } from './replies.ts';

const DATASET_FIELD = 'dataset:';

export function redisUsage(gate: RedisGate): Usage {
  return {
    read: async () => {
      const [now, counted, reserved] = asArray(await gate.script('usage-read', [KEYS.usage, KEYS.reserved], []));
      const fields = fieldsOf(counted);
      const datasets = Object.entries(fields).flatMap(([field, bytes]): readonly [string, number][] =>
        field.startsWith(DATASET_FIELD) && bytes !== '0' ? [[field.slice(DATASET_FIELD.length), Number(bytes)]] : [],
      );
      const live = asArray(reserved).map((text) => String(text).split(':'));
      return {
        bytes: asNumber(fields['bytes'] ?? 0),
        generations: asNumber(fields['generations'] ?? 0),
        datasets: Object.fromEntries(datasets),
        reservedBytes: live
          .filter(([, expiresAt]) => Number(expiresAt) > asNumber(now))
          .reduce((sum, [bytes]) => sum + Number(bytes), 0),
      };
    },
    reserve: async ({ fillId, bytes, dataset, ttlMs, quotaBytes, datasetQuotaBytes }) => {
      const [passed, all, own] = asArray(
        await gate.script(
          'room-reserve',
          [KEYS.usage, KEYS.reserved],
          [fillId, bytes, dataset ?? '', ttlMs, quotaBytes ?? '', datasetQuotaBytes ?? ''],
        ),
      );
      if (passed === '') return { kind: 'reserved' };
      return passed === 'dataset'
        ? { kind: 'passed', quota: 'dataset', othersBytes: asNumber(own) }
        : { kind: 'passed', quota: 'store', othersBytes: asNumber(all) };
    },
    release: async (fillId) => {
      await gate.script('room-release', [KEYS.reserved], [fillId]);
    },
    measure: async (key, found) => {
      await gate.script(
        'usage-measure',
        [KEYS.head(key), KEYS.retired(key), KEYS.removing(key), KEYS.sizes(key), KEYS.usage],
        [...found].flatMap(([fence, { bytes, dataset }]) => [fence, bytes, dataset ?? '']),
      );
    },
  };
}

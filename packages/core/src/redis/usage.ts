/** usage-read, usage-measure, room-reserve, room-outgrown, room-release: what the store holds, and what fills may still add (I9). */
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
      const reservedOf: Record<string, number> = {};
      for (const { bytes, expiresAtMs, dataset } of asArray(reserved).map((text) => reservationOf(String(text)))) {
        if (expiresAtMs > asNumber(now)) reservedOf[dataset] = (reservedOf[dataset] ?? 0) + bytes;
      }
      return {
        bytes: asNumber(fields['bytes'] ?? 0),
        generations: asNumber(fields['generations'] ?? 0),
        datasets: Object.fromEntries(datasets),
        reservedBytes: Object.values(reservedOf).reduce((sum, bytes) => sum + bytes, 0),
        reservedOf,
      };
    },
    reserve: async ({ key, fillId, bytes, dataset, ttlMs, quotaBytes, datasetQuotaBytes }) => {
      const [passed, all, own, asked] = asArray(
        await gate.script(
          'room-reserve',
          [KEYS.usage, KEYS.reserved, KEYS.outgrown(key)],
          [fillId, bytes, dataset ?? '', ttlMs, quotaBytes ?? '', datasetQuotaBytes ?? ''],
        ),
      );
      const told = { bytes: asNumber(asked) };
      if (passed === '') return { kind: 'reserved', ...told };
      return passed === 'dataset'
        ? { kind: 'passed', quota: 'dataset', othersBytes: asNumber(own), ...told }
        : { kind: 'passed', quota: 'store', othersBytes: asNumber(all), ...told };
    },
    release: async (fillId) => {
      await gate.script('room-release', [KEYS.reserved], [fillId]);
    },
    outgrown: async (key, bytes, forMs) => {
      await gate.script('room-outgrown', [KEYS.outgrown(key)], [bytes, forMs]);
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

/** BYTES:EXPIRESAT:DATASET; a name may have colons. */
function reservationOf(text: string): {
  readonly bytes: number;
  readonly expiresAtMs: number;
  readonly dataset: string;
} {
  const [bytes, expiresAt, ...dataset] = text.split(':');
  return { bytes: Number(bytes), expiresAtMs: Number(expiresAt), dataset: dataset.join(':') };
}

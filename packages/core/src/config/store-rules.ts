/** What gc and admission go by, read from the configuration. */
import type { Keep, StoreRules } from '../model/retention.ts';
import type { Config } from './config.ts';

export function storeRules({ store, datasets }: Pick<Config, 'store' | 'datasets'>): StoreRules {
  const { generations, maxAgeMs, graceMs, unreadMs } = store.retention;
  const keep: Keep = { generations, maxAgeMs };
  const rulesOf = Object.values(datasets).flatMap(({ name, store: own }) =>
    own === null
      ? []
      : [
          [
            name,
            {
              quotaBytes: own.quotaBytes,
              keep: { generations: own.generations ?? generations, maxAgeMs: own.maxAgeMs ?? maxAgeMs },
            },
          ] as const,
        ],
  );
  return {
    graceMs,
    keep,
    quotaBytes: store.quotaBytes,
    reserveBytes: store.reserveBytes,
    unreadMs,
    datasets: Object.fromEntries(rulesOf),
  };
}

/** What an operator should know of the keys that a process just read: how many, and which are about to expire. */
import type { Clock } from '@parqueue/core';
import type { ApiKey } from '@parqueue/core/config';
import type { Logger } from 'pino';

/** Two weeks: time enough to hand out another. */
const SOON_MS = 14 * 24 * 3_600_000;

export function tellKeys(
  keys: readonly ApiKey[],
  { log, clock }: { readonly log: Logger; readonly clock: Clock },
): void {
  log.info({ apiKeys: keys.map(({ name }) => name) }, 'API keys');
  const now = clock.now();
  for (const { name, expiresAtMs } of keys) {
    if (expiresAtMs === null || expiresAtMs - now > SOON_MS) continue;
    const days = Math.floor((expiresAtMs - now) / (24 * 3_600_000));
    log.warn({ apiKey: name, days }, days < 0 ? 'an API key has expired' : 'an API key expires soon');
  }
}

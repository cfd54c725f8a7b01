/** How many connections there may be: the next one is closed unheard, and the log says so once in a while (I9). */
import type { Server } from 'node:http';
import type { Clock } from '@parqueue/core';
import type { Logger } from 'pino';

const TOLD_EVERY_MS = 10_000;

export function boundConnections(
  server: Server,
  connectionsMax: number,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): void {
  let refused = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  server.maxConnections = connectionsMax;
  server.on('drop', () => {
    refused += 1;
    if (clock.now() - toldAtMs < TOLD_EVERY_MS) return;
    log.warn({ refused, connectionsMax }, 'connections are refused: limits.connections are open already');
    toldAtMs = clock.now();
    refused = 0;
  });
}

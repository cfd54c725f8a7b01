/** Counts what gc takes, thing by thing: a collection that ends half-way has counted what it did. */
import type { GcItem } from '@parqueue/core';
import type { WorkerMetrics } from './metrics.ts';

export function countCollected(
  { what, reason, bytes }: GcItem,
  metrics: Pick<WorkerMetrics, 'headsRetired' | 'gcRemoved' | 'gcRemovedBytes'>,
): void {
  if (what === 'head') {
    metrics.headsRetired.inc({ reason });
    return;
  }
  metrics.gcRemoved.inc({ reason });
  metrics.gcRemovedBytes.inc({ reason }, bytes);
}

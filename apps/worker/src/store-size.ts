/** How much the store holds, by what Redis knows of it: sampled after a collection, not watched. */
import type { Entries } from '@parqueue/core';
import type { WorkerMetrics } from './metrics.ts';

const PAGE = 500;

export async function measureStore(
  entries: Entries,
  metrics: Pick<WorkerMetrics, 'storeBytes' | 'storeGenerations'>,
): Promise<void> {
  let bytes = 0;
  let generations = 0;
  for (let after: string | null = null; ;) {
    const page = await entries.list({ prefix: '', dataset: null, limit: PAGE, after });
    for (const { key, head } of page.entries) {
      bytes += head.bytes;
      generations += 1 + (await entries.retired(key)).length;
    }
    after = page.next;
    if (after === null) break;
  }
  metrics.storeBytes.set(bytes);
  metrics.storeGenerations.set(generations);
}

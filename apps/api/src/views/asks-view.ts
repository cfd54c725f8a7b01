/** How a dataset is asked, and what the cache holds of it, as the catalog shows it. */
import { ASK_OUTCOMES, NO_ASKS } from '@parqueue/core';
import type { AskBucket, AskHistory, OutcomeCounts, StoredSum } from '@parqueue/core';
import { isoTime } from './entry-view.ts';

export function asksView({ minutes, hours }: AskHistory, dataset: string) {
  return {
    lastHour: periodView(minutes, dataset),
    lastDay: periodView(hours, dataset),
    hours: bucketsView(hours, dataset),
  };
}

/** By minutes too. */
export function askSeriesView(history: AskHistory, dataset: string) {
  return { ...asksView(history, dataset), minutes: bucketsView(history.minutes, dataset) };
}

function bucketsView(buckets: readonly AskBucket[], dataset: string) {
  return buckets.map((bucket) => ({ at: isoTime(bucket.atMs), ...countsOf(bucket, dataset) }));
}

export function storedView(sum: StoredSum) {
  const { entries, rows, bytes, damaged, newestCommittedAtMs, newestVerifiedAtMs, oldestVerifiedAtMs } = sum;
  return {
    entries,
    rows,
    bytes,
    damaged,
    newestCommittedAt: timeView(newestCommittedAtMs),
    newestVerifiedAt: timeView(newestVerifiedAtMs),
    oldestVerifiedAt: timeView(oldestVerifiedAtMs),
    oldestAgeSeconds: oldestVerifiedAtMs === null ? null : Math.max(0, sum.nowMs - oldestVerifiedAtMs) / 1000,
    complete: sum.complete,
  };
}

function timeView(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

/** The hit ratio is of asks that were answered; what the cache answered, old or not, is a hit. */
function periodView(buckets: readonly AskBucket[], dataset: string) {
  const sum = { ...NO_ASKS };
  for (const bucket of buckets) {
    const counts = countsOf(bucket, dataset);
    for (const outcome of ASK_OUTCOMES) sum[outcome] += counts[outcome];
  }
  const answered = sum.hit + sum.stale + sum.miss + sum.collapsed;
  return {
    since: isoTime(buckets[0]?.atMs ?? 0),
    ...sum,
    total: answered + sum.error,
    hitRatio: answered === 0 ? null : (sum.hit + sum.stale) / answered,
  };
}

function countsOf({ totals }: AskBucket, dataset: string): OutcomeCounts {
  return totals.get(dataset) ?? NO_ASKS;
}

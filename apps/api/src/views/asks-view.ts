/** How a dataset is asked, and what the cache holds of it, as the catalog shows it. */
import { ASK_OUTCOMES, NO_ASKS } from '@parqueue/core';
import type { AskBucket, AskHistory, OutcomeCounts, StoredSum } from '@parqueue/core';
import { isoTime } from './entry-view.ts';

export function asksView({ minutes, hours }: AskHistory, dataset: string) {
  return { lastHour: periodView(minutes, dataset), lastDay: periodView(hours, dataset) };
}

/** With what there was in each minute and hour. */
export function askSeriesView(history: AskHistory, dataset: string) {
  const bucketView = (bucket: AskBucket) => ({ at: isoTime(bucket.atMs), ...countsOf(bucket, dataset) });
  return {
    ...asksView(history, dataset),
    minutes: history.minutes.map(bucketView),
    hours: history.hours.map(bucketView),
  };
}

export function storedView({ newestVerifiedAtMs, oldestVerifiedAtMs, nowMs, ...sum }: StoredSum) {
  const { entries, rows, bytes, complete } = sum;
  return {
    entries,
    rows,
    bytes,
    newestVerifiedAt: newestVerifiedAtMs === null ? null : isoTime(newestVerifiedAtMs),
    oldestVerifiedAt: oldestVerifiedAtMs === null ? null : isoTime(oldestVerifiedAtMs),
    oldestAgeSeconds: oldestVerifiedAtMs === null ? null : Math.max(0, nowMs - oldestVerifiedAtMs) / 1000,
    complete,
  };
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

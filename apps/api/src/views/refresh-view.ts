/** When a dataset is refreshed by itself, and what became of the last time. */
import type { KnownRefreshes, PastRefresh } from '@parqueue/core';
import type { DatasetConfig } from '@parqueue/core/config';
import { orNull } from '../dataset-facts.ts';
import type { ApiContext } from '../context.ts';
import { isoTime } from './entry-view.ts';

/** null: nothing is loaded before somebody asks. While Redis is away the schedule is told without its times. */
export async function refreshOf({ link }: ApiContext, { name, refresh }: DatasetConfig) {
  if (refresh === null) return null;
  const known = await orNull((): Promise<KnownRefreshes> => link.current().coordination.refreshes.read(name));
  const { schedule, jitterMs, readWithinMs, params } = refresh;
  return {
    everySeconds: schedule.kind === 'every' ? schedule.everyMs / 1000 : null,
    cron: schedule.kind === 'cron' ? schedule.pattern : null,
    timeZone: schedule.kind === 'cron' ? schedule.timeZone : null,
    jitterSeconds: jitterMs / 1000,
    readWithinSeconds: readWithinMs === null ? null : readWithinMs / 1000,
    params: params.length,
    next: timeOrNull(known?.nextAtMs ?? null),
    last: pastView(known?.last ?? null),
  };
}

function pastView(past: PastRefresh | null) {
  if (past === null) return null;
  const { dueAtMs, beganAtMs, endedAtMs, counts, lastFailure } = past;
  return { due: isoTime(dueAtMs), began: isoTime(beganAtMs), ended: isoTime(endedAtMs), entries: counts, lastFailure };
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

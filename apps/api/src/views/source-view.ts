/** A source as operators see it. Where it is and who asks it stays in the configuration: neither is for callers. */
import type { CoolingState } from '@parqueue/core';
import type { SourceConfig } from '@parqueue/core/config';
import type { QueueCounts } from '@parqueue/core/redis';
import { freshnessView } from './dataset-view.ts';
import { isoTime } from './entry-view.ts';

export interface SourceStanding {
  readonly counts: readonly QueueCounts[];
  readonly paused: boolean;
  readonly cooling: CoolingState;
}

export function sourceView(source: SourceConfig, { counts, paused, cooling }: SourceStanding) {
  const { name, kind, maxConcurrentFills, maxConcurrentProbes } = source;
  const own = counts.filter((queue) => queue.source === name);
  return {
    name,
    kind,
    adhoc: source.adhoc !== null,
    adhocFreshness: adhocView(source),
    limits: { maxConcurrentFills, maxConcurrentProbes },
    pool: source.kind === 'file' ? null : { maxPerThread: source.pool.max },
    paused,
    cooling: coolingView(cooling),
    queues: own.map(({ queue, kind: jobs, counts: states }) => ({ queue, kind: jobs, ...states })),
  };
}

function adhocView(source: SourceConfig) {
  if (source.adhoc === null) return null;
  if (source.kind === 'file') return freshnessView(source.adhoc);
  const { freshness, numbers } = source.adhoc;
  return { ...freshnessView(freshness), numbers };
}

/** null while the source may be asked; `failures` in a row begin to count before that. */
export function coolingView({ failures, coolingUntilMs, failure, nowMs }: CoolingState) {
  if (coolingUntilMs === null || coolingUntilMs <= nowMs) return null;
  return {
    failures,
    until: isoTime(coolingUntilMs),
    seconds: (coolingUntilMs - nowMs) / 1000,
    failure: failure === null ? null : { code: failure.code, message: failure.message },
  };
}

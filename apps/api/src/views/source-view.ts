/** A source as operators see it. Where it is and who asks it stays in the configuration: neither is for callers. */
import type { CoolingState, KnownHealth } from '@parqueue/core';
import type { SourceConfig } from '@parqueue/core/config';
import type { Pause, QueueCounts } from '@parqueue/core/redis';
import { freshnessView } from './dataset-view.ts';
import { isoTime } from './entry-view.ts';

export interface SourceStanding {
  readonly counts: readonly QueueCounts[];
  /** null: it is not paused. */
  readonly pause: Pause | null;
  readonly cooling: CoolingState;
  readonly health: KnownHealth;
}

/** One word for how a source does: what an operator did counts before what work found. */
export const HEALTH_STATES = ['ok', 'failing', 'cooling', 'paused', 'unknown'] as const;

export function sourceView(source: SourceConfig, { counts, pause, cooling, health }: SourceStanding) {
  const { name, kind, maxConcurrentFills, maxConcurrentProbes } = source;
  const own = counts.filter((queue) => queue.source === name);
  return {
    name,
    kind,
    adhoc: source.adhoc !== null,
    adhocFreshness: adhocView(source),
    limits: { maxConcurrentFills, maxConcurrentProbes },
    pool: source.kind === 'file' ? null : { maxPerThread: source.pool.max },
    paused: pause !== null,
    pause: pauseView(pause),
    cooling: coolingView(cooling),
    health: healthView({ pause, cooling, health }),
    queues: own.map(({ queue, kind: jobs, counts: states }) => ({ queue, kind: jobs, ...states })),
  };
}

export function pauseView(pause: Pause | null) {
  if (pause === null) return null;
  const { reason, by, sinceMs } = pause;
  return { reason, by, since: sinceMs === null ? null : isoTime(sinceMs) };
}

function healthView(standing: Omit<SourceStanding, 'counts'>) {
  const { answeredAtMs, failedAtMs, failure } = standing.health;
  return {
    state: stateOf(standing),
    failuresInARow: standing.cooling.failures,
    lastAnswerAt: answeredAtMs === null ? null : isoTime(answeredAtMs),
    lastFailureAt: failedAtMs === null ? null : isoTime(failedAtMs),
    lastFailure: failure,
  };
}

function stateOf({ pause, cooling, health }: Omit<SourceStanding, 'counts'>): (typeof HEALTH_STATES)[number] {
  if (pause !== null) return 'paused';
  if (coolingView(cooling) !== null) return 'cooling';
  const { answeredAtMs, failedAtMs } = health;
  if (answeredAtMs === null && failedAtMs === null) return 'unknown';
  return (failedAtMs ?? 0) > (answeredAtMs ?? 0) ? 'failing' : 'ok';
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

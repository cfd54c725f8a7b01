/** A job as the API shows it: a probe or a fill, its progress, what became of it. */
import { progressAtEnd, type JobStatus, type Outcome, type Progress } from '@parqueue/core';
import type { JobSummary } from '@parqueue/core/redis';
import { fillUrl } from '../pending.ts';
import { isoTime } from './entry-view.ts';

export type FillSummaryView = ReturnType<typeof fillView>;

export function fillView(job: JobSummary) {
  const { id, kind, key, dataset, source, state, progress, outcome, enqueuedAtMs, startedAtMs, finishedAtMs } = job;
  return {
    id,
    url: fillUrl(id),
    kind,
    key,
    dataset,
    source,
    state,
    progress,
    outcome: outcomeView(outcome),
    enqueuedAt: isoTime(enqueuedAtMs),
    startedAt: startedAtMs === null ? null : isoTime(startedAtMs),
    finishedAt: finishedAtMs === null ? null : isoTime(finishedAtMs),
    rowsPerSecond: rateOf(job),
  };
}

/**
 * What is known of a job by its id alone, when the queue's own record is gone.
 * @param told what it told on its way, where that record is there
 */
export function statusView(id: string, status: JobStatus, told: Progress | null) {
  switch (status.state) {
    case 'queued':
    case 'held':
      return { id, url: fillUrl(id), state: 'queued' as const, progress: null, outcome: null };
    case 'running':
      return { id, url: fillUrl(id), state: 'running' as const, progress: status.progress, outcome: null };
    case 'finished':
      return {
        id,
        url: fillUrl(id),
        state: 'finished' as const,
        progress: progressAtEnd(status.outcome, told),
        outcome: outcomeView(status.outcome),
      };
    case 'vanished':
      return null;
  }
}

/** A probe that found a change names the fill to follow. */
function outcomeView(outcome: Outcome | null) {
  if (outcome === null || !('fillJobId' in outcome)) return outcome;
  return { ...outcome, follow: fillUrl(outcome.fillJobId) };
}

function rateOf({ progress, startedAtMs, finishedAtMs, state }: JobSummary): number | null {
  if (progress === null || startedAtMs === null || finishedAtMs === null || state !== 'finished') return null;
  const seconds = (finishedAtMs - startedAtMs) / 1000;
  return seconds > 0 ? Math.round(progress.rows / seconds) : null;
}

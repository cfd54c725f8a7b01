/**
 * Decides what a swarm has seen against what truly happened. Knows nothing of processes or HTTP: history and
 * sightings in, verdict out, so that the judge itself can be tested with made-up lies.
 *
 *   stale      a strict caller got a revision older than the newest one completed before it asked
 *   future     a caller got a revision that nobody had begun to write (the history or a clock is wrong)
 *   torn       rows of several revisions, a wrong count, or bytes that are not those of the ETag
 *   duplicate  more than one load for one revision of the source
 *   cold       the final check was not answered from the cache
 *   failed     a get that ended in an error
 */
import type { Regeneration, Sighting } from './messages.ts';

export type Reason = 'stale' | 'future' | 'torn' | 'duplicate' | 'cold' | 'failed';

export interface Finding {
  readonly reason: Reason;
  readonly message: string;
}

/** Loads as the workers count them, by outcome. */
export interface LoadCounts {
  readonly committed: number;
  readonly fenced: number;
  readonly failed: number;
  readonly unchanged: number;
}

export interface Evidence {
  readonly history: readonly Regeneration[];
  readonly sightings: readonly Sighting[];
  /** Sightings of the final check, when nothing changes any more. */
  readonly warm: readonly Sighting[];
  /** null where the workers cannot be asked. */
  readonly loads: LoadCounts | null;
  /** How often a database ran the statement, by its own count; null where there is none, or it may not be asked. */
  readonly executions: number | null;
}

export function judge({ history, sightings, warm, loads, executions }: Evidence): readonly Finding[] {
  return [
    ...[...sightings, ...warm].flatMap((sighting) => judgeSighting(history, sighting)),
    ...judgeLoads(history, [...sightings, ...warm], loads),
    ...judgeExecutions(history, executions),
    ...judgeWarm(warm),
  ];
}

function judgeSighting(history: readonly Regeneration[], sighting: Sighting): readonly Finding[] {
  const who = `client ${sighting.client}`;
  if (sighting.problem !== null) {
    return [{ reason: sighting.problem.kind, message: `${who}: ${sighting.problem.message}` }];
  }
  const { revision } = sighting;
  if (revision === null) return [{ reason: 'failed', message: `${who}: an answer without rows` }];
  const due = history
    .filter(({ completedNs }) => BigInt(completedNs) < BigInt(sighting.askedNs))
    .reduce((newest, { revision: completed }) => Math.max(newest, completed), 0);
  if (revision < due) {
    return [
      {
        reason: 'stale',
        message: `${who} got revision ${revision}, though revision ${due} was complete before it asked (${sighting.cacheStatus})`,
      },
    ];
  }
  const made = history.find((regeneration) => regeneration.revision === revision);
  if (made === undefined || BigInt(made.beganNs) > BigInt(sighting.answeredNs)) {
    return [{ reason: 'future', message: `${who} got revision ${revision} before anybody began to write it` }];
  }
  return [];
}

/** One revision, one generation; and no worker work beyond one load per revision. */
function judgeLoads(
  history: readonly Regeneration[],
  sightings: readonly Sighting[],
  loads: LoadCounts | null,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { revision } of history) {
    const generations = new Set(
      sightings
        .filter((sighting) => sighting.revision === revision && sighting.generation !== null)
        .map(({ generation }) => generation),
    );
    if (generations.size > 1) {
      findings.push({
        reason: 'duplicate',
        message: `revision ${revision} was published ${generations.size} times: generations ${[...generations].join(', ')}`,
      });
    }
  }
  const worked = loads === null ? 0 : loads.committed + loads.fenced + loads.failed;
  if (loads !== null && worked > history.length) {
    findings.push({
      reason: 'duplicate',
      message: `${worked} loads for ${history.length} revisions (committed ${loads.committed}, fenced ${loads.fenced}, failed ${loads.failed})`,
    });
  }
  return findings;
}

/** Workers may count wrongly; the database that did the work does not. */
function judgeExecutions(history: readonly Regeneration[], executions: number | null): readonly Finding[] {
  if (executions === null || executions <= history.length) return [];
  const message = `the database ran the statement ${executions} times for ${history.length} revisions`;
  return [{ reason: 'duplicate', message }];
}

function judgeWarm(warm: readonly Sighting[]): readonly Finding[] {
  return warm
    .filter(({ problem, cacheStatus }) => problem === null && !/;\s*hit\b/.test(cacheStatus))
    .map(({ client, cacheStatus }) => ({
      reason: 'cold' as const,
      message: `client ${client} was not answered from the cache at the end: ${cacheStatus}`,
    }));
}

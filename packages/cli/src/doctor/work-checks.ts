/** What the cluster does: queues that move, loads that succeed, sources that are asked, chores that run. */
import type { ChoreRecord, CoolingState } from '@parqueue/core';
import type { JobSummary, QueueCounts, RedisInspection } from '@parqueue/core/redis';
import { spellCount, spellMs, spellNumber } from '../output/units.ts';
import { grouped, type Checks } from './check.ts';

export interface WorkFacts {
  readonly redis: RedisInspection;
  readonly counts: readonly QueueCounts[];
  readonly jobs: readonly JobSummary[];
  readonly cooling: Readonly<Record<string, CoolingState>>;
  /** Sources that somebody paused. */
  readonly pauses: Readonly<Record<string, SourcePause>>;
  readonly chores: Readonly<Record<string, ChoreRecord>>;
  readonly fillTimeoutMs: number;
}

export interface SourcePause {
  readonly reason: string | null;
  readonly by: string | null;
  readonly sinceMs: number | null;
}

/** Somebody waits this long for a job only where too little works, or nothing. */
const WAITING_MAX_MS = 300_000;
/** Workers collect every ten minutes at the latest. */
const COLLECTED_MAX_MS = 6 * 3_600_000;

export function checkWork(checks: Checks, facts: WorkFacts): void {
  checkEpoch(checks, facts.redis);
  checkQueues(checks, facts);
  checkFailures(checks, facts);
  checkPauses(checks, facts.pauses);
  checkCooling(checks, facts.cooling);
  checkCollection(checks, facts);
}

function checkEpoch(checks: Checks, { marker, pass, runId }: RedisInspection): void {
  if (marker === null) {
    checks.note('epoch', 'none is open: the next process that asks opens one');
    return;
  }
  if (marker.runId !== runId) {
    checks.note(
      'epoch',
      `${marker.epoch}, of a Redis that was restarted since: the next process that asks opens another`,
    );
  } else if (pass.completedAtMs !== null) checks.ok('epoch', `${marker.epoch}, all entries compared with the store`);
  else {
    const done = pass.position === null ? 0 : Number.parseInt(pass.position, 16) + 1;
    checks.note(
      'epoch',
      `${marker.epoch}, ${Math.floor((done / 256) * 100)} % compared with the store: entries not met yet are compared when they are asked for`,
    );
  }
}

function checkQueues(checks: Checks, { counts, jobs, redis, fillTimeoutMs }: WorkFacts): void {
  const sum = (...states: readonly string[]): number =>
    counts.reduce((all, { counts: own }) => all + states.reduce((few, state) => few + (own[state] ?? 0), 0), 0);
  const found = `${spellCount(sum('waiting', 'prioritized', 'delayed', 'paused'))} waiting, ${spellCount(sum('active'))} running`;
  const age = (since: number): number => redis.nowMs - since;
  const waiting = jobs.filter(({ state, enqueuedAtMs }) => state === 'queued' && age(enqueuedAtMs) > WAITING_MAX_MS);
  const running = jobs.filter(
    ({ state, startedAtMs }) => state === 'running' && startedAtMs !== null && age(startedAtMs) > fillTimeoutMs,
  );
  if (running.length > 0) {
    checks.fail(
      'queues',
      `${spellNumber(running.length, 'job')} under way for longer than limits.fillTimeout, such as ${running[0]?.id ?? ''}`,
      {
        means: 'a worker died with them or hangs; their lock expires within a minute where it died',
        todo: 'look at that worker; DELETE /v1/fills/ID ends a job; docs/operations.md, "A fill is stuck"',
      },
    );
  } else if (waiting.length > 0) {
    const oldest = Math.max(...waiting.map(({ enqueuedAtMs }) => age(enqueuedAtMs)));
    checks.warn('queues', `${found}; ${waiting.length} have waited for up to ${spellMs(oldest)}`, {
      means: 'there are too few workers or threads, a source is slow, or its limit (maxConcurrentFills) is reached',
      todo: 'see which source: GET /v1/fills?state=queued; more workers help unless the limit of the source holds them',
    });
  } else checks.ok('queues', found);
}

function checkFailures(checks: Checks, { jobs }: WorkFacts): void {
  const failed = jobs.flatMap((job) =>
    job.outcome?.kind === 'failed' ? [{ ...job, failure: job.outcome.failure }] : [],
  );
  if (failed.length === 0) return checks.ok('failures', 'none in the last ten minutes');
  for (const group of grouped(failed, ({ source, kind, failure }) => `${source} ${kind} ${failure.code}`)) {
    const [latest] = group.toSorted((a, b) => (b.finishedAtMs ?? 0) - (a.finishedAtMs ?? 0));
    if (latest === undefined) continue;
    const { source, kind, failure, key } = latest;
    checks.warn(
      'failures',
      `${spellNumber(group.length, kind)} of ${source} with ${failure.code} in the last ten minutes; the latest: ${failure.message}`,
      {
        means: `the entry (${key}) keeps its last good rows; whether they are answered is up to the dataset's staleIfError`,
        todo: `docs/errors.md, ${failure.code}; then \`parqueue doctor --source ${source}\``,
      },
    );
  }
}

function checkPauses(checks: Checks, pauses: WorkFacts['pauses']): void {
  for (const [source, { reason, by, sinceMs }] of Object.entries(pauses)) {
    const since = sinceMs === null ? '' : ` since ${new Date(sinceMs).toISOString()}`;
    checks.warn('paused', `${source}${since}${by === null ? '' : ` by ${by}`}: ${reason ?? 'no reason told'}`, {
      means: 'nothing of it is verified or loaded; entries are answered as staleIfError allows',
      todo: `when its trouble is over: POST /v1/sources/${source}/resume`,
    });
  }
}

function checkCooling(checks: Checks, cooling: WorkFacts['cooling']): void {
  const cold = Object.entries(cooling).filter(([, { coolingUntilMs }]) => coolingUntilMs !== null);
  if (cold.length === 0) return checks.ok('cool-down', 'no source is cooling down');
  for (const [source, { failures, failure }] of cold) {
    checks.fail(
      'cool-down',
      `${source}: ${spellNumber(failures, 'failure')} in a row, the last: ${failure?.message ?? 'not known'}`,
      {
        means:
          'it is asked again by one trial when its pause is over; until then asks fail or get older rows (staleIfError)',
        todo: `\`parqueue doctor --source ${source}\`; docs/operations.md, "A source is down"`,
      },
    );
  }
}

function checkCollection(checks: Checks, { chores, redis }: WorkFacts): void {
  const last = chores['collect'];
  if (last === undefined)
    return checks.note(
      'gc',
      'has not run since Redis was new or forgot: workers run it every ten minutes at the latest',
    );
  const ago = redis.nowMs - last.finishedAtMs;
  const when = `${spellMs(Math.max(0, ago))} ago by ${last.by}`;
  if (!last.outcome.ok) {
    checks.warn('gc', `failed ${when}: ${last.outcome.message}`, {
      means: 'what is due stays on the disk until it runs through',
      todo: `docs/errors.md, ${last.outcome.code}; \`parqueue gc\` tries it now`,
    });
  } else if (ago > COLLECTED_MAX_MS) {
    checks.warn('gc', when, {
      means: 'nothing is removed while it does not run',
      todo: 'see whether workers run; `parqueue gc` does it now',
    });
  } else checks.ok('gc', `${when}${isWaiting(last.outcome.report) ? ', waiting: this epoch is young' : ''}`);
}

/** Its report is whatever the release that ran it reports. */
function isWaiting(report: unknown): boolean {
  return typeof report === 'object' && report !== null && 'waitingFor' in report && report.waitingFor !== null;
}

/**
 * How often rows were read for a question, against how often that was needed. Once for each version of the source at most;
 * beyond that each load has a reason, and reasons are counted:
 *
 *   again    a hard mark, a purge, damage, an eviction, a Redis that forgot: one more load of what is there already, each
 *   cut off  a load that read rows and did not commit: a death, a stop, an outage, a source that changed all the time; at most so many as run for one key at
 *            once, the one whose lease ran out and the one that took over
 */
import type { DeedKind, Deeds } from './deeds.ts';
import type { Finding } from './judge.ts';
import { QUESTIONS, type Question } from './questions.ts';
import type { ChaosStage } from './stage.ts';

export interface Loads {
  readonly question: Question;
  /** Times that the source was written. */
  readonly writes: number;
  /** That read rows, and those of them that were committed. */
  readonly read: number;
  readonly committed: number;
  /** Reasons for more. */
  readonly again: number;
  readonly cutOff: number;
}

const AGAIN: ReadonlySet<DeedKind> = new Set<DeedKind>([
  'marked hard',
  'purged',
  'part flipped',
  'part cut',
  'manifest flipped',
  'manifest cut',
  'Redis killed',
  'Redis lost its last second',
  'Redis emptied',
]);
const CUTS_OFF: ReadonlySet<DeedKind> = new Set<DeedKind>([
  'worker killed',
  'worker stopped',
  'Redis killed',
  'Redis lost its last second',
  'Redis emptied',
  'Redis paused',
  'quota filled',
  'purged',
]);
const OF_SOURCE: Readonly<Partial<Record<DeedKind, Question['source']>>> = {
  'files away': 'lake',
  'Postgres down': 'pg',
  'Oracle down': 'ora',
  'Oracle stopped': 'ora',
};
/** The load whose lease ran out, and the one that took over. */
const AT_ONCE = 2;

/** Those that are loaded when a probe finds a change; what is loaded by age has no number of loads to keep to. */
export function loadsOf(stage: ChaosStage, { all }: Deeds, unstable: ReadonlyMap<string, number>): readonly Loads[] {
  return QUESTIONS.filter(({ byAge }) => !byAge).map((question) => {
    const steps = stage.loads.get(stage.keyOf(question));
    const concerned = (kinds: ReadonlySet<DeedKind>): number =>
      all.filter(({ kind, target }) => kinds.has(kind) && mayConcern(target, question)).length;
    const outages = all.filter(({ kind }) => OF_SOURCE[kind] === question.source).length;
    return {
      question,
      writes: stage.subject(question.source).history.writes,
      read: steps?.reading.size ?? 0,
      committed: steps?.committed.size ?? 0,
      again: concerned(AGAIN) + (steps?.evicted ?? 0),
      cutOff: AT_ONCE * (concerned(CUTS_OFF) + outages) + (unstable.get(question.name) ?? 0),
    };
  });
}

/** Targets that are no question, source or dataset of one (a worker, Redis) concern all. */
function mayConcern(target: string, { name, source }: Question): boolean {
  const [of = ''] = target.split(/[/_:]/);
  if (!['lake', 'ora', 'pg'].includes(of)) return true;
  return of === source && (!target.includes('/') || target === name);
}

/** @param running loads of one question that may be under way at this moment */
export function judgeLoads(loads: readonly Loads[], running: 0 | 1 = 0): readonly Finding[] {
  return loads.flatMap(({ question, writes, read, committed, again, cutOff }) => {
    const of = `${question.name}: ${writes} writes, ${again} reasons to load again, ${cutOff} loads that may have been cut off`;
    const wrong: Finding[] = [];
    if (committed > writes + again)
      wrong.push({ reason: 'duplicate', message: `${of}, and ${committed} loads were committed` });
    if (read - committed > cutOff + running)
      wrong.push({
        reason: 'duplicate',
        message: `${of}, and ${read - committed} loads read rows that were never committed`,
      });
    return wrong;
  });
}

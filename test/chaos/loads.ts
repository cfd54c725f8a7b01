/**
 * How often rows were read for a question, against how often that was needed. The same version of a source is loaded once;
 * beyond that each load has a reason of its own, at the right time:
 *
 *   again    the same version was committed before: a hard mark, a purge, damage, an eviction or a Redis that forgot came
 *            between, once for each such load
 *   in vain  a load that read rows and did not commit: a death, a stop, an outage or a purge met it, two for each deed (the
 *            one whose lease ran out, and the one that took over); or its source changed all the time
 */
import { TAKES_THE_LEAVING, type Deed, type DeedKind, type Deeds } from './deeds.ts';
import type { Finding } from './judge.ts';
import { QUESTIONS, type Question } from './questions.ts';

/** One load that read rows, as its worker told it, with the times at which it took these steps. */
export interface Load {
  readonly fillId: string;
  readonly readMs: number;
  committedMs: number | null;
  /** As its manifest calls it; null where nobody could read that. */
  version: string | null;
}

/** What workers told of one entry. */
export class EntryLoads {
  readonly all: Load[] = [];
  readonly evictionsMs: number[] = [];
  readonly #byFill = new Map<string, Load>();

  read(fillId: string, readMs: number): Load {
    const known = this.#byFill.get(fillId);
    if (known !== undefined) return known;
    const load: Load = { fillId, readMs, committedMs: null, version: null };
    this.#byFill.set(fillId, load);
    this.all.push(load);
    return load;
  }
}

export interface Loads {
  readonly question: Question;
  /** Times that the source was written, repetitions included. */
  readonly writes: number;
  /** That read rows, and those of them that were committed. */
  readonly read: number;
  readonly committed: number;
  readonly versions: number;
  /** Loads without a reason of each kind, and how many there were in all. */
  readonly again: Excused;
  readonly inVain: Excused;
}

export interface Excused {
  readonly all: number;
  readonly unexplained: number;
  /** The first of those without a reason, for people. */
  readonly example: string;
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
  ...TAKES_THE_LEAVING,
  'quota filled',
  'purged',
  'files away',
  'Postgres down',
  'Oracle down',
  'Oracle stopped',
]);
/** The load whose lease ran out, and the one that took over. */
const AT_ONCE = 2;

export interface LoadsDeps {
  readonly question: Question;
  readonly entry: EntryLoads;
  readonly writes: number;
  readonly deeds: readonly Deed[];
  /** Refusals because its source changed faster than it could be read. */
  readonly unstable: number;
}

/** Those that are loaded when a probe finds a change; what is loaded by age has no number of loads to keep to. */
export function questionsWithLoads(): readonly Question[] {
  return QUESTIONS.filter(({ byAge }) => !byAge);
}

export function loadsOf({ question, entry, writes, deeds, unstable }: LoadsDeps): Loads {
  const concerned = deeds.filter(({ concerns }) => concerns(question));
  const committed = entry.all
    .filter(({ committedMs }) => committedMs !== null)
    .toSorted((a, b) => (a.committedMs ?? 0) - (b.committedMs ?? 0));
  const left = new Reasons(concerned);
  const evictions = [...entry.evictionsMs];
  const before = new Map<string, number>();
  const again = { all: 0, unexplained: 0, example: '' };
  for (const { version, committedMs } of committed) {
    if (version === null || committedMs === null) continue;
    const sinceMs = before.get(version);
    before.set(version, committedMs);
    if (sinceMs === undefined) continue;
    again.all += 1;
    const evicted = evictions.findIndex((ms) => ms >= sinceMs && ms <= committedMs);
    if (evicted >= 0) evictions.splice(evicted, 1);
    else if (!left.take(AGAIN, { fromMs: sinceMs, toMs: committedMs }, 1)) {
      again.unexplained += 1;
      again.example ||= `${version} at ${timeOf(sinceMs)} and ${timeOf(committedMs)}`;
    }
  }
  const inVain = { all: 0, unexplained: 0, example: '' };
  for (const [at, { readMs, committedMs }] of entry.all.entries()) {
    if (committedMs !== null) continue;
    inVain.all += 1;
    // The next one reads under a lease of its own: by then this one had ended, or had lost its lease.
    const toMs = entry.all[at + 1]?.readMs ?? Infinity;
    if (left.take(CUTS_OFF, { fromMs: readMs, toMs }, AT_ONCE)) continue;
    inVain.unexplained += 1;
    inVain.example ||= `the one of ${timeOf(readMs)}`;
  }
  return {
    question,
    writes,
    read: entry.all.length,
    committed: committed.length,
    versions: before.size,
    again,
    inVain: { ...inVain, unexplained: Math.max(0, inVain.unexplained - unstable) },
  };
}

/** As the report tells when deeds were done. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, -1);
}

/** Deeds as reasons: each for so many loads, of those that it met. */
class Reasons {
  readonly #deeds: readonly Deed[];
  readonly #taken = new Map<string, number>();

  constructor(deeds: readonly Deed[]) {
    this.#deeds = deeds;
  }

  take(
    kinds: ReadonlySet<DeedKind>,
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
    each: number,
  ): boolean {
    for (const [at, { kind, beganMs, endedMs, strikes }] of this.#deeds.entries()) {
      if (!kinds.has(kind) || beganMs > toMs || (endedMs ?? Infinity) < fromMs) continue;
      const name = `${at} ${each}`;
      const taken = this.#taken.get(name) ?? 0;
      if (taken >= each * strikes) continue;
      this.#taken.set(name, taken + 1);
      return true;
    }
    return false;
  }
}

/** @param running loads of one question that may be under way at this moment */
export function judgeLoads(loads: readonly Loads[], running: 0 | 1 = 0): readonly Finding[] {
  return loads.flatMap(({ question, writes, versions, again, inVain }) => {
    const wrong: string[] = [];
    if (versions > writes) wrong.push(`${versions} versions were committed of ${writes} that were written`);
    if (again.unexplained > 0)
      wrong.push(`${again.unexplained} loads of a version that was there, without a reason: ${again.example}`);
    if (inVain.unexplained > running)
      wrong.push(
        `${inVain.unexplained} loads read rows that were never committed, and nothing cut them off: ${inVain.example}`,
      );
    return wrong.map((message): Finding => ({ reason: 'duplicate', message: `${question.name}: ${message}` }));
  });
}

/** The database's own count of what it ran, for all questions to it together: each was a load that read, or was cut off before. */
export function judgeExecutions(
  loads: readonly Loads[],
  executions: number | null,
  { all }: Deeds,
): readonly Finding[] {
  if (executions === null) return [];
  const own = loads.filter(({ question }) => question.source === 'ora');
  const read = own.reduce((sum, { read: of }) => sum + of, 0);
  const before = own.reduce(
    (sum, { question }) =>
      sum + AT_ONCE * all.filter(({ kind, concerns }) => CUTS_OFF.has(kind) && concerns(question)).length,
    0,
  );
  const message = `the database ran the statement ${executions} times, for ${read} loads that read rows and at most ${before} that were cut off before`;
  return executions <= read + before ? [] : [{ reason: 'duplicate', message }];
}

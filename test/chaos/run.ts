/**
 * One run: a calm beginning, then act after act, then everything is looked at. In an act some of the nemesis's lanes play one
 * deed each, at once; behind each act there is a rest until everything works, and so many answers longer, in which nothing
 * explains a refusal. What decides chance is the seed alone; what time it takes is not.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { aftermathOf, heldBy } from './aftermath.ts';
import { Client, type Api, type Habits, type Way } from './client.ts';
import { Deeds, type Deed } from './deeds.ts';
import { Dice } from './dice.ts';
import { Http } from './http.ts';
import { Judge, type Finding, type Mark } from './judge.ts';
import { Liar, LIES, type Lie, type LieFacts } from './liar.ts';
import { judgeExecutions, judgeLoads, loadsOf, questionsWithLoads, type Loads } from './loads.ts';
import { Nemesis, type Play } from './nemesis.ts';
import { feelPulse } from './pulse.ts';
import { QUESTIONS, SOURCES, type Question } from './questions.ts';
import { RowSets } from './row-sets.ts';
import type { Held } from './server-handle.ts';
import { ChaosStage, writeBallast, type Size } from './stage.ts';
import { Tally } from './tally.ts';
import { Writer } from './writer.ts';

export interface Plan extends Size {
  readonly seed: number;
  /** Answers at least. Every deed is done once, whatever this is. */
  readonly reads: number;
  /** Each asks one source only: where that is away, those of the others go on. */
  readonly clients: number;
  readonly habits: Habits;
  /** Answers before the first deed, and in the rest behind each act. */
  readonly calmReads: number;
  /** Answers of an act before its deeds, at most: they do not all begin at once. */
  readonly gapReads: number;
  /** Deeds of an act, at least; six at most, one of each lane. */
  readonly deedsLeast: number;
  /** Answers between two versions of a source, at least. */
  readonly readsPerVersion: number;
  readonly onProgress: (line: string) => void;
}

/** For `npm test`: few enough processes for two cores that have other things to do. */
export const SHORT = {
  apis: 2,
  workers: 2,
  threads: 1,
  quotaMiB: 4,
  clients: 6,
  habits: {
    ways: {
      whole: 10,
      unchanged: 6,
      'own address': 3,
      range: 3,
      converted: 2,
      patient: 1,
      proved: 1,
      younger: 1,
      pinned: 1,
    },
    policies: { strict: 1, aged: 3, lazy: 2 },
  },
  calmReads: 30,
  gapReads: 4,
  deedsLeast: 6,
  readsPerVersion: 20,
} as const;
/** Most asks are cheap, as those of real callers are: what they have still holds, or is young enough. */
export const LONG = {
  apis: 2,
  workers: 3,
  threads: 2,
  quotaMiB: 16,
  clients: 48,
  habits: {
    ways: {
      whole: 50,
      unchanged: 110,
      'own address': 12,
      range: 12,
      converted: 4,
      patient: 1,
      proved: 1,
      younger: 1,
      pinned: 1,
    },
    policies: { strict: 1, aged: 30, lazy: 14 },
  },
  calmReads: 5000,
  gapReads: 1500,
  deedsLeast: 1,
  readsPerVersion: 1500,
} as const;

export interface Story {
  readonly plan: Plan;
  readonly tookMs: number;
  readonly readingMs: number;
  readonly tally: Tally;
  readonly deeds: readonly Deed[];
  readonly loads: readonly Loads[];
  readonly executions: number | null;
  readonly versions: Readonly<Record<string, number>>;
  readonly held: readonly Held[];
  readonly damagedOnTheWay: number;
  /** Answers that began and came while nothing was broken. */
  readonly calm: number;
  readonly explained: Deeds['explained'];
  /** Times that a process was kept from running for a second, whoever took the processors; and was as slow by itself. */
  readonly stalls: number;
  readonly slowByThemselves: number;
  /** Answers that the judge has a note of, one for each generation and form; and what it took to keep them. */
  readonly remembered: number;
  readonly judgeMiB: number;
  readonly findings: readonly Finding[];
  /** What ended it before enough was read; null: nothing did. */
  readonly cut: Cut | null;
}

/** Whoever is in a hurry gets what was judged so far; else what was broken is mended first, and everything is looked at. */
export interface Cut {
  readonly by: string;
  readonly isLookedAt: boolean;
}

const PROGRESS_EVERY_MS = 10_000;
/** What workers do every few minutes, and not for an hour after a Redis that forgot: the store has room for minutes only. */
const SWEEP_EVERY_MS = 5000;
/** Longer than an act without a whole one, and no new deed is begun: a Redis that forgets again and again would fill the store. */
const SWEPT_WITHIN_MS = 90_000;
/** A run that is wrong everywhere need not say so a million times. */
const FINDINGS_KEPT = 200;

export class Run implements AsyncDisposable {
  readonly stage: ChaosStage;
  readonly #plan: Plan;
  readonly #dice: Dice;
  readonly #http = new Http();
  readonly #rowSets = new RowSets();
  readonly #deeds = new Deeds();
  readonly #judge: Judge;
  readonly #writers: readonly Writer[];
  readonly #tally = new Tally();
  readonly #findings: Finding[] = [];
  #calm = 0;
  #cut: Cut | null = null;
  readonly #hurry = new AbortController();
  #progress: { readonly atMs: number; readonly answers: number };
  #readingMs: number | null = null;
  #sweptMs = now();
  readonly #beganMs = now();

  private constructor(stage: ChaosStage, plan: Plan) {
    this.#progress = { atMs: this.#beganMs, answers: 0 };
    this.stage = stage;
    this.#plan = plan;
    this.#dice = new Dice(plan.seed);
    this.#judge = new Judge(stage.histories(), this.#deeds);
    this.#writers = stage.subjects.map(
      (subject) =>
        new Writer(subject, {
          dice: this.#dice.another(),
          answers: () => this.#tally.answers,
          readsPerVersion: plan.readsPerVersion,
        }),
    );
  }

  static async open(plan: Plan): Promise<Run> {
    const stage = await ChaosStage.open(plan, now);
    await writeBallast(stage.base, plan);
    return new Run(stage, plan);
  }

  /** Ends before enough was read. Asked for once, what was broken is mended and everything is looked at; the second time, or in a hurry, not. */
  cut(by: string, inAHurry = false): void {
    const isLookedAt = this.#cut === null && !inAHurry;
    this.#cut = { by, isLookedAt };
    if (!isLookedAt) this.#hurry.abort();
  }

  async play(): Promise<Story> {
    const progress = setInterval(() => this.#plan.onProgress(this.#line()), PROGRESS_EVERY_MS);
    try {
      const whole = this.#playOn();
      const soFar = once(this.#hurry.signal, 'abort').then(() => this.#storySoFar());
      return await Promise.race([whole, soFar]);
    } finally {
      clearInterval(progress);
    }
  }

  async #playOn(): Promise<Story> {
    const { plan, stage } = { plan: this.#plan, stage: this.stage };
    for (const writer of this.#writers) writer.start();
    const stop = new AbortController();
    const readingSince = now();
    const beside = [
      feelPulse({ stage, http: this.#http, deeds: this.#deeds, now }, stop.signal),
      this.#sweepOn(stop.signal),
      ...Array.from({ length: plan.clients }, async (_, at) => {
        const source = SOURCES[at % SOURCES.length];
        const questions = QUESTIONS.filter((question) => question.source === source);
        await this.#askOn(this.#client(this.#judge), questions, stop.signal);
      }),
    ];
    try {
      await this.#rest();
      this.#foundAll(judgeLoads(this.#loads(), 1));
      await this.#break();
    } finally {
      stop.abort();
      await Promise.all(beside);
      await Promise.all(this.#writers.map((writer) => writer.end()));
    }
    this.#readingMs = now() - readingSince;
    plan.onProgress(`${this.#line()}; everything is mended, and looked at`);
    const held = await heldBy(stage);
    for (const writer of this.#writers) await writer.write();
    const { cutOffMs } = this.#deeds;
    this.#foundAll(await aftermathOf({ stage, http: this.#http, rowSets: this.#rowSets, cutOffMs }));
    const loads = this.#loads();
    const executions = await stage.oracle.executions();
    this.#foundAll([...judgeLoads(loads), ...judgeExecutions(loads, executions, this.#deeds)]);
    return this.#story(loads, executions, held);
  }

  #storySoFar(): Story {
    const loads = this.#loads();
    this.#findings.push(...judgeLoads(loads, 1));
    return this.#story(loads, null, []);
  }

  #story(loads: readonly Loads[], executions: number | null, held: readonly Held[]): Story {
    const tookMs = now() - this.#beganMs;
    return {
      plan: this.#plan,
      tookMs,
      readingMs: this.#readingMs ?? tookMs,
      tally: this.#tally,
      deeds: this.#deeds.all,
      loads,
      executions,
      versions: Object.fromEntries(this.stage.subjects.map(({ name, history }) => [name, history.latest])),
      held,
      damagedOnTheWay: this.#judge.damagedOnTheWay,
      calm: this.#calm,
      explained: this.#deeds.explained,
      stalls: this.#deeds.stalls.length,
      slowByThemselves: this.#deeds.slowByThemselves,
      remembered: this.#judge.remembered,
      judgeMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
      findings: this.#findings,
      cut: this.#cut,
    };
  }

  /** What a judge of its own finds where somebody answers like this: before the source changed, afterwards, and then by a lie. */
  async findingsOf(lie: Lie): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    const judge = new Judge(this.stage.histories(), this.#deeds);
    const client = this.#client(judge, (finding) => findings.push(finding));
    const question = QUESTIONS.find(({ name }) => name === 'lake/ada') ?? this.#dice.one(QUESTIONS);
    const writer = this.#writers.find(({ subject }) => subject.name === question.source);
    const { form, after, held }: LieFacts = LIES[lie];
    const broken = lie === 'what is an hour old, by its configuration' ? await this.stage.startLenientApi() : null;
    const api = broken?.api ?? this.#dice.one(this.stage.apis).api;
    await using liar = await Liar.start(lie, api, this.#http);
    try {
      await client.askIn(form, liar.api, question);
      if (findings.length > 0) throw new Error(`found before anything was wrong: ${findings[0]?.message}`);
      if (after === 'a write') await writer?.write();
      if (after === 'a hard mark') await this.#markHard(judge, question, api);
      // Somebody else may have seen the new generation, and then its bytes are known.
      if (lie === 'the bytes of another generation') await client.askIn(form, liar.api, question);
      liar.lying = true;
      if (held === true) await client.askWhether(liar.api, question);
      else await client.askIn(form, liar.api, question);
      return findings;
    } finally {
      await broken?.handle.kill();
    }
  }

  async #markHard(judge: Judge, question: Question, { url }: Api): Promise<void> {
    const newest = new Map([[question.name, judge.newestOf(question)]]);
    const sentMs = now();
    const body = { key: this.stage.keyOf(question), mode: 'hard' };
    const { code } = await this.#http.send(`${url}/v1/invalidate`, { method: 'POST', body });
    if (code !== null) throw new Error(`the mark was refused: ${code}`);
    const concerns: Mark['concerns'] = ({ name }) => name === question.name;
    judge.marked({ mode: 'hard', concerns, sentMs, ackedMs: now() }, newest, QUESTIONS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    await this.stage[Symbol.asyncDispose]();
  }

  /** Until each lane has played all of its deeds and enough was read. */
  async #break(): Promise<void> {
    const { stage, plan } = { stage: this.stage, plan: this.#plan };
    const nemesis = new Nemesis({
      stage,
      writers: this.#writers,
      deeds: this.#deeds,
      judge: this.#judge,
      http: this.#http,
      dice: this.#dice.another(),
      now,
      found: (finding) => this.#found(finding),
    });
    const dice = this.#dice.another();
    const lanes = nemesis.lanes().map((deeds) => new Lane(deeds, dice.another()));
    while (this.#cut === null) {
      const open = this.#tally.answers < plan.reads ? lanes : lanes.filter(({ isThrough }) => !isThrough);
      if (open.length === 0) return;
      const count = plan.deedsLeast + dice.below(lanes.length + 1 - plan.deedsLeast);
      const act = dice.shuffled(open).slice(0, count);
      const gaps = act.map(() => dice.below(plan.gapReads));
      await Promise.all(
        act.map(async (lane, at) => {
          await this.#heard(gaps[at] ?? 0);
          await lane.next()();
        }),
      );
      await this.#rest();
    }
  }

  /** Nothing is broken; who asks now is answered, and rightly. */
  async #rest(): Promise<void> {
    const before = this.#tally.answers;
    await this.#heard(this.#plan.calmReads);
    while (this.#cut === null && now() - this.#sweptMs > SWEPT_WITHIN_MS) await this.#heard(this.#plan.calmReads);
    this.#calm += this.#tally.answers - before;
  }

  #loads(): readonly Loads[] {
    const { stage } = this;
    return questionsWithLoads().map((question) =>
      loadsOf({
        question,
        entry: stage.loadsOf(stage.keyOf(question)),
        writes: stage.subject(question.source).history.writes,
        deeds: this.#deeds.all,
        unstable: this.#judge.unstable.get(question.name) ?? 0,
      }),
    );
  }

  #client(judge: Judge, found: (finding: Finding) => void = (finding) => this.#found(finding)): Client {
    return new Client({
      http: this.#http,
      judge,
      rowSets: this.#rowSets,
      dice: this.#dice.another(),
      habits: this.#plan.habits,
      now,
      heard: (way: Way, outcome, ms) => this.#tally.add(way, outcome, ms),
      found,
    });
  }

  async #askOn(client: Client, questions: readonly Question[], signal: AbortSignal): Promise<void> {
    const dice = this.#dice.another();
    while (!signal.aborted) await client.ask(dice.one(this.stage.apis).api, dice.one(questions));
  }

  async #sweepOn(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Without Redis nothing is collected, and the next time is soon.
      const waitingFor = await this.stage.collect().catch(() => 'Redis');
      if (waitingFor === null) this.#sweptMs = now();
      await sleep(SWEEP_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** So many more answers. */
  async #heard(reads: number): Promise<void> {
    const enough = this.#tally.answers + reads;
    while (this.#cut === null && this.#tally.answers < enough) await sleep(20);
  }

  #foundAll(findings: readonly Finding[]): void {
    for (const finding of findings) this.#found(finding);
  }

  #found(finding: Finding): void {
    // What comes after the end is of a cluster that nobody mends.
    if (this.#hurry.signal.aborted || this.#findings.length >= FINDINGS_KEPT) return;
    this.#findings.push(finding);
    this.#plan.onProgress(`FOUND ${finding.reason}: ${finding.message}`);
  }

  #line(): string {
    const { answers, refusals } = this.#tally;
    const atMs = now();
    const rate = rateOf(answers - this.#progress.answers, atMs - this.#progress.atMs);
    this.#progress = { atMs, answers };
    const mean = rateOf(answers, atMs - this.#beganMs);
    const open = this.#deeds.all
      .filter(({ endedMs }) => endedMs === null)
      .map(({ kind, target }) => `${kind} (${target})`);
    const left = Math.max(0, this.#plan.reads - answers);
    const eta = mean === 0 ? '' : `, ${Math.ceil(left / mean / 60)} min left`;
    const mib = Math.round(process.memoryUsage.rss() / 2 ** 20);
    return `${Math.round((atMs - this.#beganMs) / 1000)} s: ${answers} of ${this.#plan.reads} reads (${rate}/s, ${mean}/s in all${eta}), ${refusals} refused, ${this.#deeds.all.length} deeds, ${this.#findings.length} findings, ${mib} MiB; now: ${open.join(', ') || 'nothing'}`;
  }
}

function rateOf(answers: number, ms: number): number {
  return Math.round((answers * 1000) / Math.max(1, ms));
}

/** All deeds of a lane in an order that the dice decide, and then again in another one. */
class Lane {
  readonly #deeds: readonly Play[];
  readonly #dice: Dice;
  #left: Play[] = [];
  #rounds = 0;

  constructor(deeds: readonly Play[], dice: Dice) {
    this.#deeds = deeds;
    this.#dice = dice;
  }

  /** Each of its deeds was played at least once. */
  get isThrough(): boolean {
    return this.#rounds > 1 || (this.#rounds === 1 && this.#left.length === 0);
  }

  next(): Play {
    if (this.#left.length === 0) {
      this.#left = [...this.#dice.shuffled(this.#deeds)];
      this.#rounds += 1;
    }
    const play = this.#left.shift();
    if (play === undefined) throw new Error('a lane without deeds');
    return play;
  }
}

/** Of this process, and never set back. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

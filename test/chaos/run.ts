/**
 * One run: a calm beginning in which nothing may be refused, then clients, writers and nemesis together, then everything
 * is mended, calm again, and looked at. What decides chance is the seed alone; what time it takes is not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { aftermathOf, heldBy } from './aftermath.ts';
import { Client, type Way } from './client.ts';
import { Deeds, type Deed } from './deeds.ts';
import { Dice } from './dice.ts';
import { Http } from './http.ts';
import { Judge, type Finding } from './judge.ts';
import { Liar, LIES, type Lie } from './liar.ts';
import { judgeLoads, loadsOf, type Loads } from './loads.ts';
import { Nemesis } from './nemesis.ts';
import { QUESTIONS } from './questions.ts';
import { RowSets } from './row-sets.ts';
import type { Held } from './server-handle.ts';
import { ChaosStage, writeBallast, type Size } from './stage.ts';
import { Tally } from './tally.ts';
import { Writer } from './writer.ts';

export interface Plan extends Size {
  readonly seed: number;
  /** Answers at least. Every deed is done once, whatever this is. */
  readonly reads: number;
  readonly clients: number;
  /** Answers before the first deed, and after the last one. */
  readonly calmReads: number;
  /** Answers between two deeds of a lane, at most. */
  readonly gapReads: number;
  readonly onProgress: (line: string) => void;
}

/** For `npm test`: few enough processes for two cores that have other things to do. */
export const SHORT = { apis: 2, workers: 2, threads: 1, clients: 6, calmReads: 60, gapReads: 12 } as const;
export const LONG = { apis: 2, workers: 3, threads: 2, clients: 24, calmReads: 1000, gapReads: 1000 } as const;

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
  readonly findings: readonly Finding[];
}

const PROGRESS_EVERY_MS = 10_000;
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
  readonly #beganMs = now();

  private constructor(stage: ChaosStage, plan: Plan) {
    this.stage = stage;
    this.#plan = plan;
    this.#dice = new Dice(plan.seed);
    this.#judge = new Judge(stage.histories(), this.#deeds);
    this.#writers = stage.subjects.map(
      (subject) => new Writer(subject, this.#dice.another(), () => this.#tally.answers),
    );
  }

  static async open(plan: Plan): Promise<Run> {
    const stage = await ChaosStage.open(plan, now);
    await writeBallast(stage.base);
    return new Run(stage, plan);
  }

  async play(): Promise<Story> {
    const { plan, stage } = { plan: this.#plan, stage: this.stage };
    const progress = setInterval(() => plan.onProgress(this.#line()), PROGRESS_EVERY_MS);
    for (const writer of this.#writers) writer.start();
    const clients = Array.from({ length: plan.clients }, () => this.#client(this.#judge));
    const stop = new AbortController();
    const readingSince = now();
    const reading = clients.map((client) => this.#askOn(client, this.#dice.another(), stop.signal));
    try {
      await this.#heard(plan.calmReads);
      this.#foundAll(judgeLoads(loadsOf(stage, this.#deeds, this.#judge.unstable), 1));
      await this.#break();
      await this.#heard(plan.calmReads);
    } finally {
      stop.abort();
      await Promise.all(reading);
      await Promise.all(this.#writers.map((writer) => writer.end()));
      clearInterval(progress);
    }
    const readingMs = now() - readingSince;
    plan.onProgress(`${this.#line()}; everything is mended, and looked at`);
    const held = await heldBy(stage);
    for (const writer of this.#writers) await writer.write();
    this.#foundAll(await aftermathOf({ stage, http: this.#http, rowSets: this.#rowSets }));
    const loads = loadsOf(stage, this.#deeds, this.#judge.unstable);
    const executions = await stage.oracle.executions();
    this.#foundAll([...judgeLoads(loads), ...judgeExecutions(loads, executions)]);
    return {
      plan,
      tookMs: now() - this.#beganMs,
      readingMs,
      tally: this.#tally,
      deeds: this.#deeds.all,
      loads,
      executions,
      versions: Object.fromEntries(stage.subjects.map(({ name, history }) => [name, history.latest])),
      held,
      damagedOnTheWay: this.#judge.damagedOnTheWay,
      findings: this.#findings,
    };
  }

  /** What a judge of its own finds where somebody answers like this: before the source changed, afterwards, and then by a lie. */
  async findingsOf(lie: Lie): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    const judge = new Judge(this.stage.histories(), this.#deeds);
    const client = this.#client(judge, (finding) => findings.push(finding));
    const question = QUESTIONS.find(({ name }) => name === 'lake/ada') ?? this.#dice.one(QUESTIONS);
    const writer = this.#writers.find(({ subject }) => subject.name === question.source);
    const { form } = LIES[lie];
    const broken = lie === 'what is an hour old, by its configuration' ? await this.stage.startLenientApi() : null;
    await using liar = await Liar.start(lie, broken?.api ?? this.#dice.one(this.stage.apis).api, this.#http);
    try {
      await client.askIn(form, liar.api, question);
      if (findings.length > 0) throw new Error(`found before anything was wrong: ${findings[0]?.message}`);
      await writer?.write();
      // Somebody else may have seen the new generation, and then its bytes are known.
      if (lie === 'the bytes of another generation') await client.askIn(form, liar.api, question);
      liar.lying = true;
      await client.askIn(form, liar.api, question);
      return findings;
    } finally {
      await broken?.handle.kill();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    await this.stage[Symbol.asyncDispose]();
  }

  /** All lanes at once, round after round, until enough was read; each plays all of its deeds. */
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
    const lanes = nemesis.lanes().map(async (deeds) => {
      const dice = this.#dice.another();
      do {
        for (const play of dice.shuffled(deeds)) {
          await play();
          await this.#heard(dice.below(plan.gapReads));
        }
      } while (this.#tally.answers < plan.reads);
    });
    await Promise.all(lanes);
  }

  #client(judge: Judge, found: (finding: Finding) => void = (finding) => this.#found(finding)): Client {
    return new Client({
      http: this.#http,
      judge,
      rowSets: this.#rowSets,
      dice: this.#dice.another(),
      now,
      heard: (way: Way, outcome, ms) => this.#tally.add(way, outcome, ms),
      found,
    });
  }

  async #askOn(client: Client, dice: Dice, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await client.ask(dice.one(this.stage.apis).api, dice.one(QUESTIONS));
  }

  /** So many more answers. */
  async #heard(reads: number): Promise<void> {
    const enough = this.#tally.answers + reads;
    while (this.#tally.answers < enough) await sleep(20);
  }

  #foundAll(findings: readonly Finding[]): void {
    for (const finding of findings) this.#found(finding);
  }

  #found(finding: Finding): void {
    if (this.#findings.length >= FINDINGS_KEPT) return;
    this.#findings.push(finding);
    this.#plan.onProgress(`FOUND ${finding.reason}: ${finding.message}`);
  }

  #line(): string {
    const { answers, refusals } = this.#tally;
    const seconds = (now() - this.#beganMs) / 1000;
    const open = this.#deeds.all
      .filter(({ endedMs }) => endedMs === null)
      .map(({ kind, target }) => `${kind} (${target})`);
    const rate = Math.round(answers / seconds);
    return `${Math.round(seconds)} s: ${answers} of ${this.#plan.reads} reads (${rate}/s), ${refusals} refused, ${this.#deeds.all.length} deeds, ${this.#findings.length} findings; now: ${open.join(', ') || 'nothing'}`;
  }
}

/** The database's own count of what it ran, for all questions to it together. */
function judgeExecutions(loads: readonly Loads[], executions: number | null): readonly Finding[] {
  if (executions === null) return [];
  const own = loads.filter(({ question }) => question.source === 'ora');
  const allowed = own.reduce((sum, { writes, again, cutOff }) => sum + writes + again + cutOff, 0);
  return executions <= allowed
    ? []
    : [
        {
          reason: 'duplicate',
          message: `the database ran the statement ${executions} times, and ${allowed} can be explained`,
        },
      ];
}

/** Of this process, and never set back. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

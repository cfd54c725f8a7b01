/**
 * One cell from rest to rest: readers run, the source changes, a caller asks, its load is held at the step. The source
 * changes once more, so that what is held is older than what the next ones ask for; then the load is hurt, the fault ends,
 * and one more ask must be answered with the current rows. Then everything is looked at.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell, Fault } from './cells.ts';
import { aftermathOf, reserved } from './aftermath.ts';
import type { CrashWorker } from './crash-worker.ts';
import { Readers, type Seen } from './readers.ts';
import { wrongRefusals } from './refusals.ts';
import { told, type Heard, type Stage } from './stage.ts';
import { STRIKES } from './strikes.ts';
import type { Subject } from './subjects.ts';

export interface CellReport {
  readonly cell: Cell;
  /** What the caller heard whose ask met the fault: `rows`, or the code of its refusal. */
  readonly heard: string;
  /** Loads that read rows, of both changes of the source: from the first one to the retry's answer. */
  readonly loads: number;
  readonly commits: number;
  readonly seen: Seen;
  /** Empty, or the matrix has found something. */
  readonly wrong: readonly string[];
}

/** A cell that did not come to its end, although nothing wrong was found until then. */
export class Unfinished extends Error {
  /** Some process did not run for longer than the cluster gives one of its own: then this says nothing of the fault. */
  readonly stalled: boolean;

  constructor(cause: unknown, stalled: boolean) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.stalled = stalled;
  }
}

const WAIT_MS = 60_000;
const RETRY_WAIT_MS = 120_000;
/** Renewals come every half second. */
const LEASED_LIMIT_MS = 60_000;

/** Whoever survives these is lucky. All else a worker process survives. */
const MAY_KILL: ReadonlySet<Fault> = new Set(['SIGKILL', 'out of memory']);

/** @throws Unfinished */
export async function runCell(stage: Stage, cell: Cell): Promise<CellReport | Pick<CellReport, 'cell' | 'wrong'>> {
  const subject = stage.subject(cell.source);
  await stage.atPeace();
  stage.forget();
  const workers = [...stage.workers];
  const reservedBefore = await reserved(stage);
  const readers = new Readers(stage, subject, cell.readers);
  const wrong: string[] = [];
  const atRest: (() => readonly string[])[] = [];
  try {
    const heard = await struckAndOver({ stage, subject, cell, workers, wrong, atRest });
    const seen = await readers.finish();
    const aftermath = await aftermathOf({
      stage,
      subject,
      fault: cell.fault,
      named: seen.named,
      reservedBefore,
    });
    return {
      cell,
      heard: heard.kind === 'refused' ? heard.code : 'rows',
      loads: [...new Set([...workers, ...stage.workers])].reduce((sum, worker) => sum + worker.count('first-batch'), 0),
      commits: aftermath.commits,
      seen,
      wrong: [
        ...wrong,
        ...seen.wrong,
        ...wrongRefusals(cell, seen.refused, heard.kind === 'refused' ? heard.code : null),
        ...aftermath.wrong,
        ...atRest.flatMap((judge) => judge()),
      ],
    };
  } catch (error) {
    const all = [...wrong, ...(await readers.abandon()).wrong];
    if (all.length === 0) throw new Unfinished(error, await stage.hasStalled());
    return { cell, wrong: [...all, String(error)] };
  }
}

async function struckAndOver(at: {
  readonly stage: Stage;
  readonly subject: Subject;
  readonly cell: Cell;
  readonly workers: readonly CrashWorker[];
  readonly wrong: string[];
  readonly atRest: (() => readonly string[])[];
}): Promise<Heard> {
  const { stage, subject, cell, workers, wrong, atRest } = at;
  const { history } = subject;
  const strike = STRIKES[cell.fault];
  try {
    await Promise.all(workers.map((worker) => worker.obey(strike.orders(cell))));
    await subject.write();
    const floor = history.current;
    const asked = stage.ask(subject, { ageMs: 0, waitMs: WAIT_MS });
    const judged = asked.then((heard) => wrong.push(...misleading('the caller', heard, floor)));
    const isMisled = judged.then(() => wrong.length > 0);
    const [victim, other] = await Promise.race([firstStruck(workers), rejectedIf(isMisled)]);
    await subject.write();
    if (isHeld(cell)) await staysLeased(stage, subject);
    await strike.strike({ stage, subject, cell, victim, other, heard: asked, atRest });
    const heard = await asked;
    await judged;
    if (!MAY_KILL.has(cell.fault))
      for (const worker of workers) if (!worker.isAlive) wrong.push(`a worker process died of it: ${worker.end}`);
    await recovered(stage, subject);
    const retried = await stage.ask(subject, { ageMs: 0, waitMs: RETRY_WAIT_MS });
    if (retried.kind === 'refused') throw new Error(`the retry was refused: ${told(retried)}`);
    wrong.push(...misleading('the retry', retried, history.current));
    return heard;
  } finally {
    for (const worker of workers) worker.signal('SIGCONT');
    stage.redis.resume();
  }
}

/** What is wrong with what somebody heard who asked, strictly, when this version was there. */
function misleading(who: string, heard: Heard, floor: number): readonly string[] {
  if (heard.kind === 'wrong') return [`${who}: ${told(heard)}`];
  return heard.kind === 'rows' && heard.version < floor
    ? [`${who} asked after version ${floor} was there and got ${heard.version}`]
    : [];
}

/** A caller who is misled has no load made for it that would come to the step. Never resolves. */
async function rejectedIf(isMisled: Promise<boolean>): Promise<never> {
  if (await isMisled) throw new Error('the caller was answered before a load came to the step');
  return await new Promise<never>(() => undefined);
}

async function firstStruck(workers: readonly CrashWorker[]): Promise<readonly [CrashWorker, CrashWorker]> {
  const [a, b] = workers;
  if (a === undefined || b === undefined) throw new Error('a cell is played with two workers');
  const struck = (worker: CrashWorker): Promise<CrashWorker> =>
    worker.until('a load came to the step', () => worker.struckAt !== null).then(() => worker);
  return (await Promise.race([struck(a), struck(b)])) === a ? [a, b] : [b, a];
}

/** A step that throws is over at once. The lease is kept from the moment on in which everybody has heard of it. */
function isHeld({ fault, step }: Cell): boolean {
  return fault !== 'throw' && step !== 'lease-acquired';
}

/** However long a load takes, it keeps its lease: here until it was made longer once, whoever has it by then. */
async function staysLeased(stage: Stage, subject: Subject): Promise<void> {
  const ends = new Map<number, number>();
  for (const deadline = Date.now() + LEASED_LIMIT_MS; ; await sleep(50)) {
    const { lease } = await stage.look(subject);
    if (lease !== null && lease.expiresAtMs > (ends.get(lease.fence) ?? lease.expiresAtMs)) return;
    if (lease !== null) ends.set(lease.fence, lease.expiresAtMs);
    if (Date.now() > deadline) throw new Error('a load is held, and nobody keeps its lease');
  }
}

/** The fault is over: whoever would ask again now would find workers that run, a Redis that answers, a source that is there. */
async function recovered(stage: Stage, subject: Subject): Promise<void> {
  await stage.atPeace();
  await stage.redisAnswers();
  await stage.endCoolDown(subject);
}

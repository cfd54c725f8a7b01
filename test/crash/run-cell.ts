/**
 * One cell from rest to rest: readers run, the source changes, a caller asks, its load meets the fault at the step, the
 * fault ends, one more ask must be answered with the current rows. Then everything is looked at.
 */
import type { Cell, Fault } from './cells.ts';
import { aftermathOf } from './aftermath.ts';
import type { CrashWorker } from './crash-worker.ts';
import { Readers, type Seen } from './readers.ts';
import { told, type Heard, type Stage } from './stage.ts';
import { STRIKES } from './strikes.ts';
import type { Subject } from './subjects.ts';

export interface CellReport {
  readonly cell: Cell;
  /** What the caller heard whose ask met the fault: `rows`, or the code of its refusal. */
  readonly heard: string;
  /** Loads that read rows of the current version's time: from the source's change to the retry's answer. */
  readonly loads: number;
  readonly commits: number;
  readonly seen: Seen;
  /** Empty, or the matrix has found something. */
  readonly wrong: readonly string[];
}

const WAIT_MS = 60_000;

/** Whoever survives these is lucky. All else a worker process survives. */
const MAY_KILL: ReadonlySet<Fault> = new Set(['SIGKILL', 'out of memory']);

export async function runCell(stage: Stage, cell: Cell): Promise<CellReport> {
  const subject = stage.subject(cell.source);
  const { history } = subject;
  await stage.atPeace();
  const strike = STRIKES[cell.fault];
  const readers = new Readers(stage, subject, cell.readers);
  const wrong: string[] = [];
  let heard: Heard;
  const workers = [...stage.workers];
  try {
    for (const worker of workers) worker.forget();
    await Promise.all(workers.map((worker) => worker.obey(strike.orders(cell))));
    await subject.write();
    const floor = history.current;
    const asked = stage.ask(subject, { ageMs: 0, waitMs: WAIT_MS });
    const [victim, other] = await firstStruck(workers);
    await strike.strike({ stage, subject, cell, victim, other, heard: asked });
    heard = await asked;
    if (heard.kind === 'wrong') wrong.push(`the caller: ${told(heard)}`);
    if (heard.kind === 'rows' && heard.version < floor)
      wrong.push(`the caller asked after version ${floor} was there and got ${heard.version}`);
    if (!MAY_KILL.has(cell.fault) && workers.some(({ isAlive }) => !isAlive)) wrong.push('a worker process died of it');
    await recovered(stage, subject);
    await stage.mustAnswer(subject, 'the retry');
  } finally {
    for (const worker of workers) worker.signal('SIGCONT');
    stage.redis.resume();
  }
  const seen = await readers.stop();
  const aftermath = await aftermathOf(stage, subject);
  return {
    cell,
    heard: heard.kind === 'refused' ? heard.code : 'rows',
    loads: [...new Set([...workers, ...stage.workers])].reduce((sum, worker) => sum + worker.count('first-batch'), 0),
    commits: aftermath.commits,
    seen,
    wrong: [...wrong, ...seen.wrong, ...aftermath.wrong],
  };
}

async function firstStruck(workers: readonly CrashWorker[]): Promise<readonly [CrashWorker, CrashWorker]> {
  const [a, b] = workers;
  if (a === undefined || b === undefined) throw new Error('a cell is played with two workers');
  const struck = (worker: CrashWorker): Promise<CrashWorker> =>
    worker.until('a load came to the step', () => worker.struckAt !== null).then(() => worker);
  return (await Promise.race([struck(a), struck(b)])) === a ? [a, b] : [b, a];
}

/** The fault is over: whoever would ask again now would find workers that run, a Redis that answers, a source that is there. */
async function recovered(stage: Stage, subject: Subject): Promise<void> {
  await stage.atPeace();
  await stage.redisAnswers();
  await stage.endCoolDown(subject);
}

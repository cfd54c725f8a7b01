/**
 * How each fault is brought about, and how it ends. Where a fault strikes at a step, the worker that came there first is
 * held at it, so that the place is certain; then it is hurt, and let go. `once`: struck and over. `lasting`: whoever comes
 * by is struck, until the caller has heard what became of its ask.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FillStep } from '@parqueue/core';
import type { Fault, Cell } from './cells.ts';
import { isAfterCommit, isInThread } from './cells.ts';
import type { CrashWorker } from './crash-worker.ts';
import type { Errno } from './faulty-fs.ts';
import { NO_ORDERS, type Orders, type ThreadDeath } from './messages.ts';
import { LEASE_TTL_MS, type Heard, type Stage } from './stage.ts';
import type { Subject } from './subjects.ts';

export interface Struck {
  readonly stage: Stage;
  readonly subject: Subject;
  readonly cell: Cell;
  /** The worker that came to the step first. */
  readonly victim: CrashWorker;
  readonly other: CrashWorker;
  /** Settles when the caller whose ask began the load has heard of it. */
  readonly heard: Promise<Heard>;
  /** What the strike itself wants to find wrong, asked when everything has come to rest. */
  readonly atRest: (() => readonly string[])[];
}

export interface Strike {
  /** What both workers are told before the source changes. */
  readonly orders: (cell: Cell) => Partial<Orders>;
  /** Resolves when the fault is over. */
  readonly strike: (at: Struck) => Promise<void>;
}

/** Longer than any command to Redis waits, and any silence of it is borne. */
const REDIS_SILENT_MS = 6500;

const hold = ({ step }: Cell): Partial<Orders> => ({ holdAt: step });

export const STRIKES: Readonly<Record<Fault, Strike>> = {
  throw: {
    orders: ({ step, duration }) =>
      isInThread(step)
        ? { threads: { ...NO_ORDERS, throwAt: step }, laterThreads: duration === 'lasting' }
        : { throwAt: step },
    async strike({ cell, victim, other, heard }) {
      if (cell.duration === 'lasting') await heard;
      await Promise.all([victim.obey({}), other.obey({})]);
    },
  },
  SIGKILL: { orders: hold, strike: killed },
  SIGSTOP: { orders: hold, strike: stopped },
  'out of memory': { orders: hold, strike: (at) => threadDies(at, 'out of memory') },
  'wasm trap': { orders: hold, strike: trapped },
  'Redis killed': { orders: hold, strike: redisKilled },
  'Redis paused': { orders: hold, strike: redisPaused },
  ENOSPC: { orders: hold, strike: (at) => diskRefuses(at, 'ENOSPC') },
  EIO: { orders: hold, strike: (at) => diskRefuses(at, 'EIO') },
  ESTALE: { orders: hold, strike: (at) => diskRefuses(at, 'ESTALE') },
  'source dropped': { orders: hold, strike: sourceDropped },
};

async function letGo(...workers: readonly CrashWorker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.obey({})));
  for (const worker of workers) worker.release();
}

/** lasting: whoever takes the load over dies at the same step. */
async function killed({ stage, cell, victim, other, heard }: Struck): Promise<void> {
  if (cell.duration === 'once') await other.obey({});
  await victim.kill();
  const replacing = stage.startWorker();
  if (cell.duration === 'lasting') {
    const struckToo = other
      .until('it is struck as well', () => other.struckAt !== null, 60_000)
      .then(
        () => other.kill(),
        () => undefined,
      );
    await Promise.race([struckToo, heard]);
    if (other.isAlive) await letGo(other);
  }
  await replacing;
}

/**
 * once: another worker takes the load over and does it, where there is something left to do. lasting: it comes to the same
 * step and sleeps as well, so that whoever slept first meets one that was granted the key and has not committed.
 */
async function stopped({ stage, subject, cell, victim, other, heard, atRest }: Struck): Promise<void> {
  const fill = victim.struckFill;
  const once = cell.duration === 'once';
  const isLeft = !isAfterCommit(cell.step);
  if (once) await other.obey({});
  victim.signal('SIGSTOP');
  if (isLeft) await (once ? heard : other.until('it came to the step as well', () => other.struckAt !== null));
  if (!once) other.signal('SIGSTOP');
  await leaseRunsOut(stage, subject);
  other.signal('SIGCONT');
  victim.signal('SIGCONT');
  await letGo(victim);
  await victim.until('the load that slept is over', () => isOver(victim, fill));
  await letGo(other);
  // By our order, and told before they obeyed.
  for (const worker of [victim, other]) worker.stalls = [];
  const overtaken = isLeft && (!once || (await heard).kind === 'rows');
  // Then it looked again under its lease, and all was done.
  const findsNothingToDo = once && cell.step === 'lease-acquired';
  atRest.push(() => {
    const did = (step: FillStep): boolean =>
      victim.steps.some(({ name, details }) => name === step && details['fillId'] === fill);
    return [
      ...(overtaken && did('commit-acked') ? ['a worker that slept committed, after another was granted the key'] : []),
      ...(overtaken && findsNothingToDo && did('snapshot-opened')
        ? ['a worker that slept loaded what was loaded']
        : []),
    ];
  });
}

/** Redis's own clock decides; it is asked in the one step that callers use, too. */
async function leaseRunsOut(stage: Stage, subject: Subject): Promise<void> {
  for (;;) {
    const { lease, nowMs } = await stage.look(subject);
    if (lease === null || lease.expiresAtMs <= nowMs) return;
    await sleep(Math.max(20, lease.expiresAtMs - nowMs));
  }
}

/** However a load ends, it gives its lease back, or says that it could not. */
function isOver({ steps }: CrashWorker, fillId: unknown): boolean {
  return steps.some(
    ({ name, details }) =>
      (name === 'lease-released' || (name === 'failed' && details['at'] === 'lease-released'))
      && details['fillId'] === fillId,
  );
}

/** lasting: in every worker. */
async function threadDies({ cell, victim, other }: Struck, of: ThreadDeath): Promise<void> {
  const dying = cell.duration === 'lasting' ? [victim, other] : [victim];
  await Promise.all(dying.map((worker) => worker.letThreadDie(of)));
  await letGo(victim, other);
}

/** Before the rows are written the writer itself traps, inside the load; afterwards nothing of the load runs in WebAssembly. */
async function trapped(at: Struck): Promise<void> {
  const { cell, victim, other, heard } = at;
  const writes = cell.step === 'lease-acquired' || cell.step === 'snapshot-opened' || cell.step === 'first-batch';
  if (!writes) return await threadDies(at, 'wasm trap');
  const laterThreads = cell.duration === 'lasting';
  const orders: Partial<Orders> = { threads: { ...NO_ORDERS, spoilWriter: true }, laterThreads };
  await victim.obey(orders);
  await other.obey(laterThreads ? orders : {});
  victim.release();
  other.release();
  await heard;
  await victim.until('the thread whose library trapped has ended', () => victim.threadEnds.length > 0);
  await letGo(victim, other);
}

/** once: it is back at once, with its data. lasting: it is back when the caller was told, and remembers nothing. */
async function redisKilled({ stage, cell, victim, other, heard }: Struck): Promise<void> {
  if (cell.duration === 'once') {
    await stage.redis.restart({ keepData: true });
    return await letGo(victim, other);
  }
  await stage.redis.kill();
  await letGo(victim, other);
  await heard;
  await stage.redis.restart({ keepData: false });
}

/** once: for longer than a lease lives. lasting: for longer than anybody waits for it. */
async function redisPaused({ stage, cell, victim, other }: Struck): Promise<void> {
  stage.redis.pause();
  await letGo(victim, other);
  await sleep(cell.duration === 'once' ? LEASE_TTL_MS + 300 : REDIS_SILENT_MS);
  stage.redis.resume();
}

/** once: the next operation of the load, wherever it runs. lasting: every operation of every worker. */
async function diskRefuses({ cell, victim, other, heard }: Struck, errno: Errno): Promise<void> {
  const lasting = cell.duration === 'lasting';
  const fs = { errno, times: lasting ? null : 1 };
  const inThread = isInThread(cell.step) && cell.step !== 'published';
  const orders: Partial<Orders> = {
    threads: { ...NO_ORDERS, fs: lasting || inThread ? fs : null, fsIn: lasting ? 'all' : 'fills' },
    laterThreads: lasting,
    fs: lasting || !inThread ? fs : null,
  };
  await victim.obey(orders);
  await other.obey(lasting ? orders : {});
  victim.release();
  other.release();
  await heard;
  await victim.until('the disk has refused something', () => victim.refused.length > 0);
  await letGo(victim, other);
}

/** once: sessions break, files are others. lasting: it cannot be found until the caller was told. */
async function sourceDropped({ subject, cell, victim, other, heard }: Struck): Promise<void> {
  if (cell.duration === 'once') {
    await subject.interrupt();
    return await letGo(victim, other);
  }
  await subject.drop();
  await letGo(victim, other);
  await heard;
  await subject.bringBack();
}

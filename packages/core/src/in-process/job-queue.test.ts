/** The queue of wrapped functions: what BullMQ does for workers, in one process. */
import { beforeEach, describe, expect, it } from 'vitest';
import { deferred, type Deferred } from '../model/deferred.ts';
import { ParqueueError } from '../model/errors.ts';
import type { Job, Outcome } from '../model/job.ts';
import { CANCELLED, type JobContext, type JobRun } from '../probe.ts';
import { InProcessJobs } from './job-queue.ts';

interface Run {
  readonly job: Job;
  readonly context: JobContext;
  readonly end: Deferred<JobRun>;
}

const satisfied: JobRun = { kind: 'done', outcome: { kind: 'satisfied', fence: 1 } };

let runs: Run[];
let recorded: Outcome[];
let held: number;
let ids: number;

beforeEach(() => {
  [runs, recorded, held, ids] = [[], [], 0, 0];
});

function queue(limits: { readonly runningMax?: number; readonly waitingMax?: number } = {}): InProcessJobs {
  const { runningMax = 2, waitingMax = 2 } = limits;
  return new InProcessJobs({
    run: (job, context) => {
      const end = deferred<JobRun>();
      runs.push({ job, context, end });
      return end.promise;
    },
    outcomes: { record: async (_, outcome) => void recorded.push(outcome) },
    hold: () => {
      held += 1;
      return { [Symbol.dispose]: () => void (held -= 1) };
    },
    clock: { now: () => 0, sleep: async (_ms, signal) => signal?.throwIfAborted() },
    randomId: () => String((ids += 1)),
    runningMax: { probe: runningMax, fill: runningMax },
    waitingMax,
  });
}

function job(
  after: number,
  {
    kind = 'fill',
    key = 'k-00000000000000000000000000000000',
  }: { readonly kind?: Job['kind']; readonly key?: string } = {},
): Job {
  const request = { key } as Job['request'];
  return { kind, request, requirement: { after, hardAfter: 0 }, requestId: null };
}

const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

async function runAt(at: number): Promise<Run> {
  await settled();
  const run = runs[at];
  if (run === undefined) throw new Error(`there is no run ${at}; there are ${runs.length}`);
  return run;
}

describe('a job', () => {
  it('is joined by the same wish while it waits or runs, and begun anew after it', async () => {
    const jobs = queue();
    const first = await jobs.enqueue(job(1));
    expect(first.joined).toBe(false);
    expect(await jobs.enqueue(job(1))).toEqual({ id: first.id, joined: true });
    expect((await jobs.enqueue(job(2))).joined).toBe(false);
    expect((await jobs.enqueue(job(1, { kind: 'probe' }))).joined).toBe(false);
    (await runAt(0)).end.resolve(satisfied);
    await settled();
    expect(await jobs.status(first.id)).toEqual({ state: 'finished', outcome: { kind: 'satisfied', fence: 1 } });
    expect((await jobs.enqueue(job(1))).joined).toBe(false);
  });

  it('that is delayed is run again, and lets another one run meanwhile', async () => {
    const jobs = queue({ runningMax: 1 });
    const first = await jobs.enqueue(job(1));
    const second = await jobs.enqueue(job(2));
    expect(await jobs.status(second.id)).toEqual({ state: 'queued' });
    (await runAt(0)).end.resolve({ kind: 'delayed', ms: 100 });
    (await runAt(1)).end.resolve(satisfied);
    expect(runs[1]?.job.requirement.after).toBe(2);
    (await runAt(2)).end.resolve(satisfied);
    expect(runs[2]?.job.requirement.after).toBe(1);
    await settled();
    expect((await jobs.status(first.id)).state).toBe('finished');
  });

  it('waits for Redis to come back, and fails when it stays away', async () => {
    const jobs = queue();
    const { id } = await jobs.enqueue(job(1));
    for (let at = 0; at <= 30; at += 1) (await runAt(at)).end.reject(new ParqueueError('PQ_COORDINATION_DOWN', 'away'));
    await settled();
    expect(await jobs.status(id)).toMatchObject({
      state: 'finished',
      outcome: { kind: 'failed', failure: { code: 'PQ_COORDINATION_DOWN' } },
    });
  });

  it('that ends by a defect fails at once, and is told to whoever waits', async () => {
    const jobs = queue();
    const { id } = await jobs.enqueue(job(1));
    (await runAt(0)).end.reject(new TypeError('a defect'));
    await settled();
    expect(await jobs.status(id)).toMatchObject({ outcome: { kind: 'failed', failure: { code: 'PQ_INTERNAL' } } });
    expect(recorded).toHaveLength(1);
  });

  it('that is cancelled hears of it while it runs, and never begins where it waited', async () => {
    const jobs = queue({ runningMax: 1 });
    const [first, second] = [await jobs.enqueue(job(1)), await jobs.enqueue(job(2))];
    await jobs.cancel(second.id);
    await settled();
    expect(await jobs.status(second.id)).toEqual({ state: 'finished', outcome: { kind: 'cancelled' } });
    const { context, end } = await runAt(0);
    await jobs.cancel(first.id);
    expect(context.signal.reason).toBe(CANCELLED);
    end.resolve({ kind: 'done', outcome: { kind: 'cancelled' } });
    await settled();
    expect(runs).toHaveLength(1);
    expect(jobs.size).toBe(0);
  });

  it('holds what it needs from its beginning to its end', async () => {
    const jobs = queue();
    await jobs.enqueue(job(1));
    expect(held).toBe(1);
    (await runAt(0)).end.resolve(satisfied);
    await settled();
    expect(held).toBe(0);
  });

  it('that nobody knows any more has vanished', async () => {
    expect(await queue().status('wrapped.fill.0')).toEqual({ state: 'vanished' });
  });
});

describe('limits', () => {
  it('refuse what is beyond the waiting ones', async () => {
    const jobs = queue({ runningMax: 1, waitingMax: 1 });
    await jobs.enqueue(job(1));
    await jobs.enqueue(job(2));
    await expect(jobs.enqueue(job(3))).rejects.toMatchObject({ code: 'PQ_QUEUE_FULL', retryable: true });
  });

  it('do not hold up a job that a running one waits for, whoever asked for it and whenever', async () => {
    const jobs = queue({ runningMax: 1, waitingMax: 1 });
    await jobs.enqueue(job(1, { key: 'other' }));
    await jobs.enqueue(job(2));
    await settled();
    expect(runs).toHaveLength(1);
    {
      using _hurried = jobs.hurry(job(2).request.key);
      expect((await runAt(1)).job.requirement.after).toBe(2);
      await jobs.enqueue(job(3));
      expect((await runAt(2)).job.requirement.after).toBe(3);
    }
    await jobs.enqueue(job(4));
    await settled();
    expect(runs).toHaveLength(3);
    runs[1]?.end.resolve(satisfied);
    await settled();
    expect(runs).toHaveLength(3);
  });

  it('count probes and fills apart', async () => {
    const jobs = queue({ runningMax: 1, waitingMax: 0 });
    await jobs.enqueue(job(1));
    await jobs.enqueue(job(1, { kind: 'probe' }));
    await settled();
    expect(runs.map((run) => run.job.kind)).toEqual(['fill', 'probe']);
  });
});

describe('closing', () => {
  it('lets running jobs end, and takes no more', async () => {
    const jobs = queue();
    await jobs.enqueue(job(1));
    const { context, end } = await runAt(0);
    const closing = jobs.close(new AbortController().signal);
    await expect(jobs.enqueue(job(2))).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    expect(context.signal.aborted).toBe(false);
    end.resolve(satisfied);
    await closing;
    expect(jobs.size).toBe(0);
  });

  it('stops them when patience ends', async () => {
    const jobs = queue();
    const { id } = await jobs.enqueue(job(1));
    const { context, end } = await runAt(0);
    context.signal.addEventListener('abort', () => end.resolve({ kind: 'interrupted' }));
    await jobs.close(AbortSignal.abort());
    expect(await jobs.status(id)).toEqual({ state: 'finished', outcome: { kind: 'cancelled' } });
  });
});

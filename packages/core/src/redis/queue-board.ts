/**
 * Queues as a dashboard shows them: how full each is, and its jobs by state, page by page. What a job asks is told without
 * the values it asks with: those of binds and arguments never leave this file, and no error's stack does.
 */
import type { Job as QueuedJob } from 'bullmq';
import { progressOf } from './job-queue.ts';
import type { JobQueues, JobsQueue, OwnQueue, QueueName } from './queues.ts';
import { progressAtEnd, type Job, type JobKind, type Outcome, type Progress } from '../model/job.ts';
import type { Question, SourceKind } from '../model/request.ts';
import type { Requirement } from '../model/freshness.ts';

export const BOARD_STATES = ['active', 'waiting', 'prioritized', 'completed', 'failed', 'delayed'] as const;
export type BoardState = (typeof BOARD_STATES)[number];

/** A question without its values; of a bind only its name and type. */
export type BoardQuestion =
  | { readonly kind: 'file'; readonly path: string; readonly format: string }
  | { readonly kind: 'sql'; readonly statement: string; readonly binds: Readonly<Record<string, string>> }
  | { readonly kind: 'wrapped'; readonly name: string };

export interface BoardJob {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: BoardState | 'unknown';
  readonly key: string;
  readonly source: string;
  /** In whose SQL the statement is. */
  readonly sourceKind: SourceKind | 'wrapped';
  readonly dataset: string | null;
  readonly question: BoardQuestion;
  readonly requirement: Requirement;
  readonly requestId: string | null;
  readonly priority: number;
  readonly attempts: number;
  readonly progress: Progress | null;
  readonly outcome: Outcome | null;
  /** Empty where it did not fail. */
  readonly failedReason: string;
  readonly enqueuedAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
}

/** A refresh that is due some time, or a chore. */
export interface OwnJob {
  readonly id: string;
  readonly name: string;
  readonly state: BoardJob['state'];
  /** Of a refresh. */
  readonly dataset: string | null;
  /** From when it was added until it may begin. */
  readonly delayMs: number;
  readonly attempts: number;
  readonly failedReason: string;
  readonly enqueuedAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
}

export interface BoardQueue {
  readonly counts: Readonly<Record<string, number>>;
  readonly isPaused: boolean;
  /** Jobs at one time in the whole cluster. */
  readonly concurrency: number | null;
  readonly schedulers: number;
}

export interface BoardWorker {
  readonly id: string;
  readonly name: string | null;
  readonly address: string;
  readonly connectedSeconds: number;
}

/** `to` is included. */
export interface BoardRange {
  readonly from: number;
  readonly to: number;
}

export interface QueueBoard {
  look(name: QueueName | OwnQueue): Promise<BoardQueue>;
  /** Newest first. */
  page(name: QueueName, states: readonly BoardState[], range: BoardRange): Promise<readonly BoardJob[]>;
  job(name: QueueName, id: string): Promise<BoardJob | null>;
  ownPage(name: OwnQueue, states: readonly BoardState[], range: BoardRange): Promise<readonly OwnJob[]>;
  ownJob(name: OwnQueue, id: string): Promise<OwnJob | null>;
  /** Null where Redis does not tell. */
  workers(name: QueueName | OwnQueue): Promise<readonly BoardWorker[] | null>;
}

export function redisQueueBoard(queues: JobQueues): QueueBoard {
  return {
    look: (name) => queues.with(name, lookAt),
    page: (name, states, range) =>
      queues.with(name, (queue) => pageOf(queue, states, range, (job, state) => boardJob(name, job, state))),
    job: (name, id) => queues.with(name, (queue) => oneOf(queue, id, (job, state) => boardJob(name, job, state))),
    ownPage: (name, states, range) => queues.with(name, (queue) => pageOf(queue, states, range, ownJob)),
    ownJob: (name, id) => queues.with(name, (queue) => oneOf(queue, id, ownJob)),
    workers: (name) => queues.with(name, workersOf),
  };
}

type Queued = QueuedJob<Job, Outcome, JobKind>;

async function pageOf<T>(
  queue: JobsQueue,
  states: readonly BoardState[],
  { from, to }: BoardRange,
  told: (job: Queued, state: BoardJob['state']) => T,
): Promise<readonly T[]> {
  const jobs = await queue.getJobs([...states], from, to);
  // A record may have expired between the list and the look; BullMQ leaves a hole then.
  const there = jobs.filter((job): job is Queued => (job as unknown) !== undefined);
  return await Promise.all(there.map(async (job) => told(job, await stateOf(job))));
}

async function oneOf<T>(
  queue: JobsQueue,
  id: string,
  told: (job: Queued, state: BoardJob['state']) => T,
): Promise<T | null> {
  const job = await queue.getJob(id);
  return job === undefined ? null : told(job, await stateOf(job));
}

async function stateOf(job: Queued): Promise<BoardJob['state']> {
  const state = await job.getState();
  return BOARD_STATES.find((known) => known === state) ?? 'unknown';
}

async function lookAt(queue: JobsQueue): Promise<BoardQueue> {
  const [counts, isPaused, concurrency, schedulers] = await Promise.all([
    queue.getJobCounts(...BOARD_STATES),
    queue.isPaused(),
    queue.getGlobalConcurrency(),
    queue.getJobSchedulersCount(),
  ]);
  return { counts, isPaused, concurrency, schedulers };
}

async function workersOf(queue: JobsQueue): Promise<readonly BoardWorker[] | null> {
  const clients = await queue.getWorkers();
  const connected = clients.filter(({ addr }) => addr !== undefined);
  // A Redis that forbids CLIENT LIST is answered for with one entry that is no connection.
  if (clients.length > 0 && connected.length === 0) return null;
  return connected.map(({ id = '', addr = '', age = '0', rawname = '' }) => ({
    id,
    name: /:w:(.+)$/.exec(rawname)?.[1] ?? null,
    address: addr,
    connectedSeconds: Number(age),
  }));
}

function boardJob(name: QueueName, job: Queued, state: BoardJob['state']): BoardJob {
  const { request, requirement, requestId } = job.data;
  const outcome = (job.returnvalue as Outcome | null | undefined) ?? null;
  return {
    id: job.id ?? '',
    kind: name.kind,
    state,
    key: request.key,
    source: request.source,
    dataset: request.dataset,
    sourceKind: request.canonical.sourceKind,
    question: withoutValues(request.canonical.question),
    requirement,
    requestId,
    priority: job.opts.priority ?? 0,
    attempts: job.attemptsMade,
    progress: progressAtEnd(outcome, progressOf(job)),
    outcome,
    failedReason: (job.failedReason as string | undefined) ?? '',
    ...timesOf(job),
  };
}

function ownJob(job: Queued, state: BoardJob['state']): OwnJob {
  // Their jobs carry a dataset's name or nothing, whatever the type of the others is.
  const data: unknown = job.data;
  const named = typeof data === 'object' && data !== null && 'dataset' in data ? data.dataset : null;
  return {
    id: job.id ?? '',
    name: job.name,
    state,
    dataset: typeof named === 'string' ? named : null,
    delayMs: job.delay,
    attempts: job.attemptsMade,
    failedReason: (job.failedReason as string | undefined) ?? '',
    ...timesOf(job),
  };
}

function timesOf(job: Queued): Pick<BoardJob, 'enqueuedAtMs' | 'startedAtMs' | 'finishedAtMs'> {
  return {
    enqueuedAtMs: job.timestamp,
    startedAtMs: job.processedOn ?? null,
    finishedAtMs: job.finishedOn ?? null,
  };
}

function withoutValues(question: Question): BoardQuestion {
  switch (question.kind) {
    case 'file':
      return { kind: 'file', path: question.path, format: question.format };
    case 'sql': {
      const binds = Object.entries(question.binds).map(([name, { type }]) => [name, type] as const);
      return { kind: 'sql', statement: question.statement, binds: Object.fromEntries(binds) };
    }
    case 'wrapped':
      return { kind: 'wrapped', name: question.name };
  }
}

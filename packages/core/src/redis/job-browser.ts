/** Jobs of all sources for people and metrics. What is shown of one holds neither its statement nor its binds. */
import type { Job as QueuedJob } from 'bullmq';
import { crashed, progressOf } from './job-queue.ts';
import type { OutcomeRecords } from './outcomes.ts';
import { queueName, queueOfJobId, type JobQueues, type QueueName } from './queues.ts';
import { progressAtEnd, type Job, type JobKind, type Outcome, type Progress } from '../model/job.ts';
import type { CanonicalRequest } from '../model/request.ts';

export const BROWSER_STATES = ['queued', 'running', 'finished'] as const;
export type BrowserState = (typeof BROWSER_STATES)[number];

export interface JobSummary {
  readonly id: string;
  readonly kind: JobKind;
  readonly source: string;
  readonly key: string;
  /** Of the ask that had it queued; others may have joined. */
  readonly dataset: string | null;
  /** With statement and values, to judge whose it is. A function: a summary that is shown or logged does not have it. */
  readonly canonical: () => CanonicalRequest;
  readonly state: BrowserState;
  readonly progress: Progress | null;
  /** Null while it is not finished, or when its record expired. */
  readonly outcome: Outcome | null;
  readonly enqueuedAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
}

export interface JobFilter {
  readonly states: readonly BrowserState[];
  readonly kinds: readonly JobKind[];
  readonly limit: number;
}

export interface QueueCounts {
  readonly queue: string;
  readonly kind: JobKind;
  readonly source: string;
  /** By BullMQ's state: waiting, prioritized, delayed, active, completed, failed, paused. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface JobBrowser {
  /** Newest first. */
  list(filter: JobFilter): Promise<readonly JobSummary[]>;
  /** One job, as long as BullMQ keeps its record; null otherwise. */
  get(id: string): Promise<JobSummary | null>;
  counts(): Promise<readonly QueueCounts[]>;
}

const TYPES = {
  queued: ['waiting', 'prioritized', 'delayed'],
  running: ['active'],
  finished: ['completed', 'failed'],
} as const;

export function redisJobBrowser(queues: JobQueues, outcomes: OutcomeRecords): JobBrowser {
  return {
    list: async ({ states, kinds, limit }) => {
      const found: JobSummary[] = [];
      for (const name of await queues.all()) {
        if (!kinds.includes(name.kind)) continue;
        for (const state of states) {
          const jobs = await queues.with(name, (queue) => queue.getJobs([...TYPES[state]], 0, limit - 1));
          for (const job of jobs) found.push(await summaryOf(name, state, job, outcomes));
        }
      }
      return found.toSorted((a, b) => b.enqueuedAtMs - a.enqueuedAtMs).slice(0, limit);
    },
    get: async (id) => {
      const name = queueOfJobId(id);
      if (name === null || !(await queues.holds(name, id))) return null;
      return await queues.with(name, async (queue) => {
        const job = await queue.getJob(id);
        if (job === undefined) return null;
        const state = await job.getState();
        return await summaryOf(name, stateOf(state), job, outcomes);
      });
    },
    counts: async () =>
      await Promise.all(
        (await queues.all()).map(async (name) => ({
          ...name,
          queue: queueName(name.kind, name.source),
          counts: await queues.with(name, (queue) =>
            queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed'),
          ),
        })),
      ),
  };
}

function stateOf(state: string): BrowserState {
  if (state === 'active') return 'running';
  return state === 'completed' || state === 'failed' ? 'finished' : 'queued';
}

async function summaryOf(
  { kind, source }: QueueName,
  state: BrowserState,
  job: QueuedJob<Job, Outcome, JobKind>,
  outcomes: OutcomeRecords,
): Promise<JobSummary> {
  const id = job.id ?? '';
  const outcome = state === 'finished' ? await outcomeOf(id, job, outcomes) : null;
  return {
    id,
    kind,
    source,
    state,
    key: job.data.request.key,
    dataset: job.data.request.dataset,
    canonical: () => job.data.request.canonical,
    progress: progressAtEnd(outcome, progressOf(job)),
    outcome,
    enqueuedAtMs: job.timestamp,
    startedAtMs: job.processedOn ?? null,
    finishedAtMs: job.finishedOn ?? null,
  };
}

async function outcomeOf(
  id: string,
  job: QueuedJob<Job, Outcome, JobKind>,
  outcomes: OutcomeRecords,
): Promise<Outcome | null> {
  const outcome = await outcomes.read(id);
  if (outcome !== null || !job.failedReason) return outcome;
  return { kind: 'failed', failure: crashed(job.failedReason) };
}

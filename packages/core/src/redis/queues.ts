/**
 * BullMQ queues as this system uses them: one per kind and source, so that each source has its own cluster-wide limit.
 * Producers only; workers build theirs from the same names.
 */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { within } from './bounded.ts';
import { connected, withoutCredentials, type RedisLog } from './connection.ts';
import { coordinationDown, coordinationFailure, isBrokenConnection } from './failures.ts';
import type { RedisGate } from './gate.ts';
import { KEYS, PREFIX } from './keys.ts';
import { OUTCOME_TTL_S } from './outcomes.ts';
import type { Job, JobKind, Outcome } from '../model/job.ts';
import type { Clock, RandomId } from '../ports/clock.ts';

export type JobsQueue = Queue<Job, Outcome, JobKind>;

export interface QueueName {
  readonly kind: JobKind;
  readonly source: string;
}

/** Of what workers do by themselves: refreshes, and chores of the store. */
export const OWN_QUEUES = ['refresh', 'maintenance'] as const;
export type OwnQueue = (typeof OWN_QUEUES)[number];

export function queueName(kind: JobKind, source: string): string {
  return `${kind}-${source}`;
}

/** Public id of a job; names its queue. BullMQ forbids ':' and whole numbers. */
export function newJobId({ kind, source }: QueueName, randomId: RandomId): string {
  return `${source}.${kind}.${randomId()}`;
}

/** @returns null for text that is no id of a job. */
export function queueOfJobId(id: string): QueueName | null {
  const match = /^([a-z][a-z0-9_]*)\.(probe|fill)\.[0-9a-f]{8,64}$/.exec(id);
  return match === null ? null : { source: match[1] as string, kind: match[2] as JobKind };
}

export interface QueuesOptions {
  readonly redis: Redis;
  readonly url: string;
  readonly gate: RedisGate;
  readonly clock: Clock;
  readonly reconnectMs: number;
  readonly log?: RedisLog;
}

/**
 * A Queue whose start was interrupted stays broken for good, so it is made anew: only queues that became ready are kept.
 */
export class JobQueues {
  readonly #options: QueuesOptions;
  readonly #redisName: string;
  readonly #queues = new Map<string, Promise<JobsQueue>>();
  /** Incarnation of the memory in which each was named. */
  readonly #named = new Map<string, string | null>();
  /** One listener for all who wait for the connection. */
  #connected: Promise<void> | null = null;

  constructor(options: QueuesOptions) {
    this.#options = options;
    this.#redisName = withoutCredentials(options.url);
  }

  /**
   * Runs BullMQ work within bounds, and once more when the connection broke under it: everything done here may be
   * repeated, an added job by its id.
   * @throws ParqueueError PQ_COORDINATION_DOWN
   */
  async with<T>(name: QueueName | OwnQueue, work: (queue: JobsQueue) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#queue(name));
    } catch (error) {
      if (!isBrokenConnection(error)) throw coordinationFailure(error, this.#redisName);
    }
    try {
      return await work(await this.#queue(name));
    } catch (error) {
      throw coordinationFailure(error, this.#redisName);
    }
  }

  /** Every queue that ever had a job, by any process. */
  async all(): Promise<readonly QueueName[]> {
    const names = await this.#options.gate.plain((redis) => redis.smembers(KEYS.queues));
    return names.toSorted().flatMap((name) => {
      const match = /^(probe|fill)-([a-z][a-z0-9_]*)$/.exec(name);
      return match === null ? [] : [{ kind: match[1] as JobKind, source: match[2] as string }];
    });
  }

  /** Whether a job's record is there; asked before a queue is made for a name that a stranger sent. */
  async holds(name: QueueName, id: string): Promise<boolean> {
    const { gate } = this.#options;
    return (await gate.plain((redis) => redis.exists(`${PREFIX}:${queueName(name.kind, name.source)}:${id}`))) === 1;
  }

  async close(): Promise<void> {
    const closing = [...this.#queues.values()].map(async (queue) => {
      await (await queue).close();
    });
    // The connection is shared, so BullMQ leaves it open; ending it also ends a queue that never became ready.
    this.#options.redis.disconnect();
    await Promise.allSettled(closing);
  }

  async #queue(name: QueueName | OwnQueue): Promise<JobsQueue> {
    const isOwn = typeof name === 'string';
    const text = isOwn ? name : queueName(name.kind, name.source);
    // BullMQ itself waits for a connection as long as it takes.
    this.#connected ??= connected(this.#options.redis).finally(() => {
      this.#connected = null;
    });
    await this.#bounded(this.#connected);
    const opening = this.#queues.get(text) ?? this.#open(text, isOwn);
    this.#queues.set(text, opening);
    try {
      const queue = await this.#bounded(opening);
      if (!isOwn) await this.#name(text);
      return queue;
    } catch (error) {
      if (this.#queues.get(text) === opening) this.#queues.delete(text);
      throw error;
    }
  }

  /** Once, and again in each memory of Redis: one that forgot would show nobody this queue. */
  async #name(text: string): Promise<void> {
    const { gate } = this.#options;
    const memory = gate.marker?.incarnation ?? null;
    if (this.#named.get(text) === memory) return;
    await gate.plain((commands) => commands.sadd(KEYS.queues, text));
    this.#named.set(text, memory);
  }

  #bounded<T>(work: Promise<T>): Promise<T> {
    const { clock, reconnectMs } = this.#options;
    return within(work, {
      clock,
      ms: reconnectMs,
      late: () => coordinationDown(this.#redisName, 'no connection for queues'),
    });
  }

  async #open(text: string, isOwn: boolean): Promise<JobsQueue> {
    const { redis, log } = this.#options;
    const queue: JobsQueue = new Queue(text, {
      connection: redis,
      prefix: PREFIX,
      // The workers' own are only looked at here.
      skipMetasUpdate: isOwn,
      streams: { events: { maxLen: 1000 } },
      defaultJobOptions: {
        attempts: 1,
        // No longer than outcomes: a record that outlives its outcome would tell less than none.
        removeOnComplete: { age: OUTCOME_TTL_S, count: 500 },
        removeOnFail: { age: OUTCOME_TTL_S, count: 500 },
      },
    });
    queue.on('error', (error) => log?.warn({ queue: text, error: error.message }, 'queue'));
    await queue.waitUntilReady();
    return queue;
  }
}

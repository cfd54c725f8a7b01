/** All of Redis that a process of this system uses, opened and closed together. */
import { redisActivity } from './activity.ts';
import { redisAskCounts } from './ask-counts.ts';
import { redisAsks } from './asks.ts';
import { connectRedis, withoutCredentials, type RedisLog } from './connection.ts';
import { redisEntries } from './entries.ts';
import { redisEviction } from './eviction.ts';
import { coordinationDown } from './failures.ts';
import { RedisGate } from './gate.ts';
import { redisHeads, redisPins } from './heads.ts';
import { redisJobBrowser, type JobBrowser } from './job-browser.ts';
import { RedisJobQueue } from './job-queue.ts';
import { redisCooling } from './cooling.ts';
import { redisLeases, redisTicks } from './leases.ts';
import { redisMemo } from './memo.ts';
import { redisCancellations, redisNotices, RedisSubscriber, type Cancellations } from './notices.ts';
import { redisNotedReads } from './noted-reads.ts';
import { redisOutcomes } from './outcomes.ts';
import { redisParts } from './parts.ts';
import { redisProcesses } from './processes.ts';
import { JobQueues } from './queues.ts';
import { redisPauseNotes, redisSourceHealth } from './source-health.ts';
import { writeRefusal } from './refusal.ts';
import { redisRefreshes, redisScheduleKeeper, type ScheduleKeeper } from './refreshes.ts';
import { redisQueueBoard, type QueueBoard } from './queue-board.ts';
import { redisRegister } from './register.ts';
import { redisReconciler, redisRetirement } from './retirement.ts';
import { redisUsage } from './usage.ts';
import type { Activity } from '../ports/activity.ts';
import type { AskCounts } from '../ports/ask-counts.ts';
import type { Asks } from '../ports/asks.ts';
import type { Clock, RandomId } from '../ports/clock.ts';
import type { Heads, Leases, Pins, Reconciler, Retirement, Ticks } from '../ports/coordination.ts';
import type { Cooling } from '../ports/cooling.ts';
import type { Entries } from '../ports/entries.ts';
import type { EpochRegister } from '../ports/epochs.ts';
import type { NotedReads } from '../ports/noted-reads.ts';
import type { Parts } from '../ports/parts.ts';
import type { SourceHealth } from '../ports/source-health.ts';
import type { Refreshes } from '../ports/refreshes.ts';
import type { Processes } from '../ports/processes.ts';
import type { Eviction, Usage } from '../ports/retention.ts';
import type { Memo } from '../ports/source.ts';
import type { Notices, Outcomes } from '../ports/work.ts';

export interface CoordinationOptions {
  /** redis:// or rediss://, with a database number where the Redis is shared. */
  readonly url: string;
  readonly storeId: string;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly log?: RedisLog;
  /** How long a command waits for Redis before PQ_COORDINATION_DOWN. */
  readonly reconnectMs?: number;
  /** Jobs of one kind that may wait for one source before PQ_QUEUE_FULL. */
  readonly queuePerSource?: number;
}

const RECONNECT_MS = 3000;
const QUEUE_PER_SOURCE = 1000;

export interface Coordination {
  readonly register: EpochRegister;
  readonly heads: Heads;
  readonly leases: Leases;
  readonly ticks: Ticks;
  readonly parts: Parts;
  readonly cooling: Cooling;
  readonly refreshes: Refreshes;
  readonly sourceHealth: SourceHealth;
  readonly scheduleKeeper: ScheduleKeeper;
  readonly pins: Pins;
  readonly retirement: Retirement;
  readonly eviction: Eviction;
  readonly usage: Usage;
  readonly reconciler: Reconciler;
  readonly notices: Notices;
  readonly cancellations: Cancellations;
  readonly outcomes: Outcomes;
  readonly entries: Entries;
  readonly jobs: RedisJobQueue;
  readonly jobBrowser: JobBrowser;
  readonly queueBoard: QueueBoard;
  readonly asks: Asks;
  readonly askCounts: AskCounts;
  readonly activity: Activity;
  readonly notedReads: NotedReads;
  readonly statMemo: Memo;
  readonly processes: Processes;
  /** @throws ParqueueError PQ_COORDINATION_DOWN when Redis does not answer, or one of the connections is not back yet. */
  ping(): Promise<void>;
  /** Why Redis refuses to write, in its own words; null where it does not. @throws ParqueueError PQ_COORDINATION_DOWN */
  writeRefusal(): Promise<string | null>;
  close(): Promise<void>;
}

/**
 * Connects. The epoch is still to be opened, by the register.
 * @throws ParqueueError PQ_COORDINATION_DOWN, PQ_CONFIG
 */
export async function openCoordination(options: CoordinationOptions): Promise<Coordination> {
  const { url, storeId, clock, randomId, reconnectMs = RECONNECT_MS, queuePerSource = QUEUE_PER_SOURCE } = options;
  const log = options.log === undefined ? {} : { log: options.log };
  const address = { url, ...log };
  const gate = new RedisGate({ redis: connectRedis(address, 'commands'), url, clock, reconnectMs });
  const others = { notices: connectRedis(address, 'notices'), queue: connectRedis(address, 'queue') };
  const subscriber = new RedisSubscriber({ redis: others.notices, url, clock, reconnectMs, ...log });
  const queues = new JobQueues({ redis: others.queue, url, gate, clock, reconnectMs, ...log });
  const outcomes = redisOutcomes(gate);
  const coordination: Coordination = {
    register: redisRegister(gate, storeId, randomId),
    heads: redisHeads(gate),
    leases: redisLeases(gate),
    ticks: redisTicks(gate),
    parts: redisParts(gate),
    cooling: redisCooling(gate),
    refreshes: redisRefreshes(gate),
    sourceHealth: redisSourceHealth(gate),
    scheduleKeeper: redisScheduleKeeper(gate),
    pins: redisPins(gate),
    retirement: redisRetirement(gate),
    eviction: redisEviction(gate),
    usage: redisUsage(gate),
    reconciler: redisReconciler(gate),
    notices: redisNotices(subscriber),
    cancellations: redisCancellations(subscriber),
    outcomes,
    entries: redisEntries(gate),
    jobs: new RedisJobQueue({
      queues,
      gate,
      outcomes,
      pauses: redisPauseNotes(gate),
      randomId,
      waitingMax: queuePerSource,
    }),
    jobBrowser: redisJobBrowser(queues, outcomes),
    queueBoard: redisQueueBoard(queues),
    asks: redisAsks(gate),
    askCounts: redisAskCounts(gate),
    activity: redisActivity(gate, queues),
    notedReads: redisNotedReads(gate),
    statMemo: redisMemo(gate, options.log),
    processes: redisProcesses(gate),
    ping: async () => {
      await gate.plain((redis) => redis.ping());
      // After a restart each connection comes back in its own time, and an ask needs all of them.
      for (const [role, { status }] of Object.entries(others)) {
        if (status !== 'ready')
          throw coordinationDown(withoutCredentials(url), `its connection for ${role} is ${status}`);
      }
    },
    writeRefusal: () => writeRefusal(gate),
    close: async () => {
      await queues.close();
      subscriber.close();
      await gate.close();
    },
  };
  try {
    await gate.plain((redis) => redis.ping());
  } catch (error) {
    await coordination.close();
    throw error;
  }
  return coordination;
}

/** Coordination on Redis: the ports' adapters, and what workers need to build their BullMQ side. */
export { openCoordination, type Coordination, type CoordinationOptions } from './coordination.ts';
export { connectRedis, withoutCredentials, type RedisAddress, type RedisLog, type RedisRole } from './connection.ts';
export { readDurability, type RedisDurability } from './durability.ts';
export { inspectRedis, type RedisInspection } from './inspection.ts';
export {
  BROWSER_STATES,
  type BrowserState,
  type JobBrowser,
  type JobFilter,
  type JobSummary,
  type QueueCounts,
} from './job-browser.ts';
export { PREFIX } from './keys.ts';
export type { Cancellations } from './notices.ts';
export {
  BOARD_STATES,
  type BoardJob,
  type BoardQuestion,
  type BoardState,
  type OwnJob,
  type QueueBoard,
} from './queue-board.ts';
export { OWN_QUEUES, queueName, type OwnQueue, type QueueName } from './queues.ts';
export type { Pause } from './source-health.ts';
export type { ScheduleKeeper } from './refreshes.ts';

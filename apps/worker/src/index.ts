/** The worker: probes and fills, for the CLI and for those who embed it. */
export { startWorker, type RunningWorker, type WorkerOptions } from './worker.ts';
export { checkSource, type SourceAnswer, type SourceCheckOptions } from './source-check.ts';
export { QUEUE_TIMING, type QueueTiming } from './queue-worker.ts';

/**
 * What test, worker process and its threads say to each other. The test orders a worker process, by IPC; that one
 * passes on to its threads what is meant for them, over a channel of the process.
 */
import type { FillStep, StepName } from '@parqueue/core';
import type { Config } from '@parqueue/core/config';
import type { QueueTiming } from '@parqueue/worker';
import type { FsOrder } from './faulty-fs.ts';

/** What threads do from now on, until they are told otherwise; also what threads that start later begin with. */
export interface ThreadOrders {
  readonly fs: FsOrder | null;
  /** `fills`: only threads that have loaded something; for faults that shall strike once, in the middle of a load. */
  readonly fsIn: 'fills' | 'all';
  /** The step fails in the thread, as often as it comes by. */
  readonly throwAt: FillStep | null;
  /** The next Parquet writer traps, in WebAssembly, in the middle of its work. */
  readonly spoilWriter: boolean;
}

export const NO_ORDERS: ThreadOrders = { fs: null, fsIn: 'all', throwAt: null, spoilWriter: false };

export interface Orders {
  readonly threads: ThreadOrders;
  /** Whether threads that start later obey as well: a fault that lasts, or one that strikes once. */
  readonly laterThreads: boolean;
  /** Below the main thread's own use of the store. */
  readonly fs: FsOrder | null;
  /** The step waits until it is released. */
  readonly holdAt: FillStep | null;
  /** The step fails in the main thread, as often as it comes by. */
  readonly throwAt: FillStep | null;
}

export const AT_PEACE: Orders = { threads: NO_ORDERS, laterThreads: false, fs: null, holdAt: null, throwAt: null };

/** What happens to threads at once: real ends, not simulated ones. */
export type ThreadDeath = 'out of memory' | 'wasm trap';

export type ToWorker =
  | {
      readonly kind: 'start';
      readonly config: Config;
      readonly queueTiming: QueueTiming;
      readonly logFile: string;
    }
  | { readonly kind: 'obey'; readonly id: number; readonly orders: Orders }
  | { readonly kind: 'let-die'; readonly id: number; readonly of: ThreadDeath }
  | { readonly kind: 'release' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'step'; readonly name: StepName; readonly details: Readonly<Record<string, unknown>> }
  /** The step is held, or has failed as ordered. */
  | { readonly kind: 'struck'; readonly step: FillStep }
  | { readonly kind: 'refused'; readonly operation: string }
  | { readonly kind: 'thread-ended'; readonly why: string }
  /** The process did not run for so long, and nobody had ordered that unless it was stopped. */
  | { readonly kind: 'stalled'; readonly ms: number }
  /** The order holds, in every thread as well. */
  | { readonly kind: 'done'; readonly id: number };

export type ToThreads =
  | { readonly kind: 'obey'; readonly id: number; readonly orders: ThreadOrders }
  | { readonly kind: 'die'; readonly of: ThreadDeath; readonly threads: readonly number[] };

export type FromThread =
  | { readonly kind: 'fills'; readonly threadId: number }
  | { readonly kind: 'struck'; readonly step: FillStep }
  | { readonly kind: 'refused'; readonly operation: string }
  | { readonly kind: 'obeys'; readonly threadId: number; readonly id: number };

/** Both are heard in one process only. */
export const TO_THREADS = 'crash-to-threads';
export const FROM_THREADS = 'crash-from-threads';

/** Where a thread finds what it begins with. */
export const THREAD_SETUP = 'PARQUEUE_CRASH_THREAD';

export interface ThreadSetup {
  readonly root: string;
  readonly orders: ThreadOrders;
}

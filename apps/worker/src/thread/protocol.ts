/**
 * What the main thread and a worker thread say to each other: one MessagePort per task, discriminated unions both ways.
 * Only data that survives structured cloning crosses; errors cross as Failures, since class and code would be lost.
 *
 *   main   ── task (with the port) ──▶ thread
 *   thread ── started, then any number of progress, statement, memo-put, step, memo-get ──▶ main ── answer to the last two ──▶ thread
 *   main   ── stop ──▶ thread            at most once, at any time: finish soon with a report
 *   thread ── report ──▶ main            exactly once, its last message
 *   main   ── dismiss ──▶ thread         the thread may take another task
 *
 * The thread stays with its task until it is dismissed, so a thread that must be recycled is never given another one.
 * A thread has no authority (I10): nothing in these messages names a lease or commits anything.
 */
import type { MessagePort } from 'node:worker_threads';
import type {
  Failure,
  FillReport,
  FillStep,
  FillTask,
  ProbeContext,
  ProbeReport,
  Progress,
  ResolvedRequest,
  SourceConnections,
  SourceStatement,
} from '@parqueue/core';

/** `traced`: the main thread wants to hear of each statement. */
export type ThreadWork =
  | { readonly kind: 'fill'; readonly task: FillTask; readonly traced: boolean }
  | {
      readonly kind: 'probe';
      readonly request: ResolvedRequest;
      readonly known: ProbeContext['known'];
      readonly traced: boolean;
    }
  /** Load the drivers now, so that the first real task need not. */
  | { readonly kind: 'prepare' }
  /** Close every source: the pool ends, and a database shall see a logoff rather than a connection that breaks. */
  | { readonly kind: 'close' };

export type ThreadTask = ThreadWork & { readonly port: MessagePort };

export type ThreadReport = FillReport | ProbeReport | { readonly kind: 'prepared' } | { readonly kind: 'closed' };

export type FromThread =
  | { readonly kind: 'started'; readonly threadId: number }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'statement'; readonly statement: SourceStatement }
  /** Answered when the main thread's observers are done: a gate there holds the thread here. */
  | { readonly kind: 'step'; readonly id: number; readonly step: FillStep }
  | { readonly kind: 'memo-get'; readonly id: number; readonly name: string }
  /** Leaves for Redis before anything that the report leads to, on the same connection; nobody waits for it. */
  | { readonly kind: 'memo-put'; readonly name: string; readonly value: string }
  /** `recycle`: the thread's memory cannot be trusted or shrunk any more. */
  | { readonly kind: 'report'; readonly report: ThreadReport; readonly recycle: boolean };

export type ToThread =
  | { readonly kind: 'answer'; readonly id: number; readonly value: string | null }
  | { readonly kind: 'stop'; readonly failure: Failure }
  | { readonly kind: 'dismiss' };

/** Besides the tasks' ports, on the thread's own: the connections that its sources hold, told when that changed. */
export interface ConnectionsNews {
  readonly kind: 'connections';
  readonly threadId: number;
  readonly bySource: Readonly<Record<string, SourceConnections>>;
}

/** A source sets this member of a failure's details after a trap or a fatal error of a native library. */
export const RECYCLE_DETAIL = 'recycleThread';

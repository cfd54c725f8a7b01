/**
 * SourceWork over worker threads. Owns the threads' limits (I9), the stop protocol and what becomes of a task whose
 * thread dies: never a rejection, always a report.
 *
 * A task is asked to stop over its port first, so that a source can break a database call and close its files; only a
 * thread that does not report within the grace is terminated. A report of a task whose thread was terminated or died
 * is given after the thread has ended: from then on nothing writes into that fill's staging directory.
 * One that cannot be ended (stuck-threads.ts) keeps its place, and neither a source nor all sources of one server get more
 * places than they may have: others go on beside a mount that hangs.
 */
import { MessageChannel, type Worker } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  ParqueueError,
  toFailure,
  type FillReport,
  type FillTask,
  type Memo,
  type ProbeContext,
  type ProbeReport,
  type ResolvedRequest,
  type SourceWork,
  type WorkContext,
} from '@parqueue/core';
import { Piscina } from 'piscina';
import { Conversation, type Delivered } from './conversation.ts';
import { crashFailure, failed, misplaced, stopFailure, stuckFailure } from './failures.ts';
import type { ConnectionsNews, ThreadReport, ThreadWork } from './protocol.ts';
import { Slots, type SlotsUse } from './slots.ts';
import { StuckThreads } from './stuck-threads.ts';

export interface PoolOptions {
  readonly threads: number;
  /** Stuck threads after which a source is not asked any more. */
  readonly perSource: number;
  /** Threads that tasks of one group of sources may have, stuck ones included. */
  readonly perGroup: number;
  /** Sources that may hang together. */
  readonly groupOf: (source: string) => string;
  /** Tasks that may wait for a thread; more are refused with PQ_QUEUE_FULL. */
  readonly waitingMax: number;
  /** Limit of each thread's JavaScript heap. Buffers and wasm are outside of it. */
  readonly threadMemoryBytes: number;
  readonly stopGraceMs: number;
  /** How long the end of a thread that was terminated is waited for. */
  readonly exitLimitMs: number;
  /** Built JavaScript: Node 20 starts no thread from TypeScript. */
  readonly entry: URL;
  /** Its sources keep connections: threads stay when idle, and close their sources before they end. */
  readonly keepsConnections: boolean;
  /** Structured-cloneable; the entry reads it as its workerData. */
  readonly setup: unknown;
  readonly memo: Memo;
  readonly onTrouble: (error: unknown) => void;
  /** How many connections the sources of a thread hold; none once it ended. */
  readonly onConnections?: (threadId: number, bySource: ConnectionsNews['bySource']) => void;
}

const MIB = 1024 * 1024;
/**
 * Node ends a thread that is over its limit by raising the limit once, by 16 MB, until it can be stopped. What survives of
 * a young generation of twice this size may not fit into that: V8 then ends the whole process, with every other load in
 * it. Measured with pieces of 1,000 rows, a larger one makes no load cheaper.
 */
const YOUNG_HEAP_MB = 32;
/** Starting a thread takes 0.4 s with its libraries; one that needs a minute has failed. */
const START_LIMIT_MS = 60_000;
/** Native code that does not end with its thread is waited for this long; a call that hangs is not. */
export const EXIT_LIMIT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;
/** What sources get to log off in when the pool ends. */
const CLOSE_LIMIT_MS = 4000;

const QUIET: WorkContext = {
  signal: new AbortController().signal,
  onProgress: () => undefined,
  onStep: () => undefined,
};

/** Of a task, what is not awaited before its report is given. */
class TaskEnd {
  /** When its thread is over, where that was not awaited to the end. */
  exit: Promise<void> | null = null;
  /** When its thread has parted from it and may take another. */
  parted: Promise<unknown> = Promise.resolve();
}

interface Task {
  readonly context: WorkContext;
  readonly end: TaskEnd;
  /** Holds the thread after its report, and keeps it from other tasks. */
  readonly beforeParting?: () => Promise<void>;
}

function isTraced({ onStatement }: WorkContext): boolean {
  return onStatement !== undefined;
}

/** What an entry exports: one function of a ThreadTask. */
const TASK_EXPORT = 'runTask';

/** Relative to src/thread and to dist/thread alike, this is the built entry. */
export const FILL_THREAD_ENTRY = new URL('../../dist/thread/fill.thread.js', import.meta.url);

export class ThreadPool implements SourceWork, AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #threads: Piscina<unknown, void>;
  readonly #slots: Slots;
  readonly #exits = new WeakMap<Worker, Promise<void>>();
  readonly #stuck = new StuckThreads();

  constructor(options: PoolOptions) {
    this.#options = options;
    const { threads: slots, perGroup, waitingMax } = options;
    this.#slots = new Slots({ slots, perGroup, waitingMax });
    this.#threads = new Piscina<unknown, void>({
      // No file name here but one per task: an entry that can not be loaded then fails its task. Named here, it would
      // end the thread before it is ready and leave the task waiting for ever.
      filename: null,
      name: TASK_EXPORT,
      minThreads: 1,
      maxThreads: options.threads,
      idleTimeout: options.keepsConnections ? Infinity : IDLE_TIMEOUT_MS,
      // Tasks wait in #slots; here they only wait for their thread to start.
      maxQueue: options.threads,
      concurrentTasksPerWorker: 1,
      // 'sync' would freeze the event loop of an idle thread, and the connections it keeps.
      atomics: 'async',
      resourceLimits: {
        maxOldGenerationSizeMb: Math.max(64, Math.floor(options.threadMemoryBytes / MIB)),
        maxYoungGenerationSizeMb: YOUNG_HEAP_MB,
        stackSizeMb: 4,
      },
      argv: [],
      execArgv: [],
      env: {},
      workerData: options.setup,
      niceIncrement: 0,
      trackUnmanagedFds: true,
      closeTimeout: options.exitLimitMs,
      recordTiming: false,
      workerHistogram: false,
    });
    this.#threads.on('error', options.onTrouble);
    this.#threads.on('message', ({ kind, threadId, bySource }: ConnectionsNews) => {
      if (kind === 'connections') options.onConnections?.(threadId, bySource);
    });
  }

  async probe(request: ResolvedRequest, context: ProbeContext): Promise<ProbeReport> {
    const report = await this.#run(
      { kind: 'probe', request, known: context.known, traced: isTraced(context) },
      context,
      request,
    );
    return report.kind === 'version' || report.kind === 'failed' ? report : misplaced(report);
  }

  async fill(task: FillTask, context: WorkContext): Promise<FillReport> {
    const report = await this.#run({ kind: 'fill', task, traced: isTraced(context) }, context, task.request);
    return report.kind === 'published' || report.kind === 'unchanged' || report.kind === 'failed'
      ? report
      : misplaced(report);
  }

  /** Starts one thread and has it load its drivers, so that the first task does not pay for it. Trouble is only told. */
  async prepare(signal: AbortSignal): Promise<void> {
    const report = await this.#run({ kind: 'prepare' }, { ...QUIET, signal });
    if (report.kind === 'failed') this.#options.onTrouble(ParqueueError.from(report.failure));
  }

  /** Of the threads there may be, whether or not they were started. */
  get use(): SlotsUse & { readonly stuck: number } {
    const { busy, ...others } = this.#slots.use;
    const { total: stuck } = this.#stuck;
    return { ...others, busy: busy - stuck, stuck };
  }

  get threadCount(): number {
    return this.#threads.threads.length;
  }

  /** Ends all threads. Tasks still running are reported as crashed: stop them before. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#options.keepsConnections) await this.#closeSources();
    await this.#threads.destroy();
  }

  /** One task for each thread: none is dismissed before all have closed, so no thread is given two of them. */
  async #closeSources(): Promise<void> {
    const limit = new AbortController();
    const late = sleep(CLOSE_LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined);
    let open = this.threadCount;
    let release = (): void => undefined;
    const closed = new Promise<void>((resolve) => {
      release = resolve;
    });
    const hold = async (): Promise<void> => {
      open -= 1;
      if (open === 0) release();
      await Promise.race([closed, late]);
    };
    const closing = Array.from({ length: open }, () =>
      this.#converse({ kind: 'close' }, { context: QUIET, end: new TaskEnd(), beforeParting: hold }),
    );
    await Promise.race([Promise.allSettled(closing), late]);
    limit.abort();
  }

  async #run(work: ThreadWork, context: WorkContext, request: ResolvedRequest | null = null): Promise<ThreadReport> {
    const source = request?.source ?? '';
    if (request !== null && this.#stuck.countOf(source) >= this.#options.perSource)
      return failed(stuckFailure(request));
    const wish = await this.#slots.take(context.signal, this.#options.groupOf(source));
    if (wish.kind === 'aborted') return failed(stopFailure(context.signal));
    if (wish.kind === 'hung' && request !== null) return failed(stuckFailure(request));
    if (wish.kind !== 'taken') {
      return failed({
        code: 'PQ_QUEUE_FULL',
        message: 'all threads of this worker are busy; ask again later',
        retryable: true,
      });
    }
    const end = new TaskEnd();
    try {
      return await this.#converse(work, { context, end });
    } catch (error) {
      // A task that cannot be cloned, a thread that cannot be created: the caller still gets a report.
      return failed(toFailure(error));
    } finally {
      if (end.exit === null) void end.parted.then(() => wish.slot.release());
      else this.#stuck.keep(source, { exit: end.exit, slot: wish.slot });
    }
  }

  async #converse(
    work: ThreadWork,
    { context, end, beforeParting = async () => undefined }: Task,
  ): Promise<ThreadReport> {
    const { port1, port2 } = new MessageChannel();
    const kill = new AbortController();
    const settled = new AbortController();
    const host: { thread: Worker | null } = { thread: null };
    const startLimit = setTimeout(() => kill.abort(new Error('no thread started in time')), START_LIMIT_MS);
    const conversation = new Conversation({
      port: port1,
      context,
      memo: this.#options.memo,
      onTrouble: this.#options.onTrouble,
      onStarted: (threadId) => {
        clearTimeout(startLimit);
        host.thread = this.#threads.threads.find((candidate) => candidate.threadId === threadId) ?? null;
        if (host.thread !== null) this.#watchExit(host.thread);
      },
    });
    const onStop = (): void => {
      conversation.stop(stopFailure(context.signal));
      void this.#killAfterGrace(kill, settled.signal);
    };
    try {
      const ended = this.#threads.run(
        { ...work, port: port2 },
        {
          transferList: [port2],
          signal: kill.signal,
          filename: fileURLToPath(this.#options.entry),
          name: TASK_EXPORT,
        },
      );
      const died = ended.then(
        () => new Error('the thread left its task without a report'),
        (error: unknown) => error,
      );
      if (context.signal.aborted) onStop();
      else context.signal.addEventListener('abort', onStop, { once: true });
      const first = await Promise.race([conversation.delivered, died.then((error) => ({ error }))]);
      if ('error' in first) {
        await this.#threadEnd(host.thread, end);
        if (context.signal.aborted) return failed(stopFailure(context.signal));
        return failed(crashFailure(kill.signal.aborted ? kill.signal.reason : first.error));
      }
      await beforeParting();
      return await this.#partFrom(first, { conversation, kill, died, end, thread: host.thread });
    } finally {
      settled.abort();
      clearTimeout(startLimit);
      context.signal.removeEventListener('abort', onStop);
      void end.parted.then(() => conversation.close());
    }
  }

  async #partFrom(
    delivered: Delivered,
    run: {
      readonly conversation: Conversation;
      readonly kill: AbortController;
      readonly died: Promise<unknown>;
      readonly end: TaskEnd;
      readonly thread: Worker | null;
    },
  ): Promise<ThreadReport> {
    if (delivered.recycle) {
      run.kill.abort(new Error('the thread is recycled'));
      await this.#threadEnd(run.thread, run.end);
    } else {
      // The report was its last word; whoever waits for it need not wait for the goodbye. The slot does.
      run.conversation.dismiss();
      run.end.parted = run.died;
    }
    return delivered.report;
  }

  async #killAfterGrace(kill: AbortController, settled: AbortSignal): Promise<void> {
    try {
      await sleep(this.#options.stopGraceMs, undefined, { signal: settled });
    } catch {
      return; // It reported, or died, within the grace.
    }
    kill.abort(new Error('the thread did not stop within its grace'));
  }

  #watchExit(thread: Worker): void {
    if (this.#exits.has(thread)) return;
    this.#exits.set(
      thread,
      new Promise((resolve) => {
        const { threadId } = thread;
        thread.once('exit', () => {
          this.#options.onConnections?.(threadId, {});
          resolve();
        });
      }),
    );
  }

  async #threadEnd(thread: Worker | null, end: TaskEnd): Promise<void> {
    const exit = thread === null ? undefined : this.#exits.get(thread);
    if (exit === undefined) return;
    const { exitLimitMs, onTrouble } = this.#options;
    const limit = new AbortController();
    const late = sleep(exitLimitMs, 'late' as const, { signal: limit.signal }).catch(() => 'in time' as const);
    if ((await Promise.race([exit, late])) === 'late') {
      end.exit = exit;
      onTrouble(new Error(`a terminated thread still runs native code after ${exitLimitMs} ms`));
    }
    limit.abort();
  }
}

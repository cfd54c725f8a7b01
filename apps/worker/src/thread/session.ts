/**
 * The thread's end of one task: turns messages into the context that source work expects, and makes sure that exactly
 * one report is sent whatever the work does, short of the thread's death.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId, type MessagePort } from 'node:worker_threads';
import {
  ParqueueError,
  toFailure,
  type Failure,
  type FillReport,
  type FillTask,
  type Memo,
  type ProbeContext,
  type ProbeReport,
  type Progress,
  type ResolvedRequest,
  type WorkContext,
} from '@parqueue/core';
import { RECYCLE_DETAIL, type FromThread, type ThreadReport, type ThreadTask, type ToThread } from './protocol.ts';

export interface ThreadContext extends WorkContext {
  readonly memo: Memo;
}

/** What a thread can do. May throw: what it throws becomes the report. */
export interface ThreadAbilities {
  probe(request: ResolvedRequest, context: ThreadContext & Pick<ProbeContext, 'known'>): Promise<ProbeReport>;
  fill(task: FillTask, context: ThreadContext): Promise<FillReport>;
  prepare(): Promise<void>;
  /** Lets go of every source. What it cannot close it leaves; the thread ends anyway. */
  close(): Promise<void>;
}

/** Sources report progress as often as they like; a few times a second is all that anybody looks at. */
const PROGRESS_INTERVAL_MS = 250;

const CLOSE_LIMIT_MS = 3000;

/** Runs one task and resolves when the main thread dismissed it. */
export async function serve(task: ThreadTask, abilities: ThreadAbilities): Promise<void> {
  const line = new Line(task.port);
  line.send({ kind: 'started', threadId });
  const report = await attempt(task, abilities, line.context('traced' in task && task.traced));
  const recycle = mustRecycle(report);
  if (recycle) await closeInTime(abilities);
  line.send({ kind: 'report', report, recycle });
  await line.dismissed;
  task.port.close();
}

async function attempt(task: ThreadTask, abilities: ThreadAbilities, context: ThreadContext): Promise<ThreadReport> {
  try {
    switch (task.kind) {
      case 'fill':
        return await abilities.fill(task.task, context);
      case 'probe':
        return await abilities.probe(task.request, { ...context, known: task.known });
      case 'prepare':
        await abilities.prepare();
        return { kind: 'prepared' };
      case 'close':
        await abilities.close();
        return { kind: 'closed' };
      default:
        return task satisfies never;
    }
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error, context.signal) };
  }
}

/** A library that was interrupted throws its own words; the reason of the stop is the truth. */
function failureOf(error: unknown, signal: AbortSignal): Failure {
  const failure = trapOf(error) ?? toFailure(error);
  return signal.aborted && failure.code === 'PQ_INTERNAL' ? toFailure(signal.reason) : failure;
}

/** A wasm trap (`unreachable`, out of bounds) leaves the module's memory in an unknown state. */
function trapOf(error: unknown): Failure | null {
  if (!(error instanceof Error) || error.name !== 'RuntimeError') return null;
  return {
    code: 'PQ_WORKER_CRASHED',
    message: `a WebAssembly library trapped: ${error.message}`,
    retryable: true,
    details: { [RECYCLE_DETAIL]: true },
  };
}

/** Before the thread is ended from outside; its connections may be as unwell as the library that trapped. */
async function closeInTime(abilities: ThreadAbilities): Promise<void> {
  const limit = new AbortController();
  const late = sleep(CLOSE_LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined);
  await Promise.race([abilities.close().catch(() => undefined), late]);
  limit.abort();
}

function mustRecycle(report: ThreadReport): boolean {
  return report.kind === 'failed' && report.failure.details?.[RECYCLE_DETAIL] === true;
}

class Line {
  readonly dismissed: Promise<void>;
  readonly #port: MessagePort;
  readonly #stop = new AbortController();
  readonly #asked = new Map<number, (value: string | null) => void>();
  #lastId = 0;
  #lastProgress: { readonly phase: Progress['phase']; readonly atMs: number } | null = null;

  constructor(port: MessagePort) {
    this.#port = port;
    this.dismissed = new Promise((resolve) => {
      port.on('message', (message: ToThread) => this.#hear(message, resolve));
    });
  }

  send(message: FromThread): void {
    this.#port.postMessage(message);
  }

  context(traced: boolean): ThreadContext {
    return {
      ...(traced ? { onStatement: (statement) => this.send({ kind: 'statement', statement }) } : {}),
      signal: this.#stop.signal,
      onProgress: (progress) => this.#progress(progress),
      onStep: async (step) => {
        await this.#ask((id) => ({ kind: 'step', id, step }));
      },
      memo: {
        get: (name) => this.#ask((id) => ({ kind: 'memo-get', id, name })),
        put: async (name, value) => {
          this.send({ kind: 'memo-put', name, value });
        },
      },
    };
  }

  #hear(message: ToThread, dismiss: () => void): void {
    switch (message.kind) {
      case 'answer':
        this.#asked.get(message.id)?.(message.value);
        this.#asked.delete(message.id);
        return;
      case 'stop':
        return this.#stop.abort(ParqueueError.from(message.failure));
      case 'dismiss':
        return dismiss();
      default:
        message satisfies never;
    }
  }

  #ask(question: (id: number) => FromThread): Promise<string | null> {
    const id = (this.#lastId += 1);
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.send(question(id));
    });
  }

  #progress(progress: Progress): void {
    const atMs = performance.now();
    const last = this.#lastProgress;
    if (last !== null && last.phase === progress.phase && atMs - last.atMs < PROGRESS_INTERVAL_MS) return;
    this.#lastProgress = { phase: progress.phase, atMs };
    this.send({ kind: 'progress', progress });
  }
}

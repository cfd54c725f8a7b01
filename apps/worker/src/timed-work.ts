/**
 * Every piece of source work ends (I9): after its limit the thread is asked to stop like for any other reason, and the
 * failure says which limit it was. The limit covers the work and a wait for a free thread, not the
 * time a job waits in its queue.
 */
import {
  ParqueueError,
  type FillReport,
  type ProbeReport,
  type ResolvedRequest,
  type SourceWork,
  type WorkContext,
} from '@parqueue/core';

export function timedWork(work: SourceWork): SourceWork {
  return {
    async probe(request, context): Promise<ProbeReport> {
      using limit = timeLimit(request, context);
      return await work.probe(request, { ...context, signal: limit.signal });
    },
    async fill(task, context): Promise<FillReport> {
      using limit = timeLimit(task.request, context);
      return await work.fill(task, { ...context, signal: limit.signal });
    },
  };
}

function timeLimit(
  { limits: { timeoutMs } }: ResolvedRequest,
  { signal }: WorkContext,
): Disposable & { readonly signal: AbortSignal } {
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(
      new ParqueueError('PQ_FILL_TIMEOUT', `the source took longer than limits.fillTimeout (${timeoutMs} ms)`),
    );
  }, timeoutMs);
  return {
    signal: AbortSignal.any([signal, late.signal]),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

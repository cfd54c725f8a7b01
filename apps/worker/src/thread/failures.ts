/** The failures a pool itself reports, in place of a thread that could not. */
import { isParqueueError, toFailure, type Failure, type ResolvedRequest } from '@parqueue/core';
import type { ThreadReport } from './protocol.ts';

export function failed(failure: Failure): { readonly kind: 'failed'; readonly failure: Failure } {
  return { kind: 'failed', failure };
}

/** Whoever aborts says why with a ParqueueError; anything else is a plain cancellation. */
export function stopFailure(signal: AbortSignal): Failure {
  if (isParqueueError(signal.reason)) return toFailure(signal.reason);
  return { code: 'PQ_CANCELLED', message: 'the work was cancelled', retryable: true };
}

export function crashFailure(error: unknown): Failure {
  const what = error instanceof Error ? error.message : String(error);
  return {
    code: 'PQ_WORKER_CRASHED',
    message: `the worker thread ended before its work was done: ${what}; if it ran out of memory, raise worker.threadMemory`,
    retryable: true,
  };
}

/** Only calls to files can get stuck: those of the source itself, or what a load of it writes to the store. */
export function stuckFailure({ source, canonical }: Pick<ResolvedRequest, 'source' | 'canonical'>): Failure {
  const ofFiles = canonical.sourceKind === 'file';
  return {
    code: ofFiles ? 'PQ_SOURCE_UNAVAILABLE' : 'PQ_STORE_IO',
    message:
      `all threads that this worker has for ${source} hang in calls to a filesystem (${ofFiles ? 'its own, or the store' : 'the store'}): `
      + 'look at the mount and its server; it is asked again as soon as one of them comes back',
    retryable: true,
  };
}

export function misplaced(report: ThreadReport): { readonly kind: 'failed'; readonly failure: Failure } {
  return failed({
    code: 'PQ_INTERNAL',
    message: `a thread answered with '${report.kind}', which is no answer to its task`,
    retryable: false,
  });
}

/**
 * Source work in the application's own process. A worker does it in threads; a closure cannot go there, so only the
 * Parquet file is made in one. Every piece of work ends (I9): after its limit, or when the lease is lost, it is let go of
 * although the function may run on, and what that brings later is dropped.
 */
import { materialize, type MaterializeDeps } from '../materialize.ts';
import { ParqueueError, toFailure } from '../model/errors.ts';
import type { ResolvedRequest } from '../model/request.ts';
import type { FillReport, FillTask, ProbeContext, ProbeReport, SourceWork, WorkContext } from '../ports/work.ts';

export type LocalWorkDeps = Omit<MaterializeDeps, 'context'>;

export class LocalWork implements SourceWork {
  readonly #deps: LocalWorkDeps;

  constructor(deps: LocalWorkDeps) {
    this.#deps = deps;
  }

  async probe(request: ResolvedRequest, context: ProbeContext): Promise<ProbeReport> {
    const { source, memo } = this.#deps;
    using limit = timeLimit(request, context.signal);
    const { signal } = limit;
    const { known, onProgress } = context;
    try {
      const { limits, canonical } = request;
      const probed = await source.probe(canonical, {
        signal,
        memo,
        limits,
        known,
        onProgress,
        onFirstBatch: () => undefined,
      });
      return { kind: 'version', ...probed };
    } catch (error) {
      return { kind: 'failed', failure: toFailure(error) };
    }
  }

  async fill(task: FillTask, context: WorkContext): Promise<FillReport> {
    using limit = timeLimit(task.request, context.signal);
    return await materialize(task, { ...this.#deps, context: { ...context, signal: limit.signal } });
  }
}

function timeLimit(
  { limits: { timeoutMs }, source }: ResolvedRequest,
  signal: AbortSignal,
): Disposable & { readonly signal: AbortSignal } {
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new ParqueueError('PQ_FILL_TIMEOUT', `${source} took longer than its time limit (${timeoutMs} ms)`));
  }, timeoutMs);
  return { signal: AbortSignal.any([signal, late.signal]), [Symbol.dispose]: () => clearTimeout(timer) };
}

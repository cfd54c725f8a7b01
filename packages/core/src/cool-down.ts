/**
 * Source work that leaves a failing source alone (ports/cooling.ts). Runs in the main thread, around the threads: work for
 * a source that cools down ends at once with PQ_SOURCE_UNAVAILABLE, and the source is not touched.
 *
 * File sources never cool down: asking a mount that is gone costs a system call, one that is back is served at once, and
 * one file that cannot be read must not refuse all others.
 */
import type { ErrorCode, Failure } from './model/errors.ts';
import { isParqueueError, toFailure } from './model/errors.ts';
import type { ResolvedRequest } from './model/request.ts';
import { isEpochLost } from './ports/coordination.ts';
import type { Admission, Cooling, CoolingState, Verdict } from './ports/cooling.ts';
import type { FillReport, ProbeReport, SourceWork } from './ports/work.ts';

export interface CoolDownDeps {
  readonly cooling: Cooling;
  /** Told after each contact with a source, and each refusal; `untilMs` by Redis's clock. */
  readonly onCooling: (source: string, state: { readonly untilMs: number | null; readonly nowMs: number }) => void;
}

/** Failures of our own side, or of nobody in particular. Anything else that is not PQ_SOURCE_UNAVAILABLE is an answer. */
const SAY_NOTHING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PQ_CANCELLED',
  'PQ_CONFIG',
  'PQ_COORDINATION_DOWN',
  'PQ_FILL_TIMEOUT',
  'PQ_INTERNAL',
  'PQ_INVALID_REQUEST',
  'PQ_QUEUE_FULL',
  'PQ_STORE_FULL',
  'PQ_STORE_IO',
  'PQ_UNKNOWN_SOURCE',
  'PQ_WORKER_CRASHED',
]);

export function coolDown(work: SourceWork, deps: CoolDownDeps): SourceWork {
  return {
    probe: (request, context) => admitted(request, (): Promise<ProbeReport> => work.probe(request, context), deps),
    fill: (task, context) =>
      admitted(
        task.request,
        (answered): Promise<FillReport> =>
          work.fill(task, {
            ...context,
            onStep: async (step) => {
              // A load may take hours; that the source is back is known when its first rows arrive. Not before: opening
              // a source may touch nothing yet.
              if (step === 'first-batch') await answered();
              await context.onStep(step);
            },
          }),
        deps,
      ),
  };
}

async function admitted<Report extends FillReport | ProbeReport>(
  { source, canonical }: ResolvedRequest,
  touch: (answered: () => Promise<void>) => Promise<Report>,
  deps: CoolDownDeps,
): Promise<Report | { readonly kind: 'failed'; readonly failure: Failure }> {
  if (canonical.sourceKind === 'file') return await touch(async () => undefined);
  const admission = await forgiving(() => deps.cooling.admit(source), { kind: 'open' } as const);
  if (admission.kind === 'cooling') {
    deps.onCooling(source, admission);
    return { kind: 'failed', failure: refusal(source, admission) };
  }
  const tell = async (verdict: Verdict): Promise<void> => {
    const state = await forgiving(
      (): Promise<CoolingState | null> => deps.cooling.tell(source, verdict, admission.kind === 'trial'),
      null,
    );
    if (state !== null) deps.onCooling(source, { untilMs: state.coolingUntilMs, nowMs: state.nowMs });
  };
  const report = await touch(() => tell({ kind: 'answered' }));
  await tell(verdictOf(report));
  return report;
}

function verdictOf(report: FillReport | ProbeReport): Verdict {
  if (report.kind !== 'failed') return { kind: 'answered' };
  const { failure } = report;
  if (failure.code === 'PQ_SOURCE_UNAVAILABLE') return { kind: 'unavailable', failure };
  return { kind: SAY_NOTHING.has(failure.code) ? 'unknown' : 'answered' };
}

function refusal(source: string, admission: Extract<Admission, { kind: 'cooling' }>): Failure {
  const { failures, failure, untilMs, nowMs } = admission;
  const coolingUntil = new Date(untilMs).toISOString();
  return {
    code: 'PQ_SOURCE_UNAVAILABLE',
    message: `source ${source} failed ${failures} times in a row and cools down until ${coolingUntil}; the last time: ${failure.message}`,
    retryable: true,
    details: { ...failure.details, source, coolingUntil, retryAfterMs: Math.max(0, untilMs - nowMs) },
  };
}

/** A Redis that is away or forgot takes the cool-down with it, and must not take a finished load as well. */
async function forgiving<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (isEpochLost(error) || (isParqueueError(error) && toFailure(error).code === 'PQ_COORDINATION_DOWN'))
      return otherwise;
    throw error;
  }
}

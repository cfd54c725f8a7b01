/** cooling-admit, cooling-tell: when a failing source is asked again. */
import { COOLING, type Admission, type CoolingState, type Verdict } from '../../ports/cooling.ts';
import type { ServerContext } from './head-steps.ts';

export function admit({ state, nowMs }: ServerContext, source: string): Admission {
  const known = state.cooling.get(source);
  if (known === undefined || known.coolings === 0) return { kind: 'open' };
  const { failures, failure } = known;
  if (known.untilMs > nowMs) return { kind: 'cooling', failures, failure, untilMs: known.untilMs, nowMs };
  if (known.trialUntilMs > nowMs) {
    return { kind: 'cooling', failures, failure, untilMs: nowMs + COOLING.trialPauseMs, nowMs };
  }
  known.trialUntilMs = nowMs + COOLING.trialMs;
  return { kind: 'trial' };
}

export function tell(context: ServerContext, source: string, verdict: Verdict, trial: boolean): CoolingState {
  const { state, nowMs } = context;
  if (verdict.kind === 'answered') state.cooling.delete(source);
  const known = state.cooling.get(source);
  if (verdict.kind === 'unknown' && trial && known !== undefined) known.trialUntilMs = 0;
  if (verdict.kind === 'unavailable') {
    const { failures, coolings, untilMs } = known ?? { failures: 0, coolings: 0, untilMs: 0 };
    const cools = failures + 1 >= COOLING.failuresMax && untilMs <= nowMs;
    state.cooling.set(source, {
      failures: failures + 1,
      failure: verdict.failure,
      coolings: cools ? coolings + 1 : coolings,
      untilMs: cools ? nowMs + Math.min(COOLING.maxMs, COOLING.firstMs * 2 ** coolings) : untilMs,
      trialUntilMs: 0,
    });
  }
  return read(context, source);
}

export function read({ state, nowMs }: ServerContext, source: string): CoolingState {
  const known = state.cooling.get(source);
  return {
    failures: known?.failures ?? 0,
    coolingUntilMs: known !== undefined && known.untilMs > nowMs ? known.untilMs : null,
    failure: known?.failure ?? null,
    nowMs,
  };
}

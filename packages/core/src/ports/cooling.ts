/**
 * The cool-down of a failing source: one state for the cluster, forgotten harmlessly with Redis. After FAILURES_MAX
 * failures in a row nobody asks the source for a while; then one trial goes first, and its end decides for all.
 *
 *   open ── 3rd failure in a row ──▶ cooling (5 s) ── time is over ──▶ one trial ── answered ──▶ open
 *                                       ▲                                 │
 *                                       └── failed: twice as long, ≤ 60 s ┘
 */
import type { Failure } from '../model/errors.ts';

export const COOLING = {
  failuresMax: 3,
  firstMs: 5_000,
  maxMs: 60_000,
  /** A trial that does not end frees its place after this. */
  trialMs: 30_000,
  /** Who comes during a trial is told to come back so soon. */
  trialPauseMs: 1_000,
  /** Without a failure for so long the past is forgotten. */
  memoryMs: 3_600_000,
} as const;

export type Admission =
  | { readonly kind: 'open' }
  /** The source is asked to see whether it is back; others wait for what this finds. */
  | { readonly kind: 'trial' }
  | {
      readonly kind: 'cooling';
      readonly failures: number;
      readonly untilMs: number;
      /** Of Redis, ms. */
      readonly nowMs: number;
      readonly failure: Failure;
    };

/** What work says of the source it touched: it answered, it could not be reached, or neither can be told. */
export type Verdict =
  | { readonly kind: 'answered' }
  | { readonly kind: 'unavailable'; readonly failure: Failure }
  | { readonly kind: 'unknown' };

export interface CoolingState {
  readonly failures: number;
  /** null: it is not cooling. */
  readonly coolingUntilMs: number | null;
  readonly failure: Failure | null;
  readonly nowMs: number;
}

export interface Cooling {
  /** Asked before the source is touched. */
  admit(source: string): Promise<Admission>;
  /** Told after it was. `trial`: by the work that was admitted as one. */
  tell(source: string, verdict: Verdict, trial: boolean): Promise<CoolingState>;
  /** For explanations; decides nothing. */
  read(source: string): Promise<CoolingState>;
}

/** What the crash matrix is made of: each cell is one fault at one step of a fill, in one situation. */
import { FILL_STEPS, type FillStep } from '@parqueue/core';
import { everyCombination, pairwise, type Combination } from './pairwise.ts';

export const FAULTS = [
  'throw',
  'SIGKILL',
  'SIGSTOP',
  'out of memory',
  'wasm trap',
  'Redis killed',
  'Redis paused',
  'ENOSPC',
  'EIO',
  'ESTALE',
  'source dropped',
] as const;
export type Fault = (typeof FAULTS)[number];

export const DIMENSIONS = {
  step: FILL_STEPS,
  fault: FAULTS,
  source: ['file', 'oracle'],
  /** Who reads all the time: callers that accept nothing older than their question, or such that accept an hour. */
  readers: ['strict', 'patient'],
  /** It strikes and is over, or it strikes whoever comes by until the caller has heard of it. docs/crash-matrix.md has each. */
  duration: ['once', 'lasting'],
} as const;

export type Cell = Combination<typeof DIMENSIONS>;

/** Those first in which every pair comes up: a long run that is interrupted has met each fault at each step. */
export const ALL_CELLS: readonly Cell[] = pairsFirst();

function pairsFirst(): readonly Cell[] {
  const first = pairwise(DIMENSIONS);
  const names = new Set(first.map(nameOf));
  return [...first, ...everyCombination(DIMENSIONS).filter((cell) => !names.has(nameOf(cell)))];
}

/** Steps after which a crash leaves the same kind of thing behind (ARCHITECTURE.md, one fill). */
export const PHASES: Readonly<Record<string, readonly FillStep[]>> = {
  'a lease': ['lease-acquired', 'snapshot-opened'],
  'a staging directory': ['first-batch', 'part-synced', 'staged'],
  'a generation without a head': ['published', 'commit-sent'],
  'a new head': ['commit-acked', 'head-written'],
};

/**
 * For every run of the tests: each fault in each phase, and every pair of what else there is. The steps of a phase take
 * turns over its faults.
 */
export const PAIRWISE_CELLS: readonly Cell[] = selected();

function selected(): readonly Cell[] {
  const { fault, source, readers, duration } = DIMENSIONS;
  const phases = Object.keys(PHASES);
  return pairwise({ fault, phase: phases, source, readers, duration }).map(({ phase, ...cell }) => {
    const steps = PHASES[phase] ?? [];
    const turn = FAULTS.indexOf(cell.fault) + phases.indexOf(phase);
    return { ...cell, step: steps[turn % steps.length] ?? 'lease-acquired' };
  });
}

export function nameOf({ fault, step, source, readers, duration }: Cell): string {
  return `${fault} at ${step}, ${duration}, ${source}, ${readers} readers`;
}

/** Steps that a thread comes by; at the others the load has not begun in it, or is over. */
const IN_THREAD: ReadonlySet<FillStep> = new Set([
  'snapshot-opened',
  'first-batch',
  'part-synced',
  'staged',
  'published',
]);

export function isInThread(step: FillStep): boolean {
  return IN_THREAD.has(step);
}

const COMMITTED: ReadonlySet<FillStep> = new Set(['commit-acked', 'head-written']);

/** The head has moved before the fault strikes: nobody takes the load over any more. */
export function isAfterCommit(step: FillStep): boolean {
  return COMMITTED.has(step);
}

/** What the crash matrix is made of: each cell is one fault at one step of a fill, in one situation. */
import { FILL_STEPS, type FillStep } from '@parqueue/core';
import { pairwise, type Combination } from './pairwise.ts';

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

/** Values of a cell that are exchanged for their opposites, turn by turn: after the second turn each fault has met both of each at each step. */
const TURNS: readonly (readonly ('source' | 'readers' | 'duration')[])[] = [
  ['source', 'readers', 'duration'],
  ['duration'],
  ['source', 'readers'],
  ['source'],
  ['readers', 'duration'],
  ['readers'],
  ['source', 'duration'],
];

/**
 * In an order in which a long run that is cut short has seen the most: first each fault at each step, with every pair of
 * the other dimensions; then again and again each fault at each step, in another situation.
 */
export const ALL_CELLS: readonly Cell[] = inTurns();

function inTurns(): readonly Cell[] {
  const first = pairwise(DIMENSIONS);
  const all = [...first, ...TURNS.flatMap((turn) => first.map((cell) => turned(cell, turn)))];
  return [...new Map(all.map((cell) => [nameOf(cell), cell])).values()];
}

function turned(cell: Cell, turn: (typeof TURNS)[number]): Cell {
  const opposites = turn.map((name) => [name, DIMENSIONS[name].find((value) => value !== cell[name])]);
  return { ...cell, ...Object.fromEntries(opposites) };
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

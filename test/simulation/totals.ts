/** What many runs came to, added up: of a test, of a block of seeds, of a million. */
import { INJECTED, type InjectedName } from './injected.ts';
import type { SeedReport } from './run-seed.ts';

const COUNTED = [
  'steps',
  'answers',
  'failures',
  'loads',
  'commits',
  'partsAsked',
  'evicted',
  'refused',
] as const satisfies readonly (keyof SeedReport)[];

export interface Totals extends Record<(typeof COUNTED)[number], number> {
  seeds: number;
  readonly injected: Record<InjectedName, number>;
}

export function noTotals(): Totals {
  return {
    seeds: 0,
    ...(Object.fromEntries(COUNTED.map((name) => [name, 0])) as Record<(typeof COUNTED)[number], number>),
    injected: Object.fromEntries(INJECTED.map((name) => [name, 0])) as Record<InjectedName, number>,
  };
}

/** Adds to `totals` what one run, or other totals, came to. */
export function add(totals: Totals, of: SeedReport | Totals): void {
  totals.seeds += 'seeds' in of ? of.seeds : 1;
  for (const name of COUNTED) totals[name] += of[name];
  for (const name of INJECTED) totals.injected[name] += of.injected[name];
}

export function inWords(totals: Totals): string {
  const { seeds, steps, answers, failures, loads, commits, partsAsked, evicted, refused } = totals;
  return (
    `${seeds} seeds, ${steps} steps, ${answers} answers, ${failures} coded failures, ${loads} loads, ${commits} commits, `
    + `${partsAsked} parts asked, ${evicted} heads evicted, ${refused} fills without room`
  );
}

/** Counts of asks, summed and told. Pure. */
import type { Dataset } from '@parqueue/client';
import { count, percent, plural } from './numbers.ts';

type Asks = Dataset['asks'];
type Period = NonNullable<Asks>['lastDay'];
type Counts = Pick<Period, 'hit' | 'stale' | 'miss' | 'collapsed' | 'error'>;

export interface Total {
  readonly total: number;
  /** Without a load of their own or somebody else's. */
  readonly answered: number;
  readonly errors: number;
  /** null: nobody asked. */
  readonly ratio: number | null;
}

/** Over several datasets; null where none of them is known. */
export function totalOf(periods: readonly (Counts | undefined)[]): Total | null {
  const known = periods.filter((period) => period !== undefined);
  if (known.length === 0) return null;
  const sum = (name: keyof Counts): number => known.reduce((all, period) => all + period[name], 0);
  const answered = sum('hit') + sum('stale');
  const served = answered + sum('miss') + sum('collapsed');
  const errors = sum('error');
  return { total: served + errors, answered, errors, ratio: served === 0 ? null : answered / served };
}

export interface Point {
  readonly total: number;
  readonly answered: number;
}

export function pointsOf(buckets: readonly Counts[]): readonly Point[] {
  return buckets.map((bucket) => {
    const { total, answered } = totalOf([bucket]) ?? { total: 0, answered: 0 };
    return { total, answered };
  });
}

/** `828 asks, 98.1 % from the cache`; what failed is no part of the ratio, and told before it. */
export function sentenceOf({ total, ratio, errors }: Total): string {
  if (total === 0) return 'nobody asked';
  const asks = plural(total, 'ask');
  if (ratio === null) return `${asks}, all failed`;
  const cached = `${percent(ratio)} from the cache`;
  return errors === 0 ? `${asks}, ${cached}` : `${asks}, ${count(errors)} failed; of the others ${cached}`;
}

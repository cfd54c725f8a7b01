/** The statement around the caller's that selects the wanted columns, and those rows that meet a condition. */
import type { Projection } from '../sql/projection.ts';

/**
 * `text` as a subquery whose columns are named anew, since names may repeat; an order that it has stays, as a subquery
 * with one is planned by itself. `text` where all of its columns are wanted as they are.
 */
export function projected(text: string, { described, wanted, only }: Projection): string {
  const asItIs =
    only === null
    && wanted.length === described.length
    && wanted.every(({ position, expression }, at) => position === at && expression === null);
  if (asItIs) return text;
  const reference = (position: number): string => `c${position + 1}`;
  const names = described.map((_, position) => reference(position)).join(', ');
  const selected = wanted
    .map(({ position, expression }) => expression?.(reference(position)) ?? reference(position))
    .join(', ');
  const where = only === null ? '' : ` WHERE ${only.condition(reference(only.position))}`;
  return `SELECT ${selected} FROM (${text}) AS parqueue_rows(${names})${where}`;
}

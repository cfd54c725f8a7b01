/** Tables that scroll by themselves where they are wider than the page, and heads that sort. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export function Table({
  label,
  children,
  dense = false,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
  readonly dense?: boolean;
}) {
  return (
    // Reachable by keyboard, because whatever scrolls must be.
    <div class="scroll" role="group" aria-label={label} tabIndex={0}>
      <table class={dense ? 'dense' : ''}>{children}</table>
    </div>
  );
}

export interface SortColumn<T> {
  readonly name: string;
  readonly title: string;
  /** Greater comes first; texts from A to Z. null: not known, last. */
  readonly by?: (row: T) => number | string | null;
  readonly className?: string;
}

export interface Sorted<T> {
  readonly rows: readonly T[];
  readonly head: ComponentChildren;
}

/** @param given in the order that the server tells, which is the order until somebody asks for another */
export function useSorted<T>(given: readonly T[], columns: readonly SortColumn<T>[]): Sorted<T> {
  const [order, setOrder] = useState<{ readonly name: string; readonly reversed: boolean } | null>(null);
  const column = columns.find(({ name }) => name === order?.name);
  const { by } = column ?? {};
  const rows =
    by === undefined ? given : given.toSorted((one, other) => compare(by(one), by(other), order?.reversed === true));
  const next = (name: string): void =>
    setOrder((before) => {
      if (before?.name !== name) return { name, reversed: false };
      return before.reversed ? null : { name, reversed: true };
    });
  const head = columns.map(({ name, title, by, className }) => {
    const active = order?.name === name;
    if (by === undefined)
      return (
        <th key={name} scope="col" class={className}>
          {title}
        </th>
      );
    const direction = active ? (order?.reversed === true ? 'ascending' : 'descending') : 'none';
    return (
      <th key={name} scope="col" class={className} aria-sort={direction}>
        <button type="button" class="sort" onClick={() => next(name)}>
          {title}
          <span aria-hidden="true">{active ? (order?.reversed === true ? ' ↑' : ' ↓') : ''}</span>
        </button>
      </th>
    );
  });
  return { rows, head: <tr>{head}</tr> };
}

/** What is not known comes last either way round. */
function compare(one: number | string | null, other: number | string | null, reversed: boolean): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  const order =
    typeof one === 'number' && typeof other === 'number' ? other - one : String(one).localeCompare(String(other));
  return reversed ? -order : order;
}

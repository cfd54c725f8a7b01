/**
 * A small set of combinations in which each value of each dimension meets each value of every other one: most faults
 * need two things to come together, few need three. Deterministic, so that a report and a run speak of the same cells.
 *
 * In parameter order: all pairs of the two largest dimensions come first; each further dimension is appended where it
 * covers most of what is still open, and what is open then gets rows of its own.
 */
export type Dimensions = Readonly<Record<string, readonly string[]>>;

export type Combination<D extends Dimensions> = { readonly [Name in keyof D]: D[Name][number] };

export function everyCombination<D extends Dimensions>(dimensions: D): readonly Combination<D>[] {
  let rows: readonly Readonly<Record<string, string>>[] = [{}];
  for (const [name, values] of Object.entries(dimensions))
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  return rows as readonly Combination<D>[];
}

export function pairwise<D extends Dimensions>(dimensions: D): readonly Combination<D>[] {
  const bySize = Object.entries(dimensions).toSorted(([, a], [, b]) => b.length - a.length);
  const rows: Record<string, string>[] = [{}];
  const placed: string[] = [];
  for (const [name, values] of bySize) {
    const open = openPairs(dimensions, placed, name);
    if (placed.length < 2) multiply(rows, name, values);
    else widen(rows, { name, values, placed, open });
    for (const row of rows) cover(row, { name, placed, open });
    const others = [...placed];
    placed.push(name);
    // Each new row brings a pair that no other has, so no row comes twice. It may bring more: those need none any more.
    for (const pair of open) {
      const row = completed(pair, rows.length, { dimensions, placed });
      rows.push(row);
      cover(row, { name, placed: others, open });
    }
  }
  return rows as readonly Combination<D>[];
}

function multiply(rows: Record<string, string>[], name: string, values: readonly string[]): void {
  const wide = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  rows.splice(0, rows.length, ...wide);
}

/**
 * Each row gets the value that covers most open pairs. Where several cover as many it is the one that this row's other
 * values have met least: else two dimensions would go in step, and their other pairs would come once each.
 */
function widen(
  rows: readonly Record<string, string>[],
  at: {
    readonly name: string;
    readonly values: readonly string[];
    readonly placed: readonly string[];
    readonly open: Set<string>;
  },
): void {
  const { name, values, placed, open } = at;
  const left = new Set(open);
  const met = new Map<string, number>();
  for (const row of rows) {
    const pairsWith = (value: string): readonly string[] =>
      placed.map((other) => pairOf(other, row[other] ?? '', name, value));
    const gain = (value: string): number => pairsWith(value).filter((pair) => left.has(pair)).length;
    const use = (value: string): number => pairsWith(value).reduce((sum, pair) => sum + (met.get(pair) ?? 0), 0);
    const [best = ''] = values.toSorted((a, b) => gain(b) - gain(a) || use(a) - use(b));
    row[name] = best;
    for (const pair of pairsWith(best)) {
      left.delete(pair);
      met.set(pair, (met.get(pair) ?? 0) + 1);
    }
  }
}

function cover(
  row: Readonly<Record<string, string>>,
  { name, placed, open }: { readonly name: string; readonly placed: readonly string[]; readonly open: Set<string> },
): void {
  for (const other of placed) open.delete(pairOf(other, row[other] ?? '', name, row[name] ?? ''));
}

/** A row for a pair that no other row has; the dimensions it leaves open take turns. */
function completed(
  pair: string,
  turn: number,
  { dimensions, placed }: { readonly dimensions: Dimensions; readonly placed: readonly string[] },
): Record<string, string> {
  const [one, oneValue, other, otherValue] = JSON.parse(pair) as [string, string, string, string];
  const rest = placed.map((name) => {
    const values = dimensions[name] ?? [];
    return [name, values[turn % values.length] ?? ''] as const;
  });
  return { ...Object.fromEntries(rest), [one]: oneValue, [other]: otherValue };
}

function openPairs(dimensions: Dimensions, placed: readonly string[], name: string): Set<string> {
  const values = dimensions[name] ?? [];
  return new Set(
    placed.flatMap((other) =>
      (dimensions[other] ?? []).flatMap((theirs) => values.map((value) => pairOf(other, theirs, name, value))),
    ),
  );
}

function pairOf(one: string, oneValue: string, other: string, otherValue: string): string {
  return JSON.stringify([one, oneValue, other, otherValue]);
}

/**
 * The most frequent values of a column in bounded memory (Misra and Gries, "Finding repeated elements", 1982): while
 * few are different every count is exact; beyond that each counter loses what values without one bring, so that a count
 * is never too high, and too low by no more than was lost.
 */

export class FrequentValues {
  readonly #countersMax: number;
  readonly #counters = new Map<string, number>();
  #lost = 0;

  constructor(countersMax: number) {
    this.#countersMax = countersMax;
  }

  add(value: string): void {
    const count = this.#counters.get(value);
    if (count !== undefined) this.#counters.set(value, count + 1);
    else if (this.#counters.size < this.#countersMax) this.#counters.set(value, 1);
    else this.#lose();
  }

  /** Each loss takes one from every counter, which that many values had to bring before: cheap on the whole. */
  #lose(): void {
    this.#lost += 1;
    for (const [value, count] of this.#counters) {
      if (count === 1) this.#counters.delete(value);
      else this.#counters.set(value, count - 1);
    }
  }

  get isExact(): boolean {
    return this.#lost === 0;
  }

  /** Null where there are more than counters. */
  get distinct(): number | null {
    return this.isExact ? this.#counters.size : null;
  }

  /** Most frequent first, of equally frequent ones the least first. */
  top(most: number): readonly (readonly [value: string, count: number])[] {
    return [...this.#counters]
      .filter(([, count]) => count > this.#lost)
      .toSorted(([a, count], [b, other]) => other - count || (a < b ? -1 : 1))
      .slice(0, most);
  }
}

/** What clients heard, by the way they asked; and how long it took, for information. */
import type { Way } from './client.ts';

/** Upper bounds of the classes of a histogram, in ms. */
const CLASSES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 120_000] as const;
const GOOD = /^(hit|miss|revalidated|stale|answered)/;

export class Tally {
  answers = 0;
  refusals = 0;
  readonly byWay = new Map<Way, Map<string, number>>();
  readonly #classes = new Map<string, number[]>();

  add(way: Way, outcome: string, ms: number): void {
    const outcomes = this.byWay.get(way) ?? new Map<string, number>();
    this.byWay.set(way, outcomes);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (!GOOD.test(outcome)) {
      this.refusals += 1;
      return;
    }
    this.answers += 1;
    const of = outcome.replace(/, 304$/, '');
    const classes = this.#classes.get(of) ?? CLASSES.map(() => 0);
    this.#classes.set(of, classes);
    const at = CLASSES.findIndex((bound) => ms <= bound);
    classes[at] = (classes[at] ?? 0) + 1;
  }

  outcomes(): readonly string[] {
    return [...new Set([...this.byWay.values()].flatMap((outcomes) => [...outcomes.keys()]))].toSorted();
  }

  /** The bound below which so large a share of the answers of an outcome took. */
  below(outcome: string, share: number): number | null {
    const classes = this.#classes.get(outcome);
    if (classes === undefined) return null;
    let left = classes.reduce((sum, count) => sum + count, 0) * share;
    const at = classes.findIndex((count) => (left -= count) <= 0);
    return CLASSES[at] ?? null;
  }

  timed(): readonly string[] {
    return [...this.#classes.keys()].toSorted();
  }
}

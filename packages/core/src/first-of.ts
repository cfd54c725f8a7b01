/**
 * The first of many in an order, in bounded memory: a store may have a million entries of which a thousand are to go. Who needs
 * more than were kept shows all of them again, and is given those that come next.
 */

/** @returns below 0 where `a` comes first; never 0 for two of them */
export type Order<T> = (a: T, b: T) => number;

export class FirstOf<T> {
  readonly #order: Order<T>;
  readonly #max: number;
  #kept: T[] = [];
  #isCut = false;
  /** The last one of the rounds before. */
  #after: T | null = null;
  /** Used in their order, so that one place tells of all. */
  #used: T | null = null;

  constructor(order: Order<T>, max: number) {
    this.#order = order;
    this.#max = max;
  }

  add(one: T): void {
    if (this.#after !== null && this.#order(one, this.#after) <= 0) return;
    this.#kept.push(one);
    // Twice as many before they are sorted: each is then moved a few times at most.
    if (this.#kept.length >= 2 * this.#max) this.#cut();
  }

  inOrder(): readonly T[] {
    this.#cut();
    return this.#kept;
  }

  use(one: T): void {
    this.#used = one;
  }

  /** @returns whether it was used here, or one behind it. */
  isUsed(one: T): boolean {
    return this.#used !== null && this.#order(one, this.#used) <= 0;
  }

  /** @returns whether there are more than were given; then all are to be added once more, for those that come next. */
  next(): boolean {
    this.#cut();
    const isCut = this.#isCut;
    if (isCut) this.#after = this.#kept.at(-1) ?? this.#after;
    this.forget();
    return isCut;
  }

  /** All will be added once more, and none was used. */
  forget(): void {
    this.#kept = [];
    this.#isCut = false;
  }

  #cut(): void {
    this.#kept.sort(this.#order);
    if (this.#kept.length <= this.#max) return;
    this.#kept.length = this.#max;
    this.#isCut = true;
  }
}

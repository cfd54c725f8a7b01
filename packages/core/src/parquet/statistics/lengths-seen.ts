/** How long values are, and how many items lists have. */
import type { Lengths } from './column-statistics.ts';

export class LengthsSeen {
  readonly #unit: Lengths['unit'];
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #sum = 0;
  #count = 0;

  constructor(unit: Lengths['unit']) {
    this.#unit = unit;
  }

  add(length: number): void {
    if (length < this.#min) this.#min = length;
    if (length > this.#max) this.#max = length;
    this.#sum += length;
    this.#count += 1;
  }

  /** Null where there was no value. */
  seen(): Lengths | null {
    if (this.#count === 0) return null;
    return { unit: this.#unit, min: this.#min, max: this.#max, mean: this.#sum / this.#count };
  }
}

/** Numbers of a column, kept as doubles until the end tells what the bars of a histogram are. */

const FIRST_LENGTH = 4_096;

export class NumbersKept {
  #values = new Float64Array(FIRST_LENGTH);
  #length = 0;

  add(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  /** @param edges ascending, and no value is outside of them @returns how many are in each bar */
  counts(edges: readonly number[]): readonly number[] {
    const bars = edges.length - 1;
    const counts = Array.from({ length: bars }, () => 0);
    const low = edges[0] ?? 0;
    const perBar = ((edges[bars] ?? 0) - low) / bars;
    for (let i = 0; i < this.#length; i += 1) {
      const value = this.#values[i] ?? 0;
      // The division says about where; the edges decide, so that a bar has what its edges say.
      let bar = perBar > 0 ? Math.min(bars - 1, Math.max(0, Math.floor((value - low) / perBar))) : 0;
      while (bar > 0 && value < (edges[bar] ?? 0)) bar -= 1;
      while (bar < bars - 1 && value >= (edges[bar + 1] ?? 0)) bar += 1;
      counts[bar] = (counts[bar] ?? 0) + 1;
    }
    return counts;
  }
}

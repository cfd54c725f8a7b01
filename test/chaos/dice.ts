/** Chance that a printed seed gives again. Algorithm: mulberry32, public domain. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    const state = this.#state;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  }

  one<Item>(of: readonly Item[]): Item {
    const item = of[this.below(of.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  }

  shuffled<Item>(items: readonly Item[]): readonly Item[] {
    const left = [...items];
    return items.flatMap(() => left.splice(this.below(left.length), 1));
  }

  /** Dice of its own for each of several who throw at once: what one does changes nothing for the others. */
  another(): Dice {
    return new Dice(this.below(2 ** 32));
  }
}

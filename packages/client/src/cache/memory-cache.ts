/** Entries in memory: the least recently used go first when all together weigh more than allowed. */
import type { Facts, Kept } from './kept.ts';

export class MemoryCache {
  readonly #bytesMax: number;
  /** In the order of use, the latest last. */
  readonly #entries = new Map<string, Kept>();
  readonly #weights = new Map<string, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#entries.size, bytes: this.#bytes };
  }

  get(id: string): Kept | null {
    const kept = this.#entries.get(id);
    if (kept === undefined) return null;
    this.#entries.delete(id);
    this.#entries.set(id, kept);
    return kept;
  }

  /** What is heavier than all that is allowed is not kept; what it would replace goes all the same. */
  put(id: string, kept: Kept): void {
    this.remove(id);
    if (kept.weight > this.#bytesMax) return;
    this.#entries.set(id, kept);
    this.#weigh(id, kept.weight);
  }

  /** After something was decoded from an entry. Only if it is still this one. */
  weighAgain(id: string, kept: Kept): void {
    if (this.#entries.get(id) === kept) this.put(id, kept);
  }

  remove(id: string): void {
    this.#bytes -= this.#weights.get(id) ?? 0;
    this.#entries.delete(id);
    this.#weights.delete(id);
  }

  removeWhere(concerned: (facts: Facts) => boolean): void {
    for (const [id, { facts }] of this.#entries) if (concerned(facts)) this.remove(id);
  }

  #weigh(id: string, weight: number): void {
    this.#weights.set(id, weight);
    this.#bytes += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.remove(oldest);
    }
  }
}

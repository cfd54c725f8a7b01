/**
 * The memo that sources see: a bounded memory of this process in front of the one in Redis. A warm probe then costs no
 * round trip, and losing either costs a recount and never truth.
 */
import type { Memo } from '@parqueue/core';

export class LayeredMemo implements Memo {
  readonly #shared: Memo;
  readonly #namesMax: number;
  /** In order of last use: the first name is the next to go. */
  readonly #recent = new Map<string, string>();

  constructor(shared: Memo, namesMax: number) {
    this.#shared = shared;
    this.#namesMax = namesMax;
  }

  async get(name: string): Promise<string | null> {
    const value = this.#recent.get(name) ?? (await this.#shared.get(name));
    if (value !== null) this.#remember(name, value);
    return value;
  }

  async put(name: string, value: string): Promise<void> {
    this.#remember(name, value);
    await this.#shared.put(name, value);
  }

  #remember(name: string, value: string): void {
    this.#recent.delete(name);
    this.#recent.set(name, value);
    if (this.#recent.size <= this.#namesMax) return;
    const [oldest] = this.#recent.keys();
    if (oldest !== undefined) this.#recent.delete(oldest);
  }
}

/**
 * The errors of an application's functions, for the callers in its own process: what crosses Redis is a code and words of
 * ours, since nobody knows what is in an error of somebody else. The latest few hundred are enough for callers that wait.
 */
import type { RandomId } from '../ports/clock.ts';

const KEPT_MAX = 256;

export class KeptErrors {
  readonly #randomId: RandomId;
  readonly #kept = new Map<string, unknown>();

  constructor(randomId: RandomId) {
    this.#randomId = randomId;
  }

  keep(error: unknown): string {
    const id = this.#randomId();
    this.#kept.set(id, error);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    return id;
  }

  /** @returns undefined where another process has it, or nobody any more */
  find(id: unknown): unknown {
    return typeof id === 'string' ? this.#kept.get(id) : undefined;
  }
}

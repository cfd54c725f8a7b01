/**
 * Threads that were terminated and are not over: a call of theirs into a filesystem that hangs does not come back, and the
 * kernel alone can end it. Such a thread publishes nothing any more, and keeps one of those that the whole process shares for
 * files. So it keeps its place in the pool too, until it is over (I9).
 */
import type { Slot } from './slots.ts';

export class StuckThreads {
  readonly #bySource = new Map<string, number>();

  countOf(source: string): number {
    return this.#bySource.get(source) ?? 0;
  }

  get total(): number {
    return [...this.#bySource.values()].reduce((sum, count) => sum + count, 0);
  }

  keep(source: string, { exit, slot }: { readonly exit: Promise<void>; readonly slot: Slot }): void {
    this.#bySource.set(source, this.countOf(source) + 1);
    slot.markStuck();
    void exit.then(() => {
      this.#bySource.set(source, this.countOf(source) - 1);
      slot.release();
    });
  }
}

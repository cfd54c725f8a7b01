/**
 * A bounded number of something, shared fairly. Who cannot have it soon is told so, instead of waiting behind callers who
 * take their time (I9). Two rules keep one caller from having it all, since what is held may be held for long:
 *
 *   share   who has some gets more only as long as three quarters at most of it and what is free then are theirs: one
 *           caller alone has three quarters of all, the next three quarters of the rest, and who has none takes what there is
 *   order   of those who wait, who holds least is next, then who came first; nobody overtakes the next by wanting less
 */
import { ParqueueError, type Clock } from '@parqueue/core';

export interface BudgetLimits {
  readonly units: number;
  readonly waitingMax: number;
  readonly waitMs: number;
  /** What callers are told when they cannot have any. */
  readonly refusal: string;
}

export interface Sharer {
  /** Whose it is; null: there is nobody to share with, and all may be had. */
  readonly sharer: string | null;
  readonly signal: AbortSignal;
}

/** What one may hold, as a multiple of what is left: dynamic thresholds, as switches share their buffers. */
const SHARE_OF_LEFT = 3;

interface Waiter {
  readonly sharer: string | null;
  readonly units: number;
  admitted: boolean;
  wake: () => void;
}

export class Budget {
  readonly #limits: BudgetLimits;
  readonly #clock: Clock;
  /** In the order of coming. */
  readonly #waiting = new Set<Waiter>();
  readonly #held = new Map<string | null, number>();
  #free: number;

  constructor(limits: BudgetLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#free = limits.units;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * More than there is at all counts as all there is.
   * @returns what gives it back; harmless when called again
   * @throws ParqueueError PQ_RATE_LIMITED; the signal's reason
   */
  async take(wanted: number, { sharer, signal }: Sharer): Promise<() => void> {
    signal.throwIfAborted();
    const units = Math.min(wanted, this.#limits.units);
    const waiter: Waiter = { sharer, units, admitted: false, wake: () => undefined };
    this.#waiting.add(waiter);
    this.#admit();
    if (!waiter.admitted) await this.#wait(waiter, signal);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#giveBack(waiter);
    };
  }

  async #wait(waiter: Waiter, signal: AbortSignal): Promise<void> {
    const { waitMs, refusal } = this.#limits;
    if (!this.#mayWait(waiter)) {
      this.#leave(waiter);
      throw new ParqueueError('PQ_RATE_LIMITED', refusal);
    }
    const ended = new AbortController();
    const onAbort = (): void => ended.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    waiter.wake = onAbort;
    await this.#clock.sleep(waitMs, ended.signal).catch(() => undefined);
    signal.removeEventListener('abort', onAbort);
    if (waiter.admitted && !signal.aborted) return;
    if (waiter.admitted) this.#giveBack(waiter);
    else this.#leave(waiter);
    signal.throwIfAborted();
    throw new ParqueueError('PQ_RATE_LIMITED', refusal);
  }

  /** The line is shared as the units are: there is room in it for who has nobody there. */
  #mayWait({ sharer }: Waiter): boolean {
    const left = this.#limits.waitingMax - this.#waiting.size;
    const own = [...this.#waiting].filter((other) => other.sharer === sharer).length;
    return left >= 0 && (sharer === null || own === 1 || own <= SHARE_OF_LEFT * left);
  }

  /** The one that leaves may have been the next, which the others wait behind. */
  #leave(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    this.#admit();
  }

  #giveBack({ sharer, units }: Waiter): void {
    this.#hold(sharer, -units);
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#next(); next !== null; next = this.#next()) {
      this.#hold(next.sharer, next.units);
      this.#waiting.delete(next);
      next.admitted = true;
      next.wake();
    }
  }

  #next(): Waiter | null {
    const inOrder = [...this.#waiting].toSorted((a, b) => this.#heldBy(a.sharer) - this.#heldBy(b.sharer));
    for (const waiter of inOrder) {
      if (waiter.units > this.#free) return null;
      if (this.#isShare(waiter)) return waiter;
    }
    return null;
  }

  #isShare({ sharer, units }: Waiter): boolean {
    const held = this.#heldBy(sharer);
    return sharer === null || held === 0 || held + units <= SHARE_OF_LEFT * (this.#free - units);
  }

  #heldBy(sharer: string | null): number {
    return this.#held.get(sharer) ?? 0;
  }

  #hold(sharer: string | null, units: number): void {
    this.#free -= units;
    const held = this.#heldBy(sharer) + units;
    if (held === 0) this.#held.delete(sharer);
    else this.#held.set(sharer, held);
  }
}

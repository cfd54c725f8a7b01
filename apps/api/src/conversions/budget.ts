/**
 * A bounded number of something, given out in the order of asking. Who cannot have it soon is told so, instead of
 * waiting behind callers who take their time (I9).
 */
import { ParqueueError, type Clock } from '@parqueue/core';

export interface BudgetLimits {
  readonly units: number;
  readonly waitingMax: number;
  readonly waitMs: number;
  /** What callers are told when they cannot have any. */
  readonly refusal: string;
}

interface Waiter {
  readonly units: number;
  readonly admit: () => void;
}

export class Budget {
  readonly #limits: BudgetLimits;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter>();
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
  async take(wanted: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const units = Math.min(wanted, this.#limits.units);
    if (this.#waiting.size === 0 && units <= this.#free) this.#free -= units;
    else await this.#wait(units, signal);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#free += units;
      this.#admit();
    };
  }

  async #wait(units: number, signal: AbortSignal): Promise<void> {
    const { waitingMax, waitMs, refusal } = this.#limits;
    if (this.#waiting.size >= waitingMax) throw new ParqueueError('PQ_RATE_LIMITED', refusal);
    const ended = new AbortController();
    const onAbort = (): void => ended.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    let admitted = false;
    const waiter: Waiter = {
      units,
      admit: () => {
        admitted = true;
        ended.abort();
      },
    };
    this.#waiting.add(waiter);
    await this.#clock.sleep(waitMs, ended.signal).catch(() => undefined);
    signal.removeEventListener('abort', onAbort);
    if (admitted && !signal.aborted) return;
    if (admitted) this.#free += units;
    this.#waiting.delete(waiter);
    // The one that leaves may have been the one at the head, which the others wait behind.
    this.#admit();
    signal.throwIfAborted();
    throw new ParqueueError('PQ_RATE_LIMITED', refusal);
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (waiter.units > this.#free) return;
      this.#free -= waiter.units;
      this.#waiting.delete(waiter);
      waiter.admit();
    }
  }
}

/**
 * Counts the threads in use and keeps those who wait in order (I9). Work is handed to the pool only when a thread is
 * free or can be started, so nothing ever waits in the pool's own queue behind a thread that died.
 */
export interface Slot {
  release(): void;
}

export type SlotWish =
  | { readonly kind: 'taken'; readonly slot: Slot }
  | { readonly kind: 'full' }
  | { readonly kind: 'aborted' };

export interface SlotsUse {
  readonly busy: number;
  readonly free: number;
  readonly waiting: number;
}

export class Slots {
  readonly #slots: number;
  readonly #waitingMax: number;
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(slots: number, waitingMax: number) {
    this.#slots = slots;
    this.#free = slots;
    this.#waitingMax = waitingMax;
  }

  get use(): SlotsUse {
    return { busy: this.#slots - this.#free, free: this.#free, waiting: this.#waiting.size };
  }

  async take(signal: AbortSignal): Promise<SlotWish> {
    if (signal.aborted) return { kind: 'aborted' };
    if (this.#free === 0) {
      if (this.#waiting.size >= this.#waitingMax) return { kind: 'full' };
      const granted = await this.#wait(signal);
      if (!granted) return { kind: 'aborted' };
    } else {
      this.#free -= 1;
    }
    let held = true;
    return {
      kind: 'taken',
      slot: {
        release: () => {
          if (!held) return;
          held = false;
          this.#pass();
        },
      },
    };
  }

  /** The slot goes straight to the first in line: a newcomer can not take it in between. */
  #pass(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#free += 1;
    else first();
  }

  #wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (granted: boolean): void => {
        this.#waiting.delete(grant);
        signal.removeEventListener('abort', giveUp);
        resolve(granted);
      };
      const grant = (): void => settle(true);
      const giveUp = (): void => settle(false);
      this.#waiting.add(grant);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}

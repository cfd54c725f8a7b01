/**
 * Counts the threads in use and keeps those who wait in order (I9). Work is handed to the pool only when a thread is
 * free or can be started, so nothing ever waits in the pool's own queue behind a thread that died.
 * What may hang together is a group, and no group takes all threads where there is another one: who is of a full group
 * lets others pass.
 */
export interface Slot {
  /** Its thread was given up and is not over: the slot is taken until that one is released. */
  markStuck(): void;
  release(): void;
}

export type SlotWish =
  | { readonly kind: 'taken'; readonly slot: Slot }
  | { readonly kind: 'full' }
  | { readonly kind: 'aborted' }
  /** All slots that the group may have are stuck. */
  | { readonly kind: 'hung' };

export interface SlotsUse {
  readonly busy: number;
  readonly free: number;
  readonly waiting: number;
}

export interface SlotsLimits {
  readonly slots: number;
  readonly perGroup: number;
  readonly waitingMax: number;
}

interface Group {
  /** Stuck ones included. */
  held: number;
  stuck: number;
}

interface Waiter {
  readonly group: Group;
  readonly settle: (outcome: 'granted' | 'aborted' | 'hung') => void;
}

export class Slots {
  readonly #limits: SlotsLimits;
  readonly #groups = new Map<string, Group>();
  readonly #waiting = new Set<Waiter>();
  #free: number;

  constructor(limits: SlotsLimits) {
    this.#limits = limits;
    this.#free = limits.slots;
  }

  get use(): SlotsUse {
    return { busy: this.#limits.slots - this.#free, free: this.#free, waiting: this.#waiting.size };
  }

  async take(signal: AbortSignal, groupName: string): Promise<SlotWish> {
    if (signal.aborted) return { kind: 'aborted' };
    const group = this.#groupOf(groupName);
    if (this.#hangs(group)) return { kind: 'hung' };
    if (this.#hasRoom(group)) this.#give(group);
    else {
      if (this.#waiting.size >= this.#limits.waitingMax) return { kind: 'full' };
      const outcome = await this.#wait(signal, group);
      if (outcome !== 'granted') return { kind: outcome };
    }
    return { kind: 'taken', slot: this.#slotOf(group) };
  }

  #groupOf(name: string): Group {
    const group = this.#groups.get(name) ?? { held: 0, stuck: 0 };
    this.#groups.set(name, group);
    return group;
  }

  #hasRoom({ held }: Group): boolean {
    return this.#free > 0 && held < this.#limits.perGroup;
  }

  #hangs({ stuck }: Group): boolean {
    return stuck >= this.#limits.perGroup;
  }

  #give(group: Group): void {
    this.#free -= 1;
    group.held += 1;
  }

  #slotOf(group: Group): Slot {
    let held = true;
    let stuck = false;
    return {
      markStuck: () => {
        if (!held || stuck) return;
        stuck = true;
        group.stuck += 1;
        // Who waits for this group would wait for the kernel.
        if (this.#hangs(group)) for (const waiter of this.#waiting) if (waiter.group === group) waiter.settle('hung');
      },
      release: () => {
        if (!held) return;
        held = false;
        if (stuck) group.stuck -= 1;
        group.held -= 1;
        this.#free += 1;
        this.#pass();
      },
    };
  }

  /** In their order, but past those whose group has no room. A newcomer finds nothing that somebody waits for. */
  #pass(): void {
    for (const { group, settle } of this.#waiting) {
      if (!this.#hasRoom(group)) continue;
      this.#give(group);
      settle('granted');
    }
  }

  #wait(signal: AbortSignal, group: Group): Promise<'granted' | 'aborted' | 'hung'> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        group,
        settle: (outcome) => {
          this.#waiting.delete(waiter);
          signal.removeEventListener('abort', giveUp);
          resolve(outcome);
        },
      };
      const giveUp = (): void => waiter.settle('aborted');
      this.#waiting.add(waiter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}

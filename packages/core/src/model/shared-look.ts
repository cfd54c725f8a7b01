/**
 * A look that many take at once. Everybody gets one that began after they asked for it: the one under way may have passed
 * what happened since, so whoever comes meanwhile shares the next. At most one is under way and one waits. Each may say
 * what it wishes to see; the look is told the wishes of all who share it.
 *
 * A look begins at the end of the turn of the event loop in which it was asked for: answers of Redis come many in one piece, and
 * those who go on from them ask one after another for the same look.
 */
export class SharedLook<T, W = void> {
  readonly #look: (wishes: readonly W[]) => Promise<T>;
  #current: Promise<T> | null = null;
  #next: { readonly wishes: W[]; readonly result: Promise<T> } | null = null;

  constructor(look: (wishes: readonly W[]) => Promise<T>) {
    this.#look = look;
  }

  take(wish: W): Promise<T> {
    if (this.#next !== null) {
      this.#next.wishes.push(wish);
      return this.#next.result;
    }
    const wishes = [wish];
    const turn = this.#current === null ? endOfTurn() : this.#current.then(endOfTurn, endOfTurn);
    const result = turn.then(() => this.#begin(wishes));
    this.#next = { wishes, result };
    return result;
  }

  #begin(wishes: readonly W[]): Promise<T> {
    this.#next = null;
    const look = this.#look(wishes);
    const end = (): void => {
      this.#current = null;
    };
    this.#current = look;
    look.then(end, end);
    return look;
  }
}

/** When everything that is at hand in this turn of the event loop was heard. */
export function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Such looks at many things, by name; of those that nobody looks at nothing is kept. */
export class SharedLooks<T> {
  readonly #shared = new Map<string, { readonly look: SharedLook<T>; callers: number }>();

  async take(name: string, look: () => Promise<T>): Promise<T> {
    const shared = this.#shared.get(name) ?? { look: new SharedLook(look), callers: 0 };
    this.#shared.set(name, shared);
    shared.callers += 1;
    try {
      return await shared.look.take();
    } finally {
      shared.callers -= 1;
      if (shared.callers === 0) this.#shared.delete(name);
    }
  }
}

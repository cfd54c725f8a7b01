/**
 * A look that many take at once. Everybody gets one that began after they asked for it: the one under way may have passed
 * what happened since, so whoever comes meanwhile shares the next. At most one is under way and one waits.
 */
export class SharedLook<T> {
  readonly #look: () => Promise<T>;
  #current: Promise<T> | null = null;
  #next: Promise<T> | null = null;

  constructor(look: () => Promise<T>) {
    this.#look = look;
  }

  take(): Promise<T> {
    if (this.#current === null) return this.#begin();
    this.#next ??= this.#current.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<T> {
    const look = this.#look();
    const end = (): void => {
      if (this.#next === null) this.#current = null;
    };
    this.#next = null;
    this.#current = look;
    look.then(end, end);
    return look;
  }
}

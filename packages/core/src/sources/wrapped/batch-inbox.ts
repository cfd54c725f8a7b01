/** Batches that come by message, given out one at a time: each is asked for when the one before was taken. */
export class BatchInbox<T> implements AsyncIterable<T> {
  readonly #ask: () => void;
  readonly #signal: AbortSignal;
  readonly #items: T[] = [];
  #ended = false;
  #wake = (): void => undefined;

  /** @param ask told whenever there is room for another batch */
  constructor(ask: () => void, signal: AbortSignal) {
    this.#ask = ask;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  put(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        yield item;
        continue;
      }
      if (this.#ended) return;
      this.#signal.throwIfAborted();
      const news = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#ask();
      await news;
      this.#signal.throwIfAborted();
    }
  }
}

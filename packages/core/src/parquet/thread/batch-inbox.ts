/**
 * Batches that come by message, given out one at a time. One is asked for ahead: while a batch is being worked on, the
 * next one is made in the thread that sends it. Never more than one waits here.
 */
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
    this.#signal.throwIfAborted();
    this.#ask();
    for (;;) {
      this.#signal.throwIfAborted();
      const item = this.#items.shift();
      if (item !== undefined) {
        if (!this.#ended) this.#ask();
        yield item;
        continue;
      }
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

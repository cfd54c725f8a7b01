/**
 * Waiting for an application's code, which may never look at its signal: whoever waits is let go at once, and what the
 * code brings later is dropped.
 */
import { isParqueueError, ParqueueError } from '../../model/errors.ts';

/** @throws what `work` throws; once the signal aborts, its reason where that is coded, else PQ_CANCELLED */
export async function untilAborted<T>(work: PromiseLike<T> | T, signal: AbortSignal): Promise<T> {
  const waiting = Promise.resolve(work);
  if (signal.aborted) {
    waiting.catch(() => undefined);
    throw stopped(signal);
  }
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(stopped(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    waiting.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

export function stopped({ reason }: AbortSignal): ParqueueError {
  if (isParqueueError(reason)) return reason;
  return new ParqueueError('PQ_CANCELLED', 'the load was stopped', { cause: reason });
}

/** The same for many waits one after the other: one listener for all of them, since an iterable may have millions of steps. */
export class Interruptible implements Disposable {
  readonly #signal: AbortSignal;
  #leave: (error: ParqueueError) => void = () => undefined;
  readonly #onAbort = (): void => this.#leave(stopped(this.#signal));

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** One at a time. */
  async wait<T>(work: PromiseLike<T> | T): Promise<T> {
    if (this.#signal.aborted) return await untilAborted(work, this.#signal);
    return await new Promise<T>((resolve, reject) => {
      this.#leave = reject;
      Promise.resolve(work).then(resolve, reject);
    });
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}

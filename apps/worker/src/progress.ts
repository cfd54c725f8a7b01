/**
 * Thins progress out to one report a second: each costs Redis a write and an event to all who listen. The latest is
 * never lost, only late. The first waits a moment too: a job that is over by then is one that nobody watches.
 */
import type { Progress } from '@parqueue/core';

export const PROGRESS_INTERVAL_MS = 1000;
const FIRST_AFTER_MS = 100;

export class ProgressReporter implements Disposable {
  readonly #send: (progress: Progress) => void;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | null = null;
  #latest: Progress | null = null;

  constructor(send: (progress: Progress) => void, intervalMs: number) {
    this.#send = send;
    this.#intervalMs = intervalMs;
  }

  report(progress: Progress): void {
    this.#latest = progress;
    this.#timer ??= setTimeout(() => this.#flush(), FIRST_AFTER_MS);
  }

  /** What was not sent by now is about a job that is over. */
  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#latest = null;
  }

  #flush(): void {
    const progress = this.#latest;
    this.#latest = null;
    this.#timer = null;
    if (progress === null) return;
    this.#send(progress);
    this.#timer = setTimeout(() => this.#flush(), this.#intervalMs);
  }
}

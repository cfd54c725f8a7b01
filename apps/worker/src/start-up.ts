/** What starting and stopping a worker share: patience with what is not there yet, and closing in reverse order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isParqueueError, toFailure } from '@parqueue/core';
import type { Logger } from 'pino';

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5000;

/**
 * Tries until it works: Redis and the store may come up after the worker.
 * @throws whatever no waiting will change (a wrong configuration), or the signal's reason
 */
export async function untilThere<T>(
  what: string,
  attempt: () => Promise<T>,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<T> {
  for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_MAX_MS)) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!isParqueueError(error) || !error.retryable) throw error;
      log.warn({ failure: toFailure(error) }, `${what} is not there yet; trying again`);
    }
    await sleep(pauseMs, undefined, { signal });
  }
}

/** Everything that was opened, closed in reverse order; one that fails to close does not keep the others open. */
export class Closers {
  readonly #log: Logger;
  readonly #open: { readonly name: string; readonly close: () => Promise<void> }[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  add(name: string, close: () => Promise<void>): void {
    this.#open.push({ name, close });
  }

  async closeAll(): Promise<void> {
    for (const { name, close } of this.#open.splice(0).toReversed()) {
      try {
        await close();
      } catch (error) {
        this.#log.warn({ part: name, error: toFailure(error).message }, 'not closed cleanly');
      }
    }
  }
}

/**
 * Whether this process can answer: Redis replies, the epoch is open, the store can be reached. Every look is bounded.
 * Without Redis, but with a store and a policy that allows answers from it alone, it is *degraded* and stays in rotation:
 * when Redis is away it is so for every process, and whoever takes all of them out of rotation answers nobody.
 */
import { isParqueueError } from '@parqueue/core';
import type { ApiContext } from './context.ts';

export interface Readiness {
  readonly status: 'ok' | 'degraded' | 'unready';
  /** `ok`, or what is wrong. */
  readonly checks: { readonly redis: string; readonly store: string };
}

/** A hung network filesystem keeps a thread per call; the next readiness check must not take another. */
const STORE_TIMEOUT_MS = 2_000;

export class ReadinessCheck {
  readonly #context: Pick<ApiContext, 'link' | 'store' | 'clock' | 'degraded'>;
  #storeLook: Promise<string> | null = null;

  constructor(context: Pick<ApiContext, 'link' | 'store' | 'clock' | 'degraded'>) {
    this.#context = context;
  }

  async check(): Promise<Readiness> {
    const [redis, store] = await Promise.all([this.#redis(), this.#store()]);
    return { status: this.#status(redis === 'ok', store === 'ok'), checks: { redis, store } };
  }

  #status(redis: boolean, store: boolean): Readiness['status'] {
    if (!store) return 'unready';
    if (redis) return 'ok';
    return this.#context.degraded.possible ? 'degraded' : 'unready';
  }

  async #redis(): Promise<string> {
    const { link } = this.#context;
    if (!link.ready) return `no epoch is open: ${link.lastFailure}`;
    try {
      await link.ping();
      // Meeting a Redis that was restarted is how its ping learns that the epoch is over.
      return link.ready ? 'ok' : 'no epoch is open: Redis was restarted';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #store(): Promise<string> {
    const { clock, store } = this.#context;
    this.#storeLook ??= store.space
      .free()
      .then(
        () => 'ok',
        (error: unknown) => `the store cannot be reached: ${errnoOf(error)}`,
      )
      .finally(() => {
        this.#storeLook = null;
      });
    const timer = new AbortController();
    const late = clock.sleep(STORE_TIMEOUT_MS, timer.signal).then(
      () => 'the store does not answer',
      () => '',
    );
    try {
      return await Promise.race([this.#storeLook, late]);
    } finally {
      timer.abort();
    }
  }
}

function errnoOf(error: unknown): string {
  if (isParqueueError(error) && typeof error.details['errno'] === 'string') return error.details['errno'];
  return error instanceof Error ? error.message : String(error);
}

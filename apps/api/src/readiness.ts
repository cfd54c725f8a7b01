/** Whether this process can answer: Redis replies, the epoch is open, the store can be reached. Every look is bounded. */
import { stat } from 'node:fs/promises';
import type { ApiContext } from './context.ts';

export interface Readiness {
  readonly status: 'ok' | 'unready';
  /** `ok`, or what is wrong. */
  readonly checks: { readonly redis: string; readonly store: string };
}

/** A hung network filesystem blocks a thread of the pool per call; the next readiness check must not take another. */
const STORE_TIMEOUT_MS = 2_000;

export class ReadinessCheck {
  readonly #context: Pick<ApiContext, 'link' | 'store' | 'clock'>;
  #storeLook: Promise<string> | null = null;

  constructor(context: Pick<ApiContext, 'link' | 'store' | 'clock'>) {
    this.#context = context;
  }

  async check(): Promise<Readiness> {
    const [redis, store] = await Promise.all([this.#redis(), this.#store()]);
    return { status: redis === 'ok' && store === 'ok' ? 'ok' : 'unready', checks: { redis, store } };
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
    this.#storeLook ??= stat(store.root)
      .then(
        () => 'ok',
        (error: NodeJS.ErrnoException) => `the store cannot be reached: ${error.code ?? error.message}`,
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

/** Whether this process can answer: Redis replies, the epoch is open, the store can be reached. Every look is bounded. */
import type { ApiContext } from './context.ts';

export interface Readiness {
  readonly status: 'ok' | 'unready';
  /** `ok`, or what is wrong. */
  readonly checks: { readonly redis: string; readonly store: string };
}

export class ReadinessCheck {
  readonly #context: Pick<ApiContext, 'link' | 'storeReach'>;

  constructor(context: Pick<ApiContext, 'link' | 'storeReach'>) {
    this.#context = context;
  }

  async check(): Promise<Readiness> {
    const [redis, store] = await Promise.all([this.#redis(), this.#context.storeReach.ask()]);
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
}

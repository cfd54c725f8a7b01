/**
 * Whether this process can answer: Redis replies and takes what is written, the epoch is open, the store can be reached.
 * Every look is bounded. Without Redis, but with a store and a policy that allows answers from it alone, it is *degraded* and stays in rotation:
 * when Redis is away it is so for every process, and whoever takes all of them out of rotation answers nobody.
 */
import type { ApiContext } from './context.ts';

export interface Readiness {
  readonly status: 'ok' | 'degraded' | 'unready';
  /** `ok`, or what is wrong. */
  readonly checks: { readonly redis: string; readonly store: string };
}

export class ReadinessCheck {
  readonly #context: Pick<ApiContext, 'link' | 'storeReach' | 'degraded'>;

  constructor(context: Pick<ApiContext, 'link' | 'storeReach' | 'degraded'>) {
    this.#context = context;
  }

  async check(): Promise<Readiness> {
    const [redis, store] = await Promise.all([this.#redis(), this.#context.storeReach.ask()]);
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
      if (!link.ready) return 'no epoch is open: Redis was restarted';
      const refusal = await link.writeRefusal();
      return refusal === null ? 'ok' : `refuses to write: ${refusal}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

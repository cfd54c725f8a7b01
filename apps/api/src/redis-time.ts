/**
 * The clock of Redis, reckoned while Redis is away. Every age counts by that clock, and hosts' clocks differ; so it goes on
 * from the last reading, by whichever of this host's two clocks ran further: the wall clock is set back by people, the
 * monotonic one stands still while a machine sleeps. Rather ahead than behind: an answer is never taken for younger than it is.
 */
import type { Clock } from '@parqueue/core';

export class RedisTime {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #monotonicMs: () => number;
  #heard: { readonly redisMs: number; readonly wallMs: number; readonly monotonicMs: number } | null = null;

  constructor(clock: Pick<Clock, 'now'>, monotonicMs: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#monotonicMs = monotonicMs;
  }

  /** @param askedAtMs by this host's clock, before Redis was asked: what the reply took counts as gone by since */
  hear(redisMs: number, askedAtMs: number): void {
    const tookMs = Math.max(0, this.#clock.now() - askedAtMs);
    this.#heard = { redisMs, wallMs: askedAtMs, monotonicMs: this.#monotonicMs() - tookMs };
  }

  /** Null where this process never heard of Redis: then it knows no age. */
  nowMs(): number | null {
    if (this.#heard === null) return null;
    const { redisMs, wallMs, monotonicMs } = this.#heard;
    return redisMs + Math.max(0, this.#clock.now() - wallMs, this.#monotonicMs() - monotonicMs);
  }
}

/**
 * A server that answered before and does not now is being restarted: it is waited for, so long and no longer. One that
 * never answered is not: its address is wrong, or nobody started it, and who asks wants to hear so at once.
 */

/** In all, for a server to come back. */
export const RECONNECT_SECONDS = 30;
const FIRST_MS = 250;
const PAUSE_MS_MAX = 2000;

/** A quarter less or more, by chance: many who lost one server at the same time do not ask again at the same time. */
export function jittered(ms: number, chance: () => number): number {
  return ms * (0.75 + chance() / 2);
}

/** Of one server, as all calls of a client see it: the next one does not begin to wait anew for what stayed away. */
export class Absence {
  readonly #mostMs: number;
  readonly #now: () => number;
  readonly #chance: () => number;
  #known = false;
  #since: number | null = null;

  constructor(seconds: number, { now, chance }: { readonly now: () => number; readonly chance: () => number }) {
    this.#mostMs = seconds * 1000;
    this.#now = now;
    this.#chance = chance;
  }

  /** It answered. */
  over(): void {
    this.#known = true;
    this.#since = null;
  }

  /** For one call: ms to wait before each further attempt, longer each time, until it has been long enough. */
  *pauses(): Generator<number, void> {
    if (!this.#known) return;
    let slept = 0;
    for (let longer = FIRST_MS; ; longer = Math.min(longer * 2, PAUSE_MS_MAX)) {
      const pause = jittered(longer, this.#chance);
      this.#since ??= this.#now();
      if (Math.max(slept, this.#now() - this.#since) + pause > this.#mostMs) return;
      yield pause;
      slept += pause;
    }
  }
}

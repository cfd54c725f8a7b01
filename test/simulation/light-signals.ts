/**
 * AbortController and AbortSignal for the length of one seed: what the program uses of them, as plain objects. Node's own
 * are events with weak references, and a seed makes hundreds: they took a fifth of its time. A seed runs without a turn of
 * Node's loop, so nobody else ever meets these.
 */

type Listener = () => void;

/** Without a reason there is one for all: nobody reads its stack. */
const ABORTED = new DOMException('This operation was aborted', 'AbortError');

class LightSignal {
  aborted = false;
  reason: unknown = undefined;
  #listeners: Listener[] = [];
  /** Signals that abort with this one, after its own listeners were told. */
  #followers: LightSignal[] = [];

  static any(signals: readonly LightSignal[]): LightSignal {
    const follower = new LightSignal();
    const before = signals.find(({ aborted }) => aborted);
    if (before !== undefined) follower.abort(before.reason);
    else for (const signal of signals) signal.#followers.push(follower);
    return follower;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  /** Each is told once, since a signal aborts once. */
  addEventListener(_type: 'abort', listener: Listener): void {
    if (!this.aborted && !this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: Listener): void {
    const index = this.#listeners.indexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    const followers = this.#followers;
    this.#listeners = [];
    this.#followers = [];
    for (const listener of listeners) listener();
    for (const follower of followers) follower.abort(reason);
  }
}

class LightController {
  readonly signal = new LightSignal();

  abort(reason: unknown = ABORTED): void {
    this.signal.abort(reason);
  }
}

/** Runs `work`, all of it within one turn of Node's loop, with light signals in the place of Node's. */
export async function withLightSignals<T>(work: () => Promise<T>): Promise<T> {
  const { AbortController, AbortSignal } = globalThis;
  Object.assign(globalThis, { AbortController: LightController, AbortSignal: LightSignal });
  try {
    return await work();
  } finally {
    Object.assign(globalThis, { AbortController, AbortSignal });
  }
}

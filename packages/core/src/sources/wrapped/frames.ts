/**
 * Which loads the running code is part of. A wrapped function may call others; they must not wait for a place that it
 * holds itself, and it must not wait for its own key.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

interface Frame {
  readonly key: string;
  active: boolean;
}

export class Frames {
  readonly #frames = new AsyncLocalStorage<readonly Frame[]>();

  /** Whether the code that asks is part of a load that still runs; of this key's where one is named. */
  isInside(key?: string): boolean {
    const frames = this.#frames.getStore() ?? [];
    return frames.some((frame) => frame.active && (key === undefined || frame.key === key));
  }

  /** What the work leaves running behind (timers, sockets) is no longer inside when it ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const frame: Frame = { key, active: true };
    const outer = (this.#frames.getStore() ?? []).filter(({ active }) => active);
    try {
      return await this.#frames.run([...outer, frame], work);
    } finally {
      frame.active = false;
    }
  }
}

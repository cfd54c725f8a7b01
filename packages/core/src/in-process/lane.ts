/** Room for some jobs at a time; the others wait in the order in which they came. */
import { deferred, type Deferred } from '../model/deferred.ts';

export class Lane {
  readonly #runningMax: number;
  readonly #waiting: Deferred<void>[] = [];
  #running = 0;

  constructor(runningMax: number) {
    this.#runningMax = runningMax;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get hasRoom(): boolean {
    return this.#running < this.#runningMax;
  }

  /** @returns null where the signal aborted before there was room */
  async enter(signal: AbortSignal): Promise<Disposable | null> {
    if (signal.aborted) return null;
    if (this.hasRoom) {
      this.#running += 1;
      return this.#place();
    }
    const turn = deferred<void>();
    this.#waiting.push(turn);
    const leave = (): void => {
      const at = this.#waiting.indexOf(turn);
      if (at >= 0) this.#waiting.splice(at, 1);
      turn.reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      await turn.promise;
      return this.#place();
    } catch {
      return null;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** The place goes straight to the next in line, so nobody can slip in between. */
  #place(): Disposable {
    let left = false;
    return {
      [Symbol.dispose]: () => {
        if (left) return;
        left = true;
        const next = this.#waiting.shift();
        if (next === undefined) this.#running -= 1;
        else next.resolve();
      },
    };
  }
}

/**
 * The calls of wrapped functions that somebody waits for or works on in this process. A job carries a key and plain
 * values; what is to be run for it, with the arguments as the application gave them, is found here by its key.
 */
import { ParqueueError } from '../../model/errors.ts';

/** What a wrapped function is told of the load it runs for. */
export interface LoadContext {
  readonly key: string;
  /** What its version function gave before this load began; null where the function has none. */
  readonly version: unknown;
  /** Aborts when the load shall stop: its lease was lost, its time is over, or the application closes. */
  readonly signal: AbortSignal;
}

export interface WrappedCall {
  readonly name: string;
  /** Runs the application's function; gives rows, or a promise of them. */
  readonly load: (context: LoadContext) => unknown;
  /** Runs the application's version function. Null: there is none, each load has a version of its own. */
  readonly version: (() => unknown) | null;
  /** Surrounds all that runs of the application for one load, the steps of an iterable included. */
  readonly inside: <T>(context: LoadContext, work: () => T) => T;
}

interface Held {
  call: WrappedCall;
  holders: number;
}

export class Calls {
  readonly #held = new Map<string, Held>();

  /** Keeps the call until it is disposed of. A later call of the same key takes its place: their arguments are equal. */
  hold(key: string, call: WrappedCall): Disposable {
    const held = this.#held.get(key);
    if (held === undefined) this.#held.set(key, { call, holders: 1 });
    else {
      held.call = call;
      held.holders += 1;
    }
    return this.#release(key);
  }

  /** Holds what is held already, for a job that may outlive its callers. */
  holdAgain(key: string): Disposable {
    return this.hold(key, this.of(key));
  }

  of(key: string): WrappedCall {
    const held = this.#held.get(key);
    if (held !== undefined) return held.call;
    throw new ParqueueError('PQ_INTERNAL', `nobody in this process asks for ${key}`);
  }

  get size(): number {
    return this.#held.size;
  }

  #release(key: string): Disposable {
    let released = false;
    return {
      [Symbol.dispose]: () => {
        const held = this.#held.get(key);
        if (released || held === undefined) return;
        released = true;
        held.holders -= 1;
        if (held.holders === 0) this.#held.delete(key);
      },
    };
  }
}

/**
 * One request for all who want the same at the same time, and still nobody is answered by work older than the own ask:
 * whoever comes before the request went out shares it. Whoever comes later waits for its end and then looks at what it
 * brought, again together with all others who wait: one small conditional request, or none within `maxAge`. Each
 * caller leaves by its own signal; when the last one left, the request is given up.
 */
import { onAbort } from '../ambient.ts';
import type { FillStatus } from '../types.ts';
import { loadProgress, type Progress } from './options.ts';

export interface FlightOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onWait?: ((fill: FillStatus) => void) | undefined;
}

/** What the one who does the work is given. */
export interface FlightContext<T> {
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
  /** What the flight before this one brought, where it brought something. */
  readonly before: T | null;
  /** The request goes out now. */
  readonly sends: () => void;
  readonly onBytes: (bytes: number, total: number | null) => void;
  readonly onWait: (fill: FillStatus) => void;
}

export type Work<T> = (context: FlightContext<T>) => Promise<T>;

export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** @throws whatever the work throws; the signal's reason, whatever a callback throws */
  async share(id: string, options: FlightOptions, work: Work<T>): Promise<T> {
    options.signal?.throwIfAborted();
    const current = this.#flights.get(id);
    const flight = current === undefined || current.isAbandoned ? this.#begin(id, new Flight(work)) : current;
    if (!flight.isSent) return flight.join(options);
    if (flight.next === null || flight.next.isAbandoned) flight.next = new Flight(work);
    return flight.next.join(options);
  }

  /** Those under way are not joined any more: what they bring may be what was just dropped. */
  forget(): void {
    this.#flights.clear();
  }

  #begin(id: string, flight: Flight<T>, before: T | null = null): Flight<T> {
    this.#flights.set(id, flight);
    const ended = (brought: T | null): void => {
      const isCurrent = this.#flights.get(id) === flight;
      if (isCurrent) this.#flights.delete(id);
      if (flight.next === null) return;
      // One that was forgotten brings nothing that a later one may build on.
      if (isCurrent) this.#begin(id, flight.next, brought);
      else void flight.next.run(null).catch(() => undefined);
    };
    flight.run(before).then(ended, () => ended(null));
    return flight;
  }
}

interface Caller {
  readonly options: FlightOptions;
  readonly leave: (error: unknown) => void;
}

class Flight<T> {
  isSent = false;
  next: Flight<T> | null = null;
  readonly #work: Work<T>;
  readonly #controller = new AbortController();
  readonly #callers = new Set<Caller>();
  readonly #result = deferred<T>();

  constructor(work: Work<T>) {
    this.#work = work;
    // Everybody may have left before it failed.
    this.#result.promise.catch(() => undefined);
  }

  /** Everybody left. */
  get isAbandoned(): boolean {
    return this.#controller.signal.aborted;
  }

  async run(before: T | null): Promise<T> {
    const context: FlightContext<T> = {
      signal: this.#controller.signal,
      before,
      sends: () => {
        this.isSent = true;
      },
      onBytes: (bytes, bytesTotal) =>
        this.#tell(({ onProgress }) => onProgress?.({ kind: 'transfer', bytes, bytesTotal })),
      onWait: (fill) =>
        this.#tell(({ onProgress, onWait }) => {
          onWait?.(fill);
          onProgress?.(loadProgress(fill));
        }),
    };
    try {
      // In a later turn: whoever asks in the same one shares.
      await Promise.resolve();
      this.#controller.signal.throwIfAborted();
      const value = await this.#work(context);
      this.#result.resolve(value);
      return value;
    } catch (error) {
      this.#result.reject(error);
      throw error;
    }
  }

  async join(options: FlightOptions): Promise<T> {
    const { signal } = options;
    const left = deferred<never>();
    const caller: Caller = { options, leave: left.reject };
    left.promise.catch(() => undefined);
    this.#callers.add(caller);
    const stay = onAbort(signal, () => left.reject(signal?.reason));
    try {
      return await Promise.race([this.#result.promise, left.promise]);
    } finally {
      stay();
      this.#callers.delete(caller);
      if (this.#callers.size === 0) this.#controller.abort(new Error('nobody waits for this any more'));
    }
  }

  /** What one caller's callback throws is that caller's failure alone. */
  #tell(tell: (options: FlightOptions) => void): void {
    for (const caller of this.#callers) {
      try {
        tell(caller.options);
      } catch (error) {
        caller.leave(error);
      }
    }
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> = { resolve: () => undefined, reject: () => undefined };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

/**
 * Probes of parts that run in this process now: whoever needs such a part waits for its end instead of asking the source a
 * second time. An optimisation; what satisfies a caller is decided by the records alone.
 */
import { deferred } from './model/deferred.ts';
import type { Failure } from './model/errors.ts';
import type { PartQuestion } from './model/parts.ts';
import type { Tick } from './model/ticks.ts';

/** `found`: its records are written. `nothing`: it was stopped, or broke in this process; that says nothing of the source. */
export type PartFlightEnd =
  | { readonly kind: 'found' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'nothing' };

export class PartFlight {
  readonly asked: string;
  readonly targets: ReadonlySet<string>;
  readonly #tick = deferred<Tick | null>();
  readonly #end = deferred<PartFlightEnd>();

  constructor({ asked, targets }: PartQuestion) {
    this.asked = asked;
    this.targets = new Set(targets);
  }

  /** Its tick is known; the source is not touched yet. */
  took(tick: Tick): void {
    this.#tick.resolve(tick);
  }

  land(end: PartFlightEnd): void {
    this.#tick.resolve(null);
    this.#end.resolve(end);
  }

  /** How it ended, for somebody whom only a later tick than `after` can serve. It may have begun too early: `nothing`. */
  async ending(after: Tick): Promise<PartFlightEnd> {
    const tick = await this.#tick.promise;
    return tick === null || tick > after ? await this.#end.promise : { kind: 'nothing' };
  }
}

export class PartFlights {
  readonly #flights = new Set<PartFlight>();

  over({ asked, targets }: PartQuestion): readonly PartFlight[] {
    return [...this.#flights].filter(
      (flight) => flight.asked === asked && targets.some((target) => flight.targets.has(target)),
    );
  }

  /** Seen by others from now on; `run` lands it, or it is landed with nothing. */
  async fly<T>(question: PartQuestion, run: (flight: PartFlight) => Promise<T>): Promise<T> {
    const flight = new PartFlight(question);
    this.#flights.add(flight);
    try {
      return await run(flight);
    } finally {
      flight.land({ kind: 'nothing' });
      this.#flights.delete(flight);
    }
  }
}

/**
 * One waiter per job and process, however many callers: they share the subscription and the re-reads, each with a
 * deadline of its own. When the last one leaves, the waiting stops; the job goes on.
 */
import { deferred } from './model/deferred.ts';
import type { Outcome } from './model/job.ts';
import type { Clock } from './ports/clock.ts';
import type { JobRef } from './ports/work.ts';

export interface FlightWork {
  /** Called with each job that stands for the work, first and again when it vanished and was enqueued anew. */
  readonly onJob: (ref: JobRef) => void;
  readonly signal: AbortSignal;
}

export type Landing =
  /** `sharedFlight`: other callers of this process waited with this one. */
  | { readonly kind: 'landed'; readonly outcome: Outcome; readonly ref: JobRef; readonly sharedFlight: boolean }
  | { readonly kind: 'deadline'; readonly ref: JobRef };

/** Given to signals: without a reason, each would be an exception with its stack. */
const LEFT = 'the caller left';
const NOBODY_WAITS = new Error('nobody waits any more');

class Flight {
  readonly outcome: Promise<Outcome>;
  readonly firstJob: Promise<JobRef>;
  readonly abort = new AbortController();
  callers = 0;
  ref: JobRef | null = null;

  constructor(start: (work: FlightWork) => Promise<Outcome>) {
    const first = deferred<JobRef>();
    this.firstJob = first.promise;
    this.outcome = start({
      signal: this.abort.signal,
      onJob: (ref) => {
        this.ref = ref;
        first.resolve(ref);
      },
    });
    // A start that fails before it has a job must not leave callers waiting for one; both rejections are observed.
    this.outcome.catch((error: unknown) => first.reject(error));
    this.firstJob.catch(() => undefined);
  }
}

export class Flights {
  readonly #flights = new Map<string, Flight>();

  /**
   * Joins the flight `id`, or starts it.
   * @throws whatever the flight's work throws, or the signal's reason
   */
  async join(
    id: string,
    start: (work: FlightWork) => Promise<Outcome>,
    until: { readonly clock: Clock; readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<Landing> {
    const known = this.#flights.get(id);
    const flight = known ?? this.#take(id, start);
    flight.callers += 1;
    const timer = new AbortController();
    try {
      const first = await orAborted(flight.firstJob, until.signal);
      const deadline = until.clock.sleep(until.waitMs, timer.signal).then(
        () => null,
        () => null,
      );
      const outcome = await orAborted(Promise.race([flight.outcome, deadline]), until.signal);
      if (outcome === null) return { kind: 'deadline', ref: flight.ref ?? first };
      return { kind: 'landed', outcome, ref: first, sharedFlight: known !== undefined };
    } finally {
      timer.abort(LEFT);
      flight.callers -= 1;
      if (flight.callers === 0) this.#leave(id, flight);
    }
  }

  #take(id: string, start: (work: FlightWork) => Promise<Outcome>): Flight {
    const flight = new Flight(start);
    this.#flights.set(id, flight);
    // A landed flight takes no further callers: a later one must look for itself.
    const forget = () => {
      if (this.#flights.get(id) === flight) this.#flights.delete(id);
    };
    flight.outcome.then(forget, forget);
    return flight;
  }

  #leave(id: string, flight: Flight): void {
    if (this.#flights.get(id) === flight) this.#flights.delete(id);
    flight.abort.abort(NOBODY_WAITS);
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

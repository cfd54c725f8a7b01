/**
 * One connection in the hands of one piece of work. Every call to the database goes through `call`, which gives it a
 * time limit, interrupts it when the work is aborted or out of time, turns errors into coded ones, and remembers whether
 * the connection may be used again: after an interrupt, a lost socket or a defect its state is unknown, and it is closed.
 *
 * A server that lives answers an interrupt. One that does not would hold the call for ever: after HUNG_MS the socket is
 * cut, and where the driver has no way to do that, the call is given up and the thread with its sockets is recycled.
 */
import { isParqueueError, ParqueueError } from '../../model/errors.ts';
import { cancelled } from '../../parquet/hashed-file.ts';
import type { Calls, SqlDriver, Use } from './driver.ts';
import { endsSession, faultKindOf, sourceError } from './faults.ts';

/** How long an interrupted call may take to end. */
const HUNG_MS = 5000;

/** The longest that a timer can be set to. */
export const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export type { Use } from './driver.ts';

export interface SessionOf<C> {
  readonly connection: C;
  readonly driver: SqlDriver<C>;
  readonly use: Use;
  readonly giveBack: (connection: C, usable: boolean) => Promise<void>;
}

export class Session<C> implements Calls<C>, AsyncDisposable {
  readonly #of: SessionOf<C>;
  #usable = true;
  #given = false;
  #transaction = false;
  #running = 0;

  constructor(of: SessionOf<C>) {
    this.#of = of;
  }

  /** @throws ParqueueError; what `work` throws is coded, see faults.ts */
  async call<T>(work: (connection: C) => Promise<T>): Promise<T> {
    const { connection, driver, use } = this.#of;
    const { signal } = use;
    if (signal.aborted) throw cancelled(signal);
    const leftMs = this.leftMs;
    if (leftMs <= 0) throw timedOut();
    driver.limitCall(connection, leftMs);
    const ended = new AbortController();
    let onAbort = (): void => undefined;
    const givenUp = new Promise<never>((_, reject) => {
      onAbort = () => void this.#interrupt(ended.signal).catch(reject);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    this.#running += 1;
    try {
      const value = await Promise.race([work(connection), givenUp]);
      if (signal.aborted) throw cancelled(signal);
      return value;
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#running -= 1;
      // Nobody else waits for it, and making the error of an abort costs more than a small call.
      if (signal.aborted) ended.abort();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Until the deadline of this use, at most what a timer can be set to. */
  get leftMs(): number {
    const { deadlineMs, clock } = this.#of.use;
    return Math.min(Math.ceil(deadlineMs - clock.now()), TIMEOUT_MS_MAX);
  }

  /** Begins the one transaction of this use; it is rolled back when the session is given back. */
  async transact(begin: (connection: C) => Promise<unknown>): Promise<void> {
    this.#transaction = true;
    await this.call(begin);
  }

  /** Ends a transaction in which nothing was written. */
  async rollback(): Promise<void> {
    await this.call((connection) => this.#of.driver.rollback(connection));
    this.#transaction = false;
  }

  /** The connection will be closed, whatever comes. What it still runs for us is broken off. */
  spoil(): void {
    const { connection, driver } = this.#of;
    this.#usable = false;
    if (this.#running > 0) void driver.interrupt(connection).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#given) return;
    this.#given = true;
    if (this.#usable && this.#transaction) {
      try {
        await this.rollback();
      } catch {
        // An aborted use or a lost connection: it is closed, and the server rolls back.
        this.#usable = false;
      }
    }
    await this.#of.giveBack(this.#of.connection, this.#usable);
  }

  /** @throws ParqueueError where the call does not end within HUNG_MS and its socket cannot be cut */
  async #interrupt(ended: AbortSignal): Promise<void> {
    this.#usable = false;
    const { connection, driver, use } = this.#of;
    // A connection that broke meanwhile cannot be told: its call ends with an error of its own.
    void driver.interrupt(connection).catch(() => undefined);
    try {
      await use.clock.sleep(HUNG_MS, ended);
    } catch {
      return;
    }
    if (driver.destroy !== null) return driver.destroy(connection);
    const { code, message, details, retryable } = cancelled(use.signal);
    throw new ParqueueError(code, message, { details: { ...details, recycleThread: true }, retryable });
  }

  #failure(error: unknown): unknown {
    const { driver, use } = this.#of;
    const { signal, redact } = use;
    const coded = sourceError(error, redact, (thrown) => driver.faultOf(thrown));
    if (signal.aborted) {
      this.#usable = false;
      // Whatever the interrupt made of the call, the abort is why it ended.
      return isParqueueError(coded) && coded.details['recycleThread'] === true ? coded : cancelled(signal);
    }
    if (isParqueueError(coded)) {
      const kind = faultKindOf(coded);
      if (kind === 'call-timeout') {
        this.#usable = false;
        return timedOut();
      }
      if (endsSession(kind)) this.#usable = false;
      return coded;
    }
    this.#usable = false;
    return new ParqueueError('PQ_INTERNAL', `using the database failed: ${redact(messageOf(coded))}`, { cause: coded });
  }
}

export function timedOut(): ParqueueError {
  return new ParqueueError('PQ_FILL_TIMEOUT', 'the database took longer than limits.fillTimeout allows the load');
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

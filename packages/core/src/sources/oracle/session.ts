/**
 * One connection in the hands of one piece of work. Every call to the database goes through `call`, which gives it a
 * time limit, breaks it when the work is aborted, turns errors into coded ones, and remembers whether the connection
 * may be used again: after a break, a lost socket or a defect its state is unknown, and it is closed.
 *
 * A break is answered by a server that lives. One that does not answer would hold the call for ever, as the driver has
 * no way to cut a socket: after HUNG_MS the call is given up, and the thread with its sockets is to be recycled.
 */
import type { Connection } from 'oracledb';
import { isParqueueError, ParqueueError } from '../../model/errors.ts';
import { cancelled } from '../../parquet/hashed-file.ts';
import type { Clock } from '../../ports/clock.ts';
import { endsSession, faultKindOf, sourceError, type Redact } from './faults.ts';

/** How long a broken call may take to end. */
const HUNG_MS = 5000;

/** The longest that a timer can be set to. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** What one piece of work brings along. */
export interface Use {
  readonly signal: AbortSignal;
  /** By `clock`. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly redact: Redact;
  /** For those who look at V$SESSION. */
  readonly action: 'probe' | 'fill';
}

export class Session implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #use: Use;
  readonly #giveBack: (connection: Connection, usable: boolean) => Promise<void>;
  #usable = true;
  #given = false;
  #transaction = false;
  #running = 0;

  constructor(connection: Connection, use: Use, giveBack: (connection: Connection, usable: boolean) => Promise<void>) {
    this.#connection = connection;
    this.#use = use;
    this.#giveBack = giveBack;
    connection.module = 'parqueue';
    connection.action = use.action;
  }

  /** @throws ParqueueError; what `work` throws is coded, see faults.ts */
  async call<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const { signal, clock, deadlineMs } = this.#use;
    if (signal.aborted) throw cancelled(signal);
    const leftMs = Math.ceil(deadlineMs - clock.now());
    if (leftMs <= 0) throw timedOut();
    this.#connection.callTimeout = Math.min(leftMs, TIMEOUT_MS_MAX);
    const ended = new AbortController();
    let onAbort = (): void => undefined;
    const givenUp = new Promise<never>((_, reject) => {
      onAbort = () => void this.#break(ended.signal).catch(reject);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    this.#running += 1;
    try {
      const value = await Promise.race([work(this.#connection), givenUp]);
      if (signal.aborted) throw cancelled(signal);
      return value;
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#running -= 1;
      ended.abort();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /**
   * Begins the one transaction of this use; it is rolled back when the session is given back.
   * @returns false where the database refuses it: then each statement shows a point in time of its own
   */
  async beginReadOnly(): Promise<boolean> {
    this.#transaction = true;
    try {
      await this.call((connection) => connection.execute('SET TRANSACTION READ ONLY'));
      return true;
    } catch (error) {
      const kind = faultKindOf(error);
      if (kind !== 'rejected' && kind !== 'privileges') throw error;
      return false;
    }
  }

  /** Ends a transaction in which nothing was written. */
  async rollback(): Promise<void> {
    await this.call((connection) => connection.rollback());
    this.#transaction = false;
  }

  /** The connection will be closed, whatever comes. What it still runs for us is broken off. */
  spoil(): void {
    this.#usable = false;
    if (this.#running > 0) void this.#connection.break().catch(() => undefined);
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
    await this.#giveBack(this.#connection, this.#usable);
  }

  /** @throws ParqueueError where the call does not end within HUNG_MS of the break */
  async #break(ended: AbortSignal): Promise<void> {
    this.#usable = false;
    const { clock, signal } = this.#use;
    // A connection that broke meanwhile cannot be told: its call ends with an error of its own.
    void this.#connection.break().catch(() => undefined);
    try {
      await clock.sleep(HUNG_MS, ended);
    } catch {
      return;
    }
    const { code, message, details, retryable } = cancelled(signal);
    throw new ParqueueError(code, message, { details: { ...details, recycleThread: true }, retryable });
  }

  #failure(error: unknown): unknown {
    const { signal, redact } = this.#use;
    const coded = sourceError(error, redact);
    if (signal.aborted) {
      this.#usable = false;
      // Whatever the break made of the call, the abort is why it ended.
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

function timedOut(): ParqueueError {
  return new ParqueueError('PQ_FILL_TIMEOUT', 'the database took longer than limits.fillTimeout allows the load');
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

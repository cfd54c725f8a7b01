/**
 * The connections of one source in one worker thread: made when needed, kept for a while, at most `max`. The drivers'
 * own pools are not used: node-oracledb's (Thin mode, 26.0.0) takes a connection back although it was told to drop it,
 * an interrupt pending included, and makes connections one after the other behind whichever hangs; and one pool for all
 * drivers has one behaviour under abort, deadline and loss.
 */
import { ParqueueError } from '../../model/errors.ts';
import { cancelled } from '../../parquet/hashed-file.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SqlDriver } from './driver.ts';
import { ofKind, sourceError } from './faults.ts';
import { Session, timedOut, TIMEOUT_MS_MAX, type Use } from './session.ts';

export interface SessionPoolOptions<C> {
  readonly driver: SqlDriver<C>;
  readonly max: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** Idle connections are closed after this: they cost the database a process each. */
const IDLE_MS = 60_000;

/** A connection idle for longer is asked whether it lives before it is used. */
const PING_AFTER_MS = 5000;

/** One that does not answer that within this is given up: a firewall may have forgotten it without telling anyone. */
const PING_MS = 5000;

/** A connection that does not end its conversation within this is left to itself. */
const CLOSE_MS = 2000;

interface Idle<C> {
  readonly connection: C;
  readonly sinceMs: number;
}

export class SessionPool<C> implements AsyncDisposable {
  readonly #options: SessionPoolOptions<C>;
  readonly #idle: Idle<C>[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #closed = new AbortController();
  #open = 0;
  #sweeping = false;

  constructor(options: SessionPoolOptions<C>) {
    this.#options = options;
  }

  /** Connections there are, those being made included. For tests and diagnostics. */
  get size(): { readonly open: number; readonly idle: number } {
    return { open: this.#open, idle: this.#idle.length };
  }

  /** @throws ParqueueError PQ_SOURCE_UNAVAILABLE, PQ_SOURCE_REJECTED (credentials), PQ_CANCELLED, PQ_FILL_TIMEOUT */
  async take(use: Use): Promise<Session<C>> {
    const session = await this.#connection(use);
    try {
      await this.#options.driver.beginUse(session, use, session.leftMs);
      return session;
    } catch (error) {
      session.spoil();
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #connection(use: Use): Promise<Session<C>> {
    for (;;) {
      if (use.signal.aborted || use.clock.now() >= use.deadlineMs) {
        // What it may have been woken for is somebody else's.
        this.#wake();
        throw use.signal.aborted ? cancelled(use.signal) : timedOut();
      }
      const idle = this.#idle.pop();
      if (idle !== undefined) {
        const session = await this.#revived(idle, use);
        if (session !== null) return session;
        continue;
      }
      if (this.#open < this.#options.max) return await this.#made(use);
      await this.#freed(use);
    }
  }

  /** Idle connections are closed now, those in use when they are given back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await Promise.all(this.#idle.splice(0).map(({ connection }) => this.#drop(connection)));
  }

  #sessionOf(connection: C, use: Use): Session<C> {
    const { driver } = this.#options;
    return new Session({ connection, driver, use, giveBack: (given, usable) => this.#takeBack(given, usable) });
  }

  async #revived({ connection, sinceMs }: Idle<C>, use: Use): Promise<Session<C> | null> {
    const { driver } = this.#options;
    const session = this.#sessionOf(connection, use);
    if (!driver.isHealthy(connection)) session.spoil();
    else if (this.#options.clock.now() - sinceMs < PING_AFTER_MS) return session;
    else {
      try {
        await inTime(
          session.call((idle) => driver.ping(idle)),
          { ms: PING_MS, clock: use.clock, driver },
        );
        return session;
      } catch (error) {
        if (use.signal.aborted) {
          await session[Symbol.asyncDispose]();
          throw error;
        }
        session.spoil();
      }
    }
    await session[Symbol.asyncDispose]();
    return null;
  }

  async #made(use: Use): Promise<Session<C>> {
    const { driver } = this.#options;
    this.#open += 1;
    let connection: C;
    try {
      connection = await this.#connected(use);
    } catch (error) {
      throw sourceError(error, use.redact, (thrown) => driver.faultOf(thrown));
    }
    const session = this.#sessionOf(connection, use);
    try {
      await inTime(driver.setUp(session), { ms: this.#logonMs, clock: use.clock, driver });
      return session;
    } catch (error) {
      session.spoil();
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The driver has its own limit on the network's part; this one is on logging on as well. */
  get #logonMs(): number {
    return this.#options.connectTimeoutMs * 2;
  }

  /**
   * The driver cannot be told to stop connecting: a connection that comes too late is closed when it comes. It may never
   * come, so its place is given up after the limit.
   */
  async #connected({ signal, clock }: Use): Promise<C> {
    const connecting = this.#options.driver.connect();
    const limited = inTime(connecting, { ms: this.#logonMs, clock, driver: this.#options.driver });
    const settled = new AbortController();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(cancelled(signal)), { once: true, signal: settled.signal });
    });
    try {
      return await Promise.race([limited, aborted]);
    } catch (error) {
      void connecting.then(
        (late) => this.#close(late),
        () => undefined,
      );
      const free = (): void => this.#gone();
      void limited.then(free, free);
      throw error;
    } finally {
      settled.abort();
    }
  }

  async #takeBack(connection: C, usable: boolean): Promise<void> {
    if (!usable || this.#closed.signal.aborted || !this.#options.driver.isHealthy(connection))
      return await this.#drop(connection);
    this.#idle.push({ connection, sinceMs: this.#options.clock.now() });
    this.#wake();
    void this.#sweep();
  }

  /** Runs while there are idle connections; one that is not used again is closed between one and two IDLE_MS later. */
  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    const { clock } = this.#options;
    try {
      while (this.#idle.length > 0) {
        await clock.sleep(IDLE_MS, this.#closed.signal);
        const nowMs = clock.now();
        const stale = this.#idle.filter(({ sinceMs }) => nowMs - sinceMs >= IDLE_MS);
        for (const idle of stale) this.#idle.splice(this.#idle.indexOf(idle), 1);
        await Promise.all(stale.map(({ connection }) => this.#drop(connection)));
      }
    } catch {
      // The pool was closed, and its idle connections with it.
    } finally {
      this.#sweeping = false;
    }
  }

  async #drop(connection: C): Promise<void> {
    await this.#close(connection);
    this.#gone();
  }

  async #close(connection: C): Promise<void> {
    const closed = new AbortController();
    const { driver, clock } = this.#options;
    const closing = driver.close(connection).then(
      () => closed.abort(),
      // It was closed or broken already.
      () => closed.abort(),
    );
    const late = clock.sleep(CLOSE_MS, closed.signal).then(
      () => driver.destroy?.(connection),
      () => undefined,
    );
    await Promise.race([closing, late]);
  }

  #gone(): void {
    this.#open -= 1;
    this.#wake();
  }

  #wake(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    this.#waiting.delete(first);
    first();
  }

  /** Until a place may be free, or the use is over: two loads by several sessions may wait for each other's. */
  async #freed({ signal, deadlineMs, clock }: Use): Promise<void> {
    const settled = new AbortController();
    let free = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      free = resolve;
    });
    this.#waiting.add(free);
    const ms = Math.min(Math.max(0, deadlineMs - clock.now()), TIMEOUT_MS_MAX);
    const over = clock.sleep(ms, AbortSignal.any([signal, settled.signal])).catch(() => undefined);
    try {
      await Promise.race([woken, over]);
    } finally {
      this.#waiting.delete(free);
      settled.abort();
    }
  }
}

interface Limit {
  readonly ms: number;
  readonly clock: Clock;
  readonly driver: { readonly destroy: unknown };
}

/** @throws ParqueueError PQ_SOURCE_UNAVAILABLE where it takes longer than `ms`; the work goes on. */
async function inTime<T>(work: Promise<T>, { ms, clock, driver }: Limit): Promise<T> {
  const settled = new AbortController();
  const late = clock.sleep(ms, settled.signal).then(
    () => Promise.reject(tooSlow(ms, driver.destroy === null)),
    // Settled: the other one decides.
    () => work,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    settled.abort();
  }
}

function tooSlow(ms: number, recycleThread: boolean): ParqueueError {
  // Not tried again at once. Where the driver cannot cut a socket, this one ends with the thread only.
  const error = new ParqueueError('PQ_SOURCE_UNAVAILABLE', `the database did not log us on within ${ms} ms`, {
    details: recycleThread ? { recycleThread } : {},
  });
  return ofKind('unavailable', error);
}

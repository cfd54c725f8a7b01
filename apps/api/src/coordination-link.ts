/**
 * The API's tie to Redis: connects, opens the epoch, and keeps trying in the background while Redis is away or has
 * forgotten. Requests never wait for that: without an epoch they hear PQ_COORDINATION_DOWN at once. The first of them
 * to meet a Redis that is away waits for it as long as the connection is given; then the link is closed until the
 * background has reached Redis again.
 */
import { Epochs, ParqueueError, Resolver, isParqueueError, withLooksOfATurn } from '@parqueue/core';
import type { Clock, OnStep, RandomId } from '@parqueue/core';
import type { Coordination } from '@parqueue/core/redis';
import type { FileStore } from '@parqueue/core/store';
import type { Logger } from 'pino';

export interface Live {
  readonly coordination: Coordination;
  readonly epochs: Epochs;
  readonly resolver: Resolver;
}

export interface LinkOptions {
  readonly connect: () => Promise<Coordination>;
  readonly store: FileStore;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly waitersMax: number;
  readonly onStep: OnStep;
  readonly log: Logger;
}

const RETRY_FIRST_MS = 250;
/** Also how long callers may go without Redis when it is back. */
const RETRY_MAX_MS = 1_000;
const PING_TIMEOUT_MS = 1_000;

export class CoordinationLink {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  #live: Live | null = null;
  #ready = false;
  #lastFailure = 'not connected yet';
  #keeper: Promise<void> | null = null;
  #suspicion: Promise<void> | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /**
   * Tries once and then goes on trying in the background.
   * @throws ParqueueError PQ_CONFIG at once: another Redis or store is meant, and no retry will change that.
   */
  async start(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      if (isParqueueError(error) && error.code === 'PQ_CONFIG') throw error;
      this.#note(error);
      this.#keep();
    }
  }

  /** The connection as it is, whether or not an epoch is open; null before there is one. */
  get coordination(): Coordination | null {
    return this.#live?.coordination ?? null;
  }

  /** Epoch open and not known to be lost. */
  get ready(): boolean {
    return this.#ready;
  }

  get lastFailure(): string {
    return this.#lastFailure;
  }

  /** Callers that wait for work in this process. */
  get waiters(): number {
    return this.#live?.resolver.waiters ?? 0;
  }

  /** @throws ParqueueError PQ_COORDINATION_DOWN */
  current(): Live {
    if (this.#live !== null && this.#ready) return this.#live;
    throw new ParqueueError('PQ_COORDINATION_DOWN', 'Redis cannot be used at the moment; ask again shortly', {
      details: { retryAfterMs: 2_000 },
    });
  }

  /** Runs coordination work; when the epoch is lost under it, opens the next and runs it again. */
  async run<T>(work: (live: Live) => Promise<T>): Promise<T> {
    const live = this.current();
    try {
      return await live.epochs.run(() => work(live));
    } catch (error) {
      this.suspect(error);
      throw error;
    }
  }

  /**
   * Told what an ask failed with. Where Redis is away, nobody else waits for it until it is found again. It may be away for
   * somebody else, whose job failed for it: then it answers here, and nothing is closed.
   */
  suspect(error: unknown): void {
    if (!this.#ready || !isParqueueError(error) || error.code !== 'PQ_COORDINATION_DOWN') return;
    this.#suspicion ??= this.#closeUnlessItAnswers(error).finally(() => {
      this.#suspicion = null;
    });
  }

  async #closeUnlessItAnswers(error: unknown): Promise<void> {
    if (await this.answers()) return;
    this.#ready = false;
    this.#note(error);
    this.#keep();
  }

  /** @throws whatever Redis answers, and when it does not within a second */
  async ping(): Promise<void> {
    await this.#promptly((coordination) => coordination.ping());
  }

  /** Why Redis refuses to write, in its own words; null where it does not. @throws as `ping` */
  async writeRefusal(): Promise<string | null> {
    return await this.#promptly((coordination) => coordination.writeRefusal());
  }

  async #promptly<T>(ask: (coordination: Coordination) => Promise<T>): Promise<T> {
    const { coordination } = this.current();
    const timer = new AbortController();
    const late = this.#options.clock.sleep(PING_TIMEOUT_MS, timer.signal).then(() => {
      throw new ParqueueError('PQ_COORDINATION_DOWN', `Redis did not answer within ${PING_TIMEOUT_MS} ms`);
    });
    // Nobody hears it where Redis was quicker.
    late.catch(() => undefined);
    try {
      return await Promise.race([ask(coordination), late]);
    } finally {
      timer.abort();
    }
  }

  /** Whether Redis replies now and the epoch is open. `ready` alone stays true while nobody is there who denies it. */
  async answers(): Promise<boolean> {
    try {
      await this.ping();
      return this.#ready;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the API is stopping'));
    await this.#suspicion;
    await this.#keeper;
    const live = this.#live;
    this.#live = null;
    this.#ready = false;
    await live?.coordination.close();
  }

  async #open(): Promise<void> {
    this.#live ??= await this.#connect();
    await this.#live.epochs.open();
    this.#ready = true;
  }

  async #connect(): Promise<Live> {
    const { connect, store, clock, randomId, onStep, waitersMax } = this.#options;
    const coordination = await connect();
    const { register, pins, jobs, notices } = coordination;
    const heads = withLooksOfATurn(coordination.heads);
    const epochs = new Epochs({ register, store: store.epochs, clock, randomId, onStep });
    register.onLost(() => {
      this.#ready = false;
      this.#keep();
    });
    return {
      coordination,
      epochs,
      resolver: new Resolver({ heads, pins, jobs, notices, clock, randomId, epochs, onStep, waitersMax }),
    };
  }

  /** At most one loop tries at a time. */
  #keep(): void {
    if (this.#closing.signal.aborted) return;
    this.#keeper ??= this.#tryUntilOpen().finally(() => {
      this.#keeper = null;
      // Lost again, or found silent, between its last look and here: whoever noticed met this loop, and began none.
      if (!this.#ready) this.#keep();
    });
  }

  async #tryUntilOpen(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#closing;
    for (let pauseMs = RETRY_FIRST_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, RETRY_MAX_MS)) {
      try {
        await this.#open();
        this.#lastFailure = 'none';
        log.info('the epoch is open');
        return;
      } catch (error) {
        this.#note(error);
      }
      await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  /** Told once for as long as it is the same. */
  #note(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#lastFailure !== reason) this.#options.log.warn({ reason }, 'Redis cannot be used');
    this.#lastFailure = reason;
  }
}

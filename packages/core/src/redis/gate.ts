/**
 * The gate every coordination command passes (I11). It knows two things: the `run_id` of the process at the other end of
 * the connection, asked for by hand as the first command of each connection, and the marker this process adopted.
 *
 *     closed ──connect──▶ connected ──INFO──▶ identified ──close──▶ closed …
 *
 * Only an identified connection carries commands, and a script leaves only when the run_id is the marker's. The schedule
 * this forbids: commit is sent; Redis is killed and comes back with its data of a second ago; the client reconnects and
 * sends the commit again; it succeeds under a fence that the lost second granted to somebody else.
 *
 * What broke with its connection is sent once more by the gate itself, after that same comparison; every step may be
 * repeated. If Redis stays away, callers hear PQ_COORDINATION_DOWN within `reconnectMs`.
 */
import type { Redis } from 'ioredis';
import type { Clock } from '../ports/clock.ts';
import { EpochLost, isEpochLost } from '../ports/coordination.ts';
import type { Marker } from '../ports/epochs.ts';
import { within } from './bounded.ts';
import { withoutCredentials } from './connection.ts';
import { deferred, type Deferred } from '../model/deferred.ts';
import {
  coordinationDown,
  coordinationFailure,
  isBrokenConnection,
  isEpochLostReply,
  isMissingScript,
} from './failures.ts';
import { KEYS } from './keys.ts';
import { SCRIPTS, type ScriptName } from './scripts.ts';

export interface GateOptions {
  readonly redis: Redis;
  readonly url: string;
  readonly clock: Clock;
  /** How long a command waits for a connection. */
  readonly reconnectMs: number;
}

type Argument = string | number;

export class RedisGate {
  readonly #redis: Redis;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #reconnectMs: number;
  readonly #lostListeners = new Set<() => void>();
  /** run_id of the process behind the connection; null until it is identified. */
  #runId: string | null = null;
  #identified = deferred<void>();
  #lastError = 'not connected yet';
  /** The socket whose commands of this turn of the event loop are held together. */
  #gathering: Redis['stream'] | null = null;
  #marker: Marker | null = null;
  #closed = false;

  constructor({ redis, url, clock, reconnectMs }: GateOptions) {
    this.#redis = redis;
    this.#name = withoutCredentials(url);
    this.#clock = clock;
    this.#reconnectMs = reconnectMs;
    redis.on('ready', () => {
      void this.#identify();
    });
    redis.on('error', (error: Error) => {
      this.#lastError = error.message;
    });
    redis.on('close', () => {
      if (this.#runId !== null) this.#identified = deferred<void>();
      this.#runId = null;
    });
    if (redis.status === 'ready') void this.#identify();
  }

  get marker(): Marker | null {
    return this.#marker;
  }

  adopt(marker: Marker): void {
    this.#marker = marker;
    // The connection may have met another process between the opening and here.
    if (this.#runId !== null && this.#runId !== marker.runId) this.#lose(marker);
  }

  onLost(listener: () => void): () => void {
    this.#lostListeners.add(listener);
    return () => {
      this.#lostListeners.delete(listener);
    };
  }

  /** @returns the marker in use, if its epoch is the one named. */
  requireEpoch(epoch: number): Marker {
    if (this.#marker?.epoch !== epoch) throw new EpochLost(`epoch ${epoch} is not the one in use`);
    return this.#marker;
  }

  /**
   * Runs one script under the adopted marker.
   * @throws EpochLost when Redis is not the memory the marker names; ParqueueError PQ_COORDINATION_DOWN
   */
  async script(name: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const told = this.#marker;
    if (told === null) throw new EpochLost('no epoch is open in this process');
    try {
      return await this.plain((_redis, runId) => {
        if (runId !== told.runId) throw new EpochLost('Redis was restarted');
        return this.#evaluate(name, [KEYS.marker, ...keys], [told.epoch, told.incarnation, ...args]);
      });
    } catch (error) {
      if (!isEpochLost(error) && !isEpochLostReply(error)) throw error;
      this.#lose(told);
      throw isEpochLost(error)
        ? error
        : new EpochLost('Redis does not carry the marker of the epoch in use', { cause: error });
    }
  }

  /** Runs epoch-open on a connection to the process `runId`. @returns null when another process answers. */
  async openEpoch(runId: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return await this.plain(async (_redis, current) => {
      if (current !== runId) return null;
      return await this.#evaluate('epoch-open', [KEYS.marker, ...keys], args);
    });
  }

  /** Runs commands that decide nothing (or that open an epoch), on an identified connection whatever its run_id. */
  async plain<T>(run: (redis: Redis, runId: string) => Promise<T>): Promise<T> {
    const used = { connection: this.#identified };
    try {
      return await this.#once(run, used);
    } catch (error) {
      if (!isBrokenConnection(error)) throw coordinationFailure(error, this.#name);
      this.#leave(used.connection);
    }
    try {
      return await this.#once(run, used);
    } catch (error) {
      throw coordinationFailure(error, this.#name);
    }
  }

  /**
   * A socket that ended refuses writes before its 'close' is heard: without this the second try would go out on the
   * same one. Only where that connection is still the one in use: another may have been identified since.
   */
  #leave(connection: Deferred<void>): void {
    if (this.#closed || this.#identified !== connection || this.#runId === null) return;
    this.#identified = deferred<void>();
    this.#runId = null;
    if (this.#redis.status === 'ready') this.#redis.disconnect(true);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#identified.promise.catch(() => undefined);
    this.#identified.reject(coordinationDown(this.#name, 'the connection was closed by this process'));
    this.#redis.disconnect();
  }

  async #once<T>(run: (redis: Redis, runId: string) => Promise<T>, used: { connection: Deferred<void> }): Promise<T> {
    if (this.#closed) throw coordinationDown(this.#name, 'the connection was closed by this process');
    // A loop, because the connection may close again between its identification and this continuation.
    while (this.#runId === null) await this.#connection();
    used.connection = this.#identified;
    this.#gather();
    // Nothing may be awaited between this line and the write: the connection compared is the connection used.
    return await run(this.#redis, this.#runId);
  }

  async #connection(): Promise<void> {
    await within(this.#identified.promise, {
      clock: this.#clock,
      ms: this.#reconnectMs,
      late: () => coordinationDown(this.#name, this.#whyNot()),
    });
  }

  /** 'connect': there is a connection, and what should make it ready is not answered, as by a process that was stopped. */
  #whyNot(): string {
    return this.#redis.status === 'connect' ? `no answer within ${this.#reconnectMs / 1000} s` : this.#lastError;
  }

  async #identify(): Promise<void> {
    const identified = this.#identified;
    try {
      const runId = runIdOf(await this.#redis.info('server'));
      if (identified !== this.#identified || this.#redis.status !== 'ready') return;
      this.#runId = runId;
      if (this.#marker !== null && this.#marker.runId !== runId) this.#lose(this.#marker);
      identified.resolve();
    } catch (error) {
      // A connection that cannot be identified is of no use: the next one may be.
      this.#lastError = error instanceof Error ? error.message : String(error);
      if (!this.#closed && this.#redis.status === 'ready') this.#redis.disconnect(true);
    }
  }

  /** EVALSHA, and EVAL where Redis lost its scripts (it was flushed of them, or never saw this one). */
  async #evaluate(name: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const { sha1, text } = SCRIPTS[name];
    const compared = this.#runId;
    try {
      return await this.#redis.evalsha(sha1, keys.length, ...keys, ...args);
    } catch (error) {
      // The reply came over a live connection; had it closed since, its successor would not be this one.
      if (!isMissingScript(error) || this.#runId !== compared) throw error;
      return await this.#redis.eval(text, keys.length, ...keys, ...args);
    }
  }

  /**
   * Commands of many callers leave in one write at the end of this turn of the event loop. They are given to the socket now: what
   * was compared is what they go to, and when it closes first they break with it like any that were on their way.
   */
  #gather(): void {
    const { stream } = this.#redis;
    if (this.#gathering === stream) return;
    this.#gathering = stream;
    stream.cork();
    setImmediate(() => {
      stream.uncork();
      if (this.#gathering === stream) this.#gathering = null;
    });
  }

  /** Once per marker: later calls fail by themselves until another one is adopted. */
  #lose(told: Marker): void {
    if (this.#marker !== told) return;
    this.#marker = null;
    for (const listener of this.#lostListeners) listener();
  }
}

function runIdOf(info: string): string {
  const runId = /^run_id:(\S+)/m.exec(info)?.[1];
  if (runId === undefined) throw new Error('its INFO names no run_id');
  return runId;
}

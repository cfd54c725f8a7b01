/**
 * Hints over pub/sub (I8): about a key, and about jobs to be cancelled. One subscriber connection per process; a channel
 * is subscribed while it has listeners.
 *
 * Whatever was published while the connection was down is lost. So after each reconnect, once Redis has acknowledged the
 * channels again and not before, every listener of a key is called: it looks, and misses nothing that came earlier.
 */
import type { Redis } from 'ioredis';
import { within } from './bounded.ts';
import { coordinationDown, coordinationFailure, isTimeout } from './failures.ts';
import { deferred, type Deferred } from '../model/deferred.ts';
import { CHANNELS } from './keys.ts';
import { withoutCredentials, type RedisLog } from './connection.ts';
import type { Clock } from '../ports/clock.ts';
import type { Notices, Subscription } from '../ports/work.ts';

/** Told the message, or null after a reconnect: anything may have been published meanwhile. */
type Listener = (message: string | null) => void;

interface Channel {
  readonly listeners: Set<Listener>;
  /** Settles when Redis first acknowledged the channel. Stays so while a connection is renewed: listeners are called then. */
  readonly live: Deferred<void>;
}

export interface SubscriberOptions {
  readonly redis: Redis;
  readonly url: string;
  readonly clock: Clock;
  readonly reconnectMs: number;
  readonly log?: RedisLog;
}

/** Told the id of a job somebody wants to end; workers that run it stop it. */
export interface Cancellations {
  subscribe(onCancel: (jobId: string) => void): Promise<Subscription>;
}

export class RedisSubscriber {
  readonly #options: SubscriberOptions;
  readonly #channels = new Map<string, Channel>();

  constructor(options: SubscriberOptions) {
    this.#options = options;
    const { redis } = options;
    redis.on('message', (name: string, message: string) => {
      for (const listener of this.#channels.get(name)?.listeners ?? []) listener(message);
    });
    redis.on('ready', () => {
      void this.#resubscribe();
    });
  }

  /** Resolves once the subscription is live. @throws ParqueueError PQ_COORDINATION_DOWN */
  async subscribe(name: string, listener: Listener): Promise<Subscription> {
    const channel = this.#channels.get(name) ?? this.#open(name);
    channel.listeners.add(listener);
    try {
      await this.#acknowledged(channel);
    } catch (error) {
      this.#leave(name, channel, listener);
      throw error;
    }
    return {
      close: async () => {
        this.#leave(name, channel, listener);
      },
    };
  }

  close(): void {
    this.#options.redis.disconnect();
  }

  #open(name: string): Channel {
    const channel: Channel = { listeners: new Set(), live: deferred() };
    this.#channels.set(name, channel);
    // Not connected: the next `ready` subscribes it.
    if (this.#options.redis.status === 'ready') void this.#send([name]);
    return channel;
  }

  /** Commands of one connection keep their order, so leaving and coming back ends subscribed. */
  #leave(name: string, channel: Channel, listener: Listener): void {
    channel.listeners.delete(listener);
    if (channel.listeners.size > 0 || this.#channels.get(name) !== channel) return;
    this.#channels.delete(name);
    const { redis, log } = this.#options;
    if (redis.status !== 'ready') return;
    redis
      .unsubscribe(name)
      .catch((error: unknown) => log?.warn({ error: String(error) }, 'unsubscribing failed; the connection ends it'));
  }

  async #acknowledged(channel: Channel): Promise<void> {
    const { clock, reconnectMs, url } = this.#options;
    await within(channel.live.promise, {
      clock,
      ms: reconnectMs,
      late: () => coordinationDown(withoutCredentials(url), 'it did not acknowledge a subscription'),
    });
  }

  async #send(names: readonly string[]): Promise<boolean> {
    const { redis, url, log } = this.#options;
    try {
      await redis.subscribe(...names);
    } catch (error) {
      log?.warn({ error: String(coordinationFailure(error, withoutCredentials(url))) }, 'subscribing failed');
      // The connection broke, and its successor subscribes again; waiters are bounded by their own time. But where the reply is
      // late on one that stays, callers who go on coming keep the channel, and nobody else would ask for it.
      const wanted = names.filter((name) => this.#channels.has(name));
      return isTimeout(error) && redis.status === 'ready' && wanted.length > 0 ? await this.#send(wanted) : false;
    }
    for (const name of names) this.#channels.get(name)?.live.resolve();
    return true;
  }

  async #resubscribe(): Promise<void> {
    const names = [...this.#channels.keys()];
    if (names.length === 0 || !(await this.#send(names))) return;
    for (const name of names) for (const listener of this.#channels.get(name)?.listeners ?? []) listener(null);
  }
}

export function redisNotices(subscriber: RedisSubscriber): Notices {
  return { subscribe: (key, onNotice) => subscriber.subscribe(CHANNELS.notice(key), () => onNotice()) };
}

export function redisCancellations(subscriber: RedisSubscriber): Cancellations {
  return {
    subscribe: (onCancel) =>
      subscriber.subscribe(CHANNELS.cancel, (jobId) => {
        if (jobId !== null) onCancel(jobId);
      }),
  };
}

/**
 * Conversions of stored Parquet, in threads. Owns how many there are at once and how much memory they may take
 * together, what becomes of those whose thread a bad file spoilt, and the promise of a body: it ends, or it throws.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ParqueueError, type Clock } from '@parqueue/core';
import type { Coding } from '../http/encoding.ts';
import { Budget, type Sharer } from './budget.ts';
import { ConversionThread, type Started, type ThreadOptions } from './conversion-thread.ts';
import type { ThreadWish } from './protocol.ts';
import { ConvertedBody, ThreadLost, type BodyLimits, type BodyOptions } from './converted-body.ts';

export interface PoolOptions {
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
  readonly threads?: number;
  readonly limits?: Partial<PoolLimits>;
  readonly entry?: URL;
}

export interface PoolLimits extends BodyLimits {
  /** Conversions at once, callers who take their time included. */
  readonly running: number;
  readonly waiting: number;
  /** How long one may wait for others to end. */
  readonly waitMs: number;
  /** What those that need more than `smallBytes` may hold together. */
  readonly memoryBytes: number;
  /** A batch that takes longer is one that this reader cannot read. */
  readonly newsMs: number;
}

const MIB = 1024 * 1024;

/** Together with the process itself this is to fit a container of 1 GiB. */
const LIMITS: PoolLimits = {
  running: 32,
  waiting: 64,
  waitMs: 5_000,
  memoryBytes: 384 * MIB,
  smallBytes: 8 * MIB,
  newsMs: 60_000,
  stopGraceMs: 5_000,
};

/** Conversions that run alone, at once: each has a thread of its own. */
const ALONE = 1;
/** Files remembered for what they do to a thread; the oldest is forgotten first. */
const SUSPECTS_MAX = 256;

/** Relative to src/conversions and to dist/conversions alike, this is the built entry. */
export const CONVERSION_THREAD_ENTRY = new URL('../../dist/conversions/conversion.thread.js', import.meta.url);

/** One core is left to the thread that serves everybody else. */
export function conversionThreads(): number {
  return Math.min(2, Math.max(1, availableParallelism() - 1));
}

export class ConversionPool {
  readonly #threads: readonly ConversionThread[];
  readonly #limits: PoolLimits;
  readonly #slots: Budget;
  readonly #memory: Budget;
  readonly #alone: Budget;
  readonly #threadOptions: ThreadOptions;
  readonly #lone = new Set<ConversionThread>();
  /**
   * Paths of parts, which never change, that were being read when a thread was spoilt. Nobody can tell which of them did
   * it; each runs alone until it did so to its end.
   */
  readonly #suspects = new Set<string>();

  constructor({ clock, onTrouble, threads = conversionThreads(), limits, entry }: PoolOptions) {
    this.#limits = { ...LIMITS, ...limits };
    const { running, waiting, waitMs, memoryBytes, newsMs } = this.#limits;
    const bounds = { waitingMax: waiting, waitMs };
    this.#slots = new Budget(
      { ...bounds, units: running, refusal: `${running} conversions run already: ask again, or ask for Parquet` },
      clock,
    );
    this.#memory = new Budget(
      {
        ...bounds,
        units: memoryBytes,
        refusal: 'conversions of large files take all the memory there is for them: ask again, or ask for Parquet',
      },
      clock,
    );
    this.#alone = new Budget(
      {
        ...bounds,
        units: ALONE,
        refusal: 'a conversion beside this one failed and took its thread with it: ask again, or ask for Parquet',
      },
      clock,
    );
    this.#threadOptions = {
      entry: fileURLToPath(entry ?? CONVERSION_THREAD_ENTRY),
      tasksMax: running,
      newsMs,
      clock,
      onTrouble,
    };
    this.#threads = Array.from({ length: threads }, () => new ConversionThread(this.#threadOptions));
  }

  /** Conversions in threads, those whose callers left not counted once their thread let go of them. */
  get running(): number {
    return this.#all().reduce((sum, thread) => sum + thread.running, 0);
  }

  get waiting(): number {
    return this.#slots.waiting + this.#memory.waiting + this.#alone.waiting;
  }

  get unsentBytes(): number {
    return this.#all().reduce((sum, thread) => sum + thread.unsentBytes, 0);
  }

  /**
   * Opens the file and makes the beginning of the body.
   * @throws ParqueueError PQ_RATE_LIMITED, PQ_LIMIT_EXCEEDED, PQ_UNSUPPORTED_TYPE, PQ_STORE_IO, PQ_INVALID_REQUEST;
   * the signal's reason
   */
  async open(wish: ThreadWish, coding: Coding, caller: Sharer): Promise<ConvertedBody> {
    if (!this.#suspects.has(wish.path)) {
      try {
        return await this.#openShared(wish, coding, caller);
      } catch (error) {
        // Some conversion spoilt the thread, not necessarily this one; alone it can only hurt itself.
        if (!(error instanceof ThreadLost)) throw error;
      }
    }
    return await this.#openAlone(wish, coding, caller);
  }

  async #openShared(wish: ThreadWish, coding: Coding, caller: Sharer): Promise<ConvertedBody> {
    const giveBack = await this.#slots.take(1, caller);
    const onVerdict = (verdict: 'sound' | 'spoilt'): void => {
      if (verdict === 'spoilt') this.#suspect(wish.path);
    };
    return await this.#begin(this.#leastBusy().start(wish, coding), { onEnd: giveBack, onVerdict }, caller);
  }

  async #openAlone(wish: ThreadWish, coding: Coding, caller: Sharer): Promise<ConvertedBody> {
    const giveBack = await this.#alone.take(1, caller);
    const thread = new ConversionThread(this.#threadOptions);
    this.#lone.add(thread);
    const onEnd = async (): Promise<void> => {
      await thread.close();
      this.#lone.delete(thread);
      giveBack();
    };
    const onVerdict = (verdict: 'sound' | 'spoilt'): void => {
      if (verdict === 'sound') this.#suspects.delete(wish.path);
      else this.#suspect(wish.path);
    };
    try {
      return await this.#begin(thread.start(wish, coding), { onEnd, onVerdict }, caller);
    } catch (error) {
      if (!(error instanceof ThreadLost)) throw error;
      this.#suspect(wish.path);
      throw new ParqueueError(
        'PQ_UNSUPPORTED_TYPE',
        `this file cannot be converted (${error.message}); ask for Parquet`,
        { cause: error },
      );
    }
  }

  async #begin(
    started: Started,
    hooks: Pick<BodyOptions, 'onEnd' | 'onVerdict'>,
    caller: Sharer,
  ): Promise<ConvertedBody> {
    const body = new ConvertedBody(started, { limits: this.#limits, memory: this.#memory, ...hooks });
    try {
      await body.begin(caller);
      return body;
    } catch (error) {
      await body[Symbol.asyncDispose]();
      throw error;
    }
  }

  #suspect(path: string): void {
    this.#suspects.add(path);
    for (const oldest of this.#suspects) {
      if (this.#suspects.size <= SUSPECTS_MAX) break;
      this.#suspects.delete(oldest);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map((thread) => thread.close()));
  }

  #all(): readonly ConversionThread[] {
    return [...this.#threads, ...this.#lone];
  }

  #leastBusy(): ConversionThread {
    return this.#threads.reduce((best, thread) => (thread.running < best.running ? thread : best));
  }
}

/**
 * Conversions of stored Parquet, in threads. Owns how many there are at once and how much memory they may take
 * together, the retry of what another conversion's trap took down, and the promise of a body: it ends, or it throws.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ParqueueError, type Clock } from '@parqueue/core';
import type { ConversionWish } from '@parqueue/core/parquet';
import type { Coding } from '../http/encoding.ts';
import { Budget } from './budget.ts';
import { ConversionThread } from './conversion-thread.ts';
import { ConvertedBody, ThreadLost, type BodyLimits } from './converted-body.ts';

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

/** A thread that ended under a conversion may have ended for another's sake: that one is begun again, once. */
const ATTEMPTS = 2;

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
    const options = {
      entry: fileURLToPath(entry ?? CONVERSION_THREAD_ENTRY),
      tasksMax: running,
      newsMs,
      clock,
      onTrouble,
    };
    this.#threads = Array.from({ length: threads }, () => new ConversionThread(options));
  }

  /** Conversions in threads, those whose callers left not counted once their thread let go of them. */
  get running(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.running, 0);
  }

  get waiting(): number {
    return this.#slots.waiting + this.#memory.waiting;
  }

  get unsentBytes(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.unsentBytes, 0);
  }

  /**
   * Opens the file and makes the beginning of the body.
   * @throws ParqueueError PQ_RATE_LIMITED, PQ_LIMIT_EXCEEDED, PQ_UNSUPPORTED_TYPE, PQ_STORE_IO, PQ_INVALID_REQUEST;
   * the signal's reason
   */
  async open(wish: ConversionWish, coding: Coding, signal: AbortSignal): Promise<ConvertedBody> {
    for (let attempt = 1; ; attempt += 1) {
      const giveBack = await this.#slots.take(1, signal);
      const body = new ConvertedBody(this.#leastBusy().start(wish, coding), {
        limits: this.#limits,
        memory: this.#memory,
        onEnd: giveBack,
      });
      try {
        await body.begin(signal);
        return body;
      } catch (error) {
        await body[Symbol.asyncDispose]();
        if (!(error instanceof ThreadLost)) throw error;
        if (attempt === ATTEMPTS)
          throw new ParqueueError(
            'PQ_UNSUPPORTED_TYPE',
            'the thread that converted these rows ended, and so did another: the file cannot be converted; ask for Parquet',
            { cause: error.cause },
          );
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #leastBusy(): ConversionThread {
    return this.#threads.reduce((best, thread) => (thread.running < best.running ? thread : best));
  }
}

/**
 * The pool for looks at rows: one thread, a short queue, a deadline. WebAssembly's memory never shrinks, so the thread
 * is let go when it idles, and replaced after anything unexpected.
 */
import { ParqueueError } from '@parqueue/core';
import type { RowsText, RowsWish } from '@parqueue/core/parquet';
import { Piscina } from 'piscina';
import type { RowsReport } from './protocol.ts';

/** Looks that may wait; more are refused at once (I9). */
const QUEUE_MAX = 64;
/** A look is small; one that takes longer is a file that should be downloaded. */
const LOOK_TIMEOUT_MS = 30_000;
const IDLE_MS = 30_000;

export class RowsPool {
  #pool: Piscina | null = null;
  readonly #filename: string;

  constructor(filename: string = new URL('./rows.thread.js', import.meta.url).href) {
    this.#filename = filename;
  }

  /** @throws ParqueueError PQ_RATE_LIMITED, PQ_LIMIT_EXCEEDED, PQ_UNSUPPORTED_TYPE, PQ_STORE_IO */
  async read(wish: RowsWish, signal: AbortSignal): Promise<RowsText> {
    const pool = this.#open();
    if (pool.queueSize >= QUEUE_MAX)
      throw new ParqueueError('PQ_RATE_LIMITED', 'too many looks at rows at once; ask again, or ask for Parquet');
    const deadline = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    let report: RowsReport;
    try {
      report = await (pool.run(wish, { signal: AbortSignal.any([signal, deadline]) }) as Promise<RowsReport>);
    } catch (error) {
      if (deadline.aborted)
        throw new ParqueueError(
          'PQ_LIMIT_EXCEEDED',
          `reading these rows took over ${LOOK_TIMEOUT_MS} ms: name columns, lower offset, or ask for Parquet`,
        );
      if (signal.aborted) throw error;
      throw new ParqueueError(
        'PQ_UNSUPPORTED_TYPE',
        'the thread that read these rows ended: the file cannot be shown as text; ask for Parquet',
        { cause: error },
      );
    }
    if (report.kind === 'rows') return report.reading;
    // A trap in WebAssembly arrives as an unknown error; what that thread's memory holds is not to be trusted again.
    if (report.failure.code === 'PQ_INTERNAL') {
      await this.close();
      throw new ParqueueError(
        'PQ_UNSUPPORTED_TYPE',
        `this file cannot be shown as text (${report.failure.message}); ask for Parquet`,
      );
    }
    throw ParqueueError.from(report.failure);
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.destroy();
  }

  #open(): Piscina {
    this.#pool ??= new Piscina({
      filename: this.#filename,
      minThreads: 0,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: IDLE_MS,
      maxQueue: QUEUE_MAX,
      atomics: 'async',
      // Inherited flags (a test runner's, a debugger's) are not for this thread.
      execArgv: [],
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    return this.#pool;
  }
}

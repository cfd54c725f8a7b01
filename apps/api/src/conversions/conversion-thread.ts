/**
 * One thread for conversions, as a pool of one: started when there is work, let go when there was none for a while,
 * because WebAssembly's memory never shrinks. Several conversions share it. A pool each, since a thread that must end
 * ends all that it runs, and the others must be able to tell.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Clock } from '@parqueue/core';
import { Piscina } from 'piscina';
import type { Coding } from '../http/encoding.ts';
import type { ConversionTask, ThreadWish } from './protocol.ts';
import { RunningConversion } from './running-conversion.ts';

export interface ThreadOptions {
  /** Built JavaScript, by path: Node 20 starts no thread from TypeScript. */
  readonly entry: string;
  /** Conversions at once; the caller sees to it. */
  readonly tasksMax: number;
  /** For news of a conversion. */
  readonly newsMs: number;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

export interface Started {
  readonly running: RunningConversion;
  /** Ends the thread and with it everything it runs; the next conversion gets another one. */
  recycle(): Promise<void>;
}

const IDLE_MS = 30_000;
/** Of JavaScript alone; what WebAssembly and buffers take is bounded by what is admitted. */
const HEAP_MB = 256;
const YOUNG_HEAP_MB = 32;

export class ConversionThread {
  readonly #options: ThreadOptions;
  #pool: Piscina<ConversionTask, void> | null = null;
  readonly #running = new Set<RunningConversion>();

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  get unsentBytes(): number {
    return [...this.#running].reduce((sum, running) => sum + running.unsentBytes, 0);
  }

  start(wish: ThreadWish, coding: Coding): Started {
    const { port1, port2 } = new MessageChannel();
    const { entry, clock, newsMs } = this.#options;
    const pool = this.#open();
    const task = pool.run({ wish, coding, port: port2 }, { filename: entry, name: 'convert', transferList: [port2] });
    const running = new RunningConversion(port1, task, { clock, newsMs });
    this.#running.add(running);
    const over = (): boolean => this.#running.delete(running);
    task.then(over, over);
    return {
      running,
      recycle: async () => {
        // Ended by another conversion already: the thread of now is not the one that had this one.
        if (this.#pool === pool) await this.close();
      },
    };
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.destroy();
  }

  #open(): Piscina<ConversionTask, void> {
    if (this.#pool !== null) return this.#pool;
    const pool = new Piscina<ConversionTask, void>({
      // Named with each task instead: an entry that cannot be loaded fails its task then, and does not hang it.
      filename: null,
      name: 'convert',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
      // Filled only while the thread starts.
      maxQueue: this.#options.tasksMax,
      concurrentTasksPerWorker: this.#options.tasksMax,
      // 'sync' would freeze the thread between tasks, and with it what a stopped one still has to close.
      atomics: 'async',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_HEAP_MB, stackSizeMb: 4 },
      argv: [],
      // Inherited flags (a test runner's, a debugger's) are not for this thread.
      execArgv: [],
      env: {},
      niceIncrement: 0,
      trackUnmanagedFds: true,
      recordTiming: false,
      workerHistogram: false,
    });
    pool.on('error', this.#options.onTrouble);
    this.#pool = pool;
    return pool;
  }
}

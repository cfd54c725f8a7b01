/**
 * Whether the machine let the cluster run. A process that gets no processor for longer than a job's lock or a command's time
 * is dead for all others; what callers are then told is right, and says nothing of the fault under test. So each process
 * witnesses its own stalls: what took long for any other reason is no excuse.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** Less than what the cluster gives one of its processes: a lease of 1.5 s that is renewed each half second, a job's lock of 4 s. */
export const STALL_MS = 750;
const TICK_MS = 100;

export class StallWatch implements Disposable {
  readonly #onStall: (ms: number) => void;
  readonly #others: () => readonly number[];
  readonly #waited = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;
  #lastMs = performance.now();

  /**
   * @param onStall hears how long this process did not run, each time that it was longer than STALL_MS
   * @param others ids of processes that cannot witness it themselves
   */
  constructor(onStall: (ms: number) => void, others: () => readonly number[] = () => []) {
    this.#onStall = onStall;
    this.#others = others;
    this.#timer = setInterval(() => this.look(), TICK_MS).unref();
  }

  /** For who wants to be sure that a stall that is just over was told. */
  look(): void {
    const nowMs = performance.now();
    const ms = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (ms > STALL_MS) this.#onStall(ms);
    for (const pid of this.#others()) this.#lookAt(pid);
  }

  #lookAt(pid: number): void {
    const waited = waitedMs(pid);
    const ms = waited - (this.#waited.get(pid) ?? waited);
    this.#waited.set(pid, waited);
    if (ms > STALL_MS) this.#onStall(ms);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/**
 * How long a process was ready to run, and did not, in its whole life; Linux counts a wait when it is over, all of it at
 * once. One that is stopped is not ready. 0 where it is gone, or the system is another.
 */
export function waitedMs(pid: number): number {
  try {
    const [, nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1e6;
  } catch {
    return 0;
  }
}

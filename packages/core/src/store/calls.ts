/**
 * Calls to the store's filesystem, bounded in number and in time (I9). A call into a network filesystem whose server is
 * away never returns and cannot be taken back: it keeps a thread of the pool that the whole process shares for files,
 * for names of hosts and for compression, and Node has four of them.
 *
 *   asked ──free slot──▶ running ──answer──▶ done
 *     └ in line ───────────┘  └─ patience over ─▶ given up; its thread is *stuck* until the filesystem answers after all
 *
 * So there are fewer slots than threads, whoever asked hears PQ_STORE_IO when its patience is over, and while every slot is
 * stuck nobody waits at all. A stuck call that comes back gives its slot back, which is all that recovery takes.
 *
 * A line that moves is a filesystem with much to do, not one that hangs: many large transfers make it long, and breaking them
 * off would make each of them begin again. So patience counts anew for a call that gets its thread, and in line from when
 * the last call came back.
 */
import { ParqueueError } from '../model/errors.ts';

export interface StoreCallOptions {
  /** Calls in threads at once. */
  readonly max: number;
  /** Until a call in its thread is given up; and one in line, while none comes back. */
  readonly patienceMs: number;
  /** Calls in line; more are refused. */
  readonly waitingMax: number;
}

/** One less than the threads Node has by default: with UV_THREADPOOL_SIZE=n give n - 1. */
const MAX = 3;
/** Above the pauses of an NFS server that restarts and lets its clients reclaim their locks (90 s), below every time limit of a load. */
const PATIENCE_MS = 120_000;

/**
 * More than an API process has connections (`limits.connections`, by default), each of which waits for one call at a time. A caller who leaves does not
 * take his call back: where a filesystem is slow and callers are impatient, the line would grow for as long as it moves.
 */
const WAITING_MAX = 20_000;

/** How often calls under way are looked at. */
const LOOKS_PER_PATIENCE = 20;

export interface CallOptions<T> {
  /** Gets what a call brought that came back after it was given up. */
  readonly abandoned?: (late: T) => void;
  /** Times the usual one, for a call in its thread. */
  readonly patience?: number;
  /** Goes to the head of the line, however long that is. */
  readonly first?: boolean;
  /** Is made as soon as there is a thread, although nobody waits for it any more: a descriptor has to go back. */
  readonly owed?: boolean;
}

const NONE_CAME_BACK = 'none of its calls came back yet';

interface Call {
  readonly operation: string;
  /** In line. */
  readonly sinceMs: number;
  /** In its thread. */
  dueMs: number;
  readonly owed: boolean;
  readonly begin: () => void;
  readonly refuse: (why: string) => void;
}

export class StoreCalls {
  readonly #max: number;
  readonly #patienceMs: number;
  readonly #waitingMax: number;
  #line = new Set<Call>();
  readonly #running = new Set<Call>();
  #stuck = 0;
  /** When the last call came back. */
  #movedMs = Number.NEGATIVE_INFINITY;
  #watch: NodeJS.Timeout | null = null;

  constructor(options: Partial<StoreCallOptions> = {}) {
    const { max = MAX, patienceMs = PATIENCE_MS, waitingMax = WAITING_MAX } = options;
    this.#max = max;
    this.#patienceMs = patienceMs;
    this.#waitingMax = waitingMax;
  }

  /** Calls that were given up and did not come back yet; each keeps a thread. */
  get stuck(): number {
    return this.#stuck;
  }

  /** Calls that wait for a thread. */
  get waiting(): number {
    return this.#line.size;
  }

  /** @throws ParqueueError PQ_STORE_IO with errno ETIMEDOUT; whatever the call itself rejects with */
  run<T>(operation: string, work: () => Promise<T>, options: CallOptions<T> = {}): Promise<T> {
    const { abandoned, patience = 1, first = false, owed = false } = options;
    return new Promise<T>((resolve, reject) => {
      let given = true;
      const call: Call = {
        operation,
        sinceMs: performance.now(),
        dueMs: Number.POSITIVE_INFINITY,
        owed,
        begin: () => {
          call.dueMs = performance.now() + this.#patienceMs * patience;
          this.#running.add(call);
          work().then(
            (value) => {
              this.#end(call);
              if (given) resolve(value);
              else abandoned?.(value);
            },
            (error: unknown) => {
              this.#end(call);
              reject(error);
            },
          );
        },
        refuse: (why) => {
          given = false;
          reject(hung(operation, why));
        },
      };
      if (this.#hopeless) call.refuse(NONE_CAME_BACK);
      else if (!owed && !first && this.#line.size >= this.#waitingMax)
        call.refuse(`${this.#waitingMax} calls wait for it already`);
      if (given || owed) this.#enqueue(call, first);
      this.#beginNext();
      this.#watch ??= setInterval(() => this.#look(), this.#patienceMs / LOOKS_PER_PATIENCE).unref();
    });
  }

  #enqueue(call: Call, first: boolean): void {
    if (first) this.#line = new Set([call, ...this.#line]);
    else this.#line.add(call);
  }

  /** Every thread is stuck: nobody in line can be served. */
  get #hopeless(): boolean {
    return this.#stuck >= this.#max;
  }

  #end(call: Call): void {
    this.#movedMs = performance.now();
    // One that was given up is not among those that run.
    if (!this.#running.delete(call)) this.#stuck -= 1;
    this.#beginNext();
  }

  #beginNext(): void {
    for (const call of this.#line) {
      if (this.#running.size + this.#stuck >= this.#max) return;
      this.#line.delete(call);
      call.begin();
    }
  }

  #look(): void {
    const nowMs = performance.now();
    const late = `no answer for ${Math.round(this.#patienceMs / 1000)} s`;
    for (const call of this.#running) {
      if (call.dueMs > nowMs) continue;
      this.#running.delete(call);
      this.#stuck += 1;
      call.refuse(late);
    }
    const hopeless = this.#hopeless;
    for (const call of this.#line) {
      if (!hopeless && Math.max(call.sinceMs, this.#movedMs) + this.#patienceMs > nowMs) continue;
      if (!call.owed) this.#line.delete(call);
      call.refuse(hopeless ? NONE_CAME_BACK : late);
    }
    if (this.#running.size + this.#line.size > 0 || this.#watch === null) return;
    clearInterval(this.#watch);
    this.#watch = null;
  }
}

function hung(operation: string, why: string): ParqueueError {
  return new ParqueueError(
    'PQ_STORE_IO',
    `the store's filesystem does not answer ${operation} (${why}): look at the mount and its server; `
      + 'the request may be repeated',
    { details: { operation, errno: 'ETIMEDOUT' } },
  );
}

/**
 * A deterministic scheduler. Every asynchronous step of the simulated world waits at a point; between steps all
 * microtasks run dry, then one seeded choice decides which waiter goes on. Time is virtual: it moves a little with
 * each step, and jumps to the next timer when nobody can go on. One seed, one run.
 */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0;
  }

  /** mulberry32: uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** Whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }
}

/** A simulated operating-system process: crashes and stalls as one. */
export interface Actor {
  readonly name: string;
  dead: boolean;
  /** Nothing of it runs before this time: SIGSTOP, a long pause of the garbage collector, a frozen host. */
  stalledUntilMs: number;
}

interface Waiter {
  readonly actor: Actor;
  readonly label: string;
  readonly resume: () => void;
}

interface Timer extends Waiter {
  readonly atMs: number;
}

const drained = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

export class Scheduler {
  readonly random: Random;
  nowMs = 1_000_000;
  steps = 0;
  /** The last points passed, for the story of a failure. */
  readonly trace: string[] = [];
  #ready: Waiter[] = [];
  #timers: Timer[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  /** Waits for its turn. A dead actor waits for ever. */
  point(actor: Actor, label: string): Promise<void> {
    return new Promise((resume) => {
      this.#ready.push({ actor, label, resume });
    });
  }

  sleep(actor: Actor, ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer: Timer = {
        actor,
        label: 'timer',
        atMs: this.nowMs + ms,
        resume: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        reject(signal?.reason);
      };
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#timers.push(timer);
    });
  }

  /** @returns false when nothing can ever happen again */
  async step(): Promise<boolean> {
    await drained();
    this.steps += 1;
    this.nowMs += this.random.below(4);
    this.#wakeTimers();
    let able = this.#able();
    while (able.length === 0) {
      const next = this.#nextMoment();
      if (next === null) return false;
      this.nowMs = Math.max(this.nowMs + 1, next);
      this.#wakeTimers();
      able = this.#able();
    }
    const waiter = this.random.pick(able);
    this.#ready.splice(this.#ready.indexOf(waiter), 1);
    this.trace.push(`${this.nowMs} ${waiter.actor.name} ${waiter.label}`);
    if (this.trace.length > 400) this.trace.splice(0, 200);
    waiter.resume();
    return true;
  }

  #able(): Waiter[] {
    this.#ready = this.#ready.filter(({ actor }) => !actor.dead);
    return this.#ready.filter(({ actor }) => actor.stalledUntilMs <= this.nowMs);
  }

  #wakeTimers(): void {
    this.#timers = this.#timers.filter(({ actor }) => !actor.dead);
    const due = this.#timers.filter(({ actor, atMs }) => atMs <= this.nowMs && actor.stalledUntilMs <= this.nowMs);
    if (due.length === 0) return;
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    this.#ready.push(...due);
  }

  #nextMoment(): number | null {
    const moments = [
      ...this.#timers.map(({ actor, atMs }) => Math.max(atMs, actor.stalledUntilMs)),
      ...this.#ready.map(({ actor }) => actor.stalledUntilMs),
    ];
    return moments.length === 0 ? null : Math.min(...moments);
  }
}

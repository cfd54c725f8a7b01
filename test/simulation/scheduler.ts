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

/** Until all that can run has run: whoever calls is in a microtask, and Node's ticks come when those have run dry. */
const drained = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve);
  });

/** A turn of Node's loop, for messages and signals; what follows it is in a microtask. */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Of work that nobody cancels. One for each: those who listen to a signal are searched one by one. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

const PASSED_MAX = 400;

export class Scheduler {
  readonly random: Random;
  nowMs = 1_000_000;
  steps = 0;
  readonly #digest = new Digest();
  readonly #ready: Waiter[] = [];
  #timers: Timer[] = [];
  /** The last points passed, for the story of a failure. */
  readonly #passed: Waiter[] = [];
  readonly #passedAtMs: number[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  /** Of all points passed, in their order, with their times: equal for equal runs. */
  get digest(): string {
    return this.#digest.text;
  }

  /** The last points passed, in words. */
  story(points: number): readonly string[] {
    const from = Math.max(0, this.#passed.length - points);
    return this.#passed
      .slice(from)
      .map(({ actor, label }, index) => `${this.#passedAtMs[from + index]} ${actor.name} ${label}`);
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
    let able = this.#countAble();
    while (able === 0) {
      const next = this.#nextMoment();
      if (next === null) return false;
      this.nowMs = Math.max(this.nowMs + 1, next);
      this.#wakeTimers();
      able = this.#countAble();
    }
    const waiter = this.#take(this.random.below(able));
    this.#note(waiter);
    waiter.resume();
    return true;
  }

  #note(waiter: Waiter): void {
    this.#digest.add(this.nowMs, waiter.actor.name, waiter.label);
    this.#passed.push(waiter);
    this.#passedAtMs.push(this.nowMs);
    if (this.#passed.length < 2 * PASSED_MAX) return;
    this.#passed.splice(0, PASSED_MAX);
    this.#passedAtMs.splice(0, PASSED_MAX);
  }

  /** Of those who wait; the dead leave. Here and below in place and without lists: it is done at each step of each seed. */
  #countAble(): number {
    const { nowMs } = this;
    const ready = this.#ready;
    let able = 0;
    let kept = 0;
    for (const waiter of ready) {
      const { dead, stalledUntilMs } = waiter.actor;
      if (dead) continue;
      if (stalledUntilMs <= nowMs) able += 1;
      ready[kept] = waiter;
      kept += 1;
    }
    ready.length = kept;
    return able;
  }

  #take(chosen: number): Waiter {
    const { nowMs } = this;
    const ready = this.#ready;
    let able = -1;
    for (let index = 0; index < ready.length; index += 1) {
      const waiter = ready[index];
      if (waiter === undefined || waiter.actor.stalledUntilMs > nowMs) continue;
      able += 1;
      if (able < chosen) continue;
      ready.splice(index, 1);
      return waiter;
    }
    throw new Error('nobody to take');
  }

  #wakeTimers(): void {
    const { nowMs } = this;
    keep(this.#timers, (timer) => {
      const { actor } = timer;
      if (actor.dead) return false;
      if (timer.atMs > nowMs || actor.stalledUntilMs > nowMs) return true;
      this.#ready.push(timer);
      return false;
    });
  }

  #nextMoment(): number | null {
    let next = Infinity;
    for (const { actor, atMs } of this.#timers) next = Math.min(next, Math.max(atMs, actor.stalledUntilMs));
    for (const { actor } of this.#ready) next = Math.min(next, actor.stalledUntilMs);
    return next === Infinity ? null : next;
  }
}

/** FNV-1a in two lanes: two runs that differ anywhere differ here, but for one in 2⁶⁴. No secret hangs on it. */
class Digest {
  #low = 0x811c9dc5;
  #high = 0x01000193;

  get text(): string {
    return [this.#high, this.#low].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  add(atMs: number, actor: string, label: string): void {
    this.#mix(atMs);
    this.#mixText(actor);
    this.#mixText(label);
  }

  #mixText(text: string): void {
    for (let index = 0; index < text.length; index += 1) this.#mix(text.charCodeAt(index));
    this.#mix(text.length);
  }

  #mix(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193);
    this.#high = Math.imul(this.#high ^ value, 0x85ebca6b) ^ (this.#low >>> 13);
  }
}

/** Takes all others out of the list. */
function keep<T>(list: T[], stays: (one: T) => boolean): void {
  let kept = 0;
  for (const one of list) {
    if (!stays(one)) continue;
    list[kept] = one;
    kept += 1;
  }
  list.length = kept;
}

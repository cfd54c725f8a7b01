/**
 * The one watcher of this process: while anybody listens it asks Redis once a second what happened, looks at the jobs and
 * heads that somebody wants, and tells everybody. However many listen, Redis is asked once.
 *
 *   nobody listens → asleep → the first comes → looks each second → the last leaves → asleep
 *
 * A look that fails ends all that listen, with the reason, and so does one that is too far behind: whoever comes back
 * starts anew with what is under way then.
 */
import {
  ParqueueError,
  toFailure,
  type ActivityPosition,
  type Clock,
  type Failure,
  type HeadChange,
  type HeadGone,
} from '@parqueue/core';
import type { CoordinationLink } from '../coordination-link.ts';
import type { FoundFill } from './fill-lookup.ts';

export interface Listener {
  /** Id of the one job to be told of; null: all of them. */
  readonly follows: string | null;
  /** `found` is null where nothing is known of the job any more. */
  onFill(id: string, found: FoundFill | null): void;
  onHead(change: HeadChange | HeadGone): void;
  /** A look is over. */
  onLook(): void;
  onLost(failure: Failure): void;
}

export interface WatchOptions {
  readonly link: Pick<CoordinationLink, 'run'>;
  readonly clock: Clock;
  readonly lookUp: (id: string) => Promise<FoundFill | null>;
  readonly everyMs?: number;
}

const EVERY_MS = 1_000;
/** Jobs looked at per look; others have their turn in the next one. */
const JOBS_MAX = 200;
/** More than so many that wait for their turn are not caught up with: what is told is ever older. */
const WAITING_MAX = 5_000;
/** Streams of queues forget their oldest entries: whatever is followed is looked at this often, heard of or not. */
const LOOKS_BETWEEN_CHECKS = 15;

interface Sight {
  readonly position: ActivityPosition;
  /** To be looked at next: there were too many, or they were not there and may have been between two records. */
  readonly waiting: readonly string[];
  readonly missing: ReadonlySet<string>;
}

export class Watch {
  readonly #options: WatchOptions;
  readonly #listeners = new Set<Listener>();
  /** Settles when the place is known from which everything is told; null: asleep. */
  #begun: Promise<ActivityPosition> | null = null;
  #pause = new AbortController();
  #looks = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /**
   * Resolves when nothing that happens is missed any more.
   * @returns what ends it
   * @throws ParqueueError PQ_COORDINATION_DOWN
   */
  async listen(listener: Listener): Promise<() => void> {
    this.#listeners.add(listener);
    this.#begun ??= this.#begin();
    try {
      await this.#begun;
    } catch (error) {
      this.#listeners.delete(listener);
      throw error;
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#pause.abort();
    };
  }

  #begin(): Promise<ActivityPosition> {
    const begun = this.#options.link.run(({ coordination }) => coordination.activity.start());
    begun.then(
      (position) => void this.#watch(position),
      () => {
        this.#begun = null;
      },
    );
    return begun;
  }

  async #watch(position: ActivityPosition): Promise<void> {
    const { clock, everyMs = EVERY_MS } = this.#options;
    let sight: Sight = { position, waiting: [], missing: new Set() };
    try {
      while (this.#listeners.size > 0) {
        sight = await this.#look(sight);
        this.#pause = new AbortController();
        await clock.sleep(everyMs, this.#pause.signal).catch(() => undefined);
      }
      this.#begun = null;
    } catch (error) {
      this.#begun = null;
      const listeners = [...this.#listeners];
      this.#listeners.clear();
      for (const listener of listeners) listener.onLost(toFailure(error));
    }
  }

  async #look({ position, waiting, missing }: Sight): Promise<Sight> {
    const happened = await this.#options.link.run(({ coordination }) => coordination.activity.since(position));
    this.#looks += 1;
    const followed = this.#looks % LOOKS_BETWEEN_CHECKS === 0 ? this.#followed() : [];
    const heard = [...new Set([...waiting, ...happened.jobIds, ...followed])].filter((id) => this.#isWanted(id));
    if (heard.length > WAITING_MAX)
      throw new ParqueueError('PQ_RATE_LIMITED', 'more happens than can be told: connect again');
    const gone = new Set<string>();
    for (const id of heard.slice(0, JOBS_MAX)) {
      const found = await this.#options.lookUp(id);
      // A cancelled job is removed before its outcome is recorded.
      if (found === null && !missing.has(id)) gone.add(id);
      else
        for (const listener of this.#listeners)
          if (listener.follows === null || listener.follows === id) listener.onFill(id, found);
    }
    for (const change of happened.changes) for (const listener of this.#listeners) listener.onHead(change);
    for (const listener of this.#listeners) listener.onLook();
    return { position: happened.position, waiting: [...gone, ...heard.slice(JOBS_MAX)], missing: gone };
  }

  #followed(): readonly string[] {
    return [...this.#listeners].flatMap(({ follows }) => follows ?? []);
  }

  #isWanted(id: string): boolean {
    for (const { follows } of this.#listeners) if (follows === null || follows === id) return true;
    return false;
  }
}

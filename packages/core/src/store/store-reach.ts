/**
 * Whether the store's filesystem answers, for readiness and metrics. A network filesystem that hangs keeps one thread of
 * Node's pool for each call, and names are looked up by the same few threads: so there is at most one look at a time,
 * however often somebody asks and however long it takes.
 */
import { stat } from 'node:fs/promises';
import type { Clock } from '../ports/clock.ts';

/** Less than a kubelet gives a readiness probe. */
const LIMIT_MS = 2_000;

export class StoreReach {
  readonly #look: () => Promise<unknown>;
  readonly #clock: Clock;
  #running: Promise<string> | null = null;

  constructor({
    root,
    clock,
    look = () => stat(root),
  }: {
    readonly root: string;
    readonly clock: Clock;
    readonly look?: () => Promise<unknown>;
  }) {
    this.#look = look;
    this.#clock = clock;
  }

  /** @returns `ok`, or what is wrong; within two seconds */
  async ask(): Promise<string> {
    this.#running ??= this.#look()
      .then(
        () => 'ok',
        (error: NodeJS.ErrnoException) => `the store cannot be reached: ${error.code ?? error.message}`,
      )
      .finally(() => {
        this.#running = null;
      });
    const timer = new AbortController();
    const late = this.#clock.sleep(LIMIT_MS, timer.signal).then(
      () => 'the store does not answer',
      () => '',
    );
    try {
      return await Promise.race([this.#running, late]);
    } finally {
      timer.abort();
    }
  }
}

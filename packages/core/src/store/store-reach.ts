/**
 * Whether the store's filesystem answers, for readiness and metrics. A network filesystem that hangs keeps one thread of
 * Node's pool for each call, and names are looked up by the same few threads: so there is at most one look at a time,
 * however often somebody asks. It is a call to the store like others (calls.ts): while it is not given up it is not repeated,
 * and with all the threads that the store may have stuck it is refused at once, and takes none.
 */
import { isParqueueError } from '../model/errors.ts';
import type { Clock } from '../ports/clock.ts';

/** Less than a kubelet gives a readiness probe. */
const LIMIT_MS = 2_000;

export class StoreReach {
  readonly #look: () => Promise<unknown>;
  readonly #clock: Clock;
  #running: Promise<string> | null = null;

  /** @param options.look a bounded call, such as `store.space.free()` */
  constructor({ look, clock }: { readonly look: () => Promise<unknown>; readonly clock: Clock }) {
    this.#look = look;
    this.#clock = clock;
  }

  /** @returns `ok`, or what is wrong; within two seconds */
  async ask(): Promise<string> {
    this.#running ??= this.#look()
      .then(
        () => 'ok',
        (error: unknown) => `the store cannot be reached: ${errnoOf(error)}`,
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

function errnoOf(error: unknown): string {
  if (isParqueueError(error) && typeof error.details['errno'] === 'string') return error.details['errno'];
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/**
 * Epochs: one continuous memory of Redis each (I11). Owns the rule when a new one is opened and by whom.
 *
 * A marker in Redis names the epoch, the Redis process (`run_id`) it was opened under and a random incarnation.
 * Marker there and run_id unchanged: adopt it. Otherwise Redis forgot, or may have forgotten its last second:
 *   0. read the incarnation; a memory without one is given one, which it loses when it is emptied again
 *   1. claim the next number on the store, exclusively and for ever;
 *   2. list the scope marks on the store (any mark acknowledged in the old epoch is there);
 *   3. write the marker, if Redis still is that process and still carries the incarnation we saw.
 * Two openers A and B: each claims a number of its own; the script lets one write; the other reads its marker and
 * adopts it. Without step 0 an opener could come too late and not be noticed: A claims 2 and stalls; B claims and opens
 * 3; Redis is emptied by FLUSHALL, in the same process; A opens 2, with an older clock and without the marks of epoch 3.
 * A number claimed by an opener that died is never used; ticks only ever grow.
 */
import { ParqueueError } from './model/errors.ts';
import { EPOCH_MAX } from './model/ticks.ts';
import type { Clock, RandomId } from './ports/clock.ts';
import { isEpochLost } from './ports/coordination.ts';
import type { EpochRegister, EpochStore, Marker } from './ports/epochs.ts';
import type { OnStep } from './ports/steps.ts';

export interface EpochDeps {
  readonly register: EpochRegister;
  readonly store: EpochStore;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly onStep: OnStep;
}

/** How often opening is tried before it is called impossible; each failed try means another opener made progress. */
const OPEN_ATTEMPTS = 20;

/** Runs of one piece of work; each further one means that Redis was lost again while it ran. */
const RUN_ATTEMPTS = 5;

const RETRY_PAUSE_MS = 50;

export class Epochs {
  readonly #deps: EpochDeps;
  #opening: Promise<number> | null = null;

  constructor(deps: EpochDeps) {
    this.#deps = deps;
  }

  /**
   * Adopts the epoch in Redis, or opens the next one.
   * @returns the epoch's number
   * @throws ParqueueError PQ_CONFIG (this Redis belongs to another store, or no epoch is left), PQ_COORDINATION_DOWN, PQ_STORE_IO
   */
  open(): Promise<number> {
    this.#opening ??= this.#open({ adopt: true }).finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /**
   * Opens the next epoch although Redis forgot nothing: leases end, and every key is compared with the store again.
   * @returns the epoch's number
   */
  async openNext(): Promise<number> {
    return await this.#open({ adopt: false });
  }

  /** Runs `work`; when the epoch is lost under it, opens the next and runs it again from its beginning. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!isEpochLost(error)) throw error;
        if (attempt === RUN_ATTEMPTS) {
          throw new ParqueueError(
            'PQ_COORDINATION_DOWN',
            'Redis keeps losing its memory; ask again when it is stable',
            { cause: error },
          );
        }
        await this.open();
      }
    }
  }

  async #open(how: { readonly adopt: boolean }): Promise<number> {
    for (let attempt = 1; attempt <= OPEN_ATTEMPTS; attempt += 1) {
      const epoch = await this.#tryOpen(how);
      if (epoch !== null) return epoch;
      await this.#deps.clock.sleep(RETRY_PAUSE_MS);
    }
    throw new ParqueueError(
      'PQ_COORDINATION_DOWN',
      'no epoch could be opened: Redis changes faster than it can be read',
    );
  }

  async #tryOpen({ adopt }: { readonly adopt: boolean }): Promise<number | null> {
    const { register, store, randomId, onStep } = this.#deps;
    const { marker, runId, incarnation: seen } = await register.read();
    if (marker !== null) this.#requireOwnStore(marker);
    if (adopt && marker?.runId === runId) {
      register.adopt(marker);
      return marker.epoch;
    }
    const epoch = Math.max(await store.latest(), marker?.epoch ?? 0) + 1;
    if (epoch > EPOCH_MAX) throw lastEpoch();
    if (!(await store.claim(epoch))) return null;
    const marks = await store.scopeMarks();
    const next = { epoch, runId, incarnation: randomId(), storeId: store.storeId };
    if (!(await register.open(next, { runId, incarnation: seen }, marks))) return null;
    register.adopt(next);
    await onStep('epoch-opened', { epoch, previous: marker?.epoch ?? null });
    return epoch;
  }

  #requireOwnStore(marker: Marker): void {
    if (marker.storeId === this.#deps.store.storeId) return;
    throw new ParqueueError(
      'PQ_CONFIG',
      `this Redis coordinates store ${marker.storeId}, but store.root holds ${this.#deps.store.storeId}: `
        + 'give each store a Redis (or a database number) of its own',
    );
  }
}

/** Its ticks would no longer be told apart. Nothing of ours comes here: somebody wrote the number. */
function lastEpoch(): ParqueueError {
  return new ParqueueError(
    'PQ_CONFIG',
    `the store, or its Redis, says that it has had ${EPOCH_MAX} epochs, which is as many as there can be: begin with an empty store and an empty Redis`,
  );
}

/**
 * Admission (I9, I12): a fill takes room only where there is some. Before it starts it reserves what its result is expected
 * to take, beside the generation it will replace; while it runs its bytes on the store are looked at, and the reservation is
 * raised. Quotas hold for what the store has and all that is reserved together, in one step of Redis; the free bytes of the
 * filesystem are looked at beside it. A fill that finds no room has room made and tries once more; then it is refused with
 * PQ_STORE_FULL, or stopped if it runs. The head stays as it was.
 *
 * What makes room goes after its grace, not at once: who was refused finds room when he asks again after that.
 */
import type { GcReport, WantedRoom } from './gc.ts';
import { quotaOf, reserveOf, type StoreRules } from './model/retention.ts';
import { isParqueueError, ParqueueError } from './model/errors.ts';
import type { Clock } from './ports/clock.ts';
import { isEpochLost } from './ports/coordination.ts';
import type { Usage } from './ports/retention.ts';
import type { OnStep } from './ports/steps.ts';
import type { StagingRef, StoreSpace } from './ports/store.ts';

export interface FillRoom extends StagingRef {
  readonly dataset: string | null;
  /** Of the generation that is the head now; null where there is none. The next one is expected to take as much. */
  readonly headBytes: number | null;
}

export interface HeldRoom {
  /** Aborts when the fill takes more than there is; its reason is the error. */
  readonly passed: AbortSignal;
  /** Looks once more, now that all its bytes are there: a load may be over before the first look was due. */
  settle(): Promise<void>;
  /** The fill is over; its reservation goes. Never rejects: one that is left ends by itself. */
  release(): Promise<void>;
}

export interface Room {
  /** @throws ParqueueError PQ_STORE_FULL */
  hold(fill: FillRoom): Promise<HeldRoom>;
}

/** For stores without a quota whose owner looks after the disk himself. */
export const BOUNDLESS_ROOM: Room = {
  hold: async () => ({
    passed: new AbortController().signal,
    settle: async () => undefined,
    release: async () => undefined,
  }),
};

export interface StoreRoomDeps {
  readonly usage: Usage;
  readonly space: StoreSpace;
  readonly clock: Clock;
  readonly rules: StoreRules;
  /** Collects for the room that is wanted; null where another process of this host's kind does, or nothing can go now. */
  readonly makeRoom: (wanted: WantedRoom) => Promise<Pick<GcReport, 'waitingFor'>>;
  readonly onStep: OnStep;
  /** How often a running fill is looked at; a reservation that is not repeated three times ends. */
  readonly lookEveryMs: number;
}

/** Nothing is known of a first result: it is refused where there is no room at all. */
const UNKNOWN_RESULT_BYTES = 1;

/** A collection for room goes over all keys that Redis knows: not for each of many fills that are refused together. */
const MAKE_ROOM_PAUSE_MS = 5000;

const RESERVED_LOOKS = 3;

export class StoreRoom implements Room {
  readonly #deps: StoreRoomDeps;
  #making: Promise<Pick<GcReport, 'waitingFor'>> | null = null;
  #madeAtMs = Number.NEGATIVE_INFINITY;
  #waitingFor: GcReport['waitingFor'] = null;

  constructor(deps: StoreRoomDeps) {
    this.#deps = deps;
  }

  async hold(fill: FillRoom): Promise<HeldRoom> {
    const expected = fill.headBytes ?? UNKNOWN_RESULT_BYTES;
    let refusal = await this.#reserve(fill, expected);
    if (refusal !== null && !this.#isHopeless(fill, expected)) {
      await this.#makeRoom({ bytes: expected, dataset: fill.dataset });
      refusal = await this.#reserve(fill, expected);
    }
    if (refusal !== null) {
      await this.#tell(fill, refusal);
      throw refusal;
    }
    return this.#watch(fill, expected);
  }

  /** Room is not made for what has none in an empty store: its own head stays until the fill has replaced it. */
  #isHopeless({ dataset, headBytes }: FillRoom, bytes: number): boolean {
    const quotas = [this.#deps.rules.quotaBytes, quotaOf(this.#deps.rules, dataset)];
    return quotas.some((quota) => quota !== null && bytes + (headBytes ?? 0) > quota);
  }

  #watch(fill: FillRoom, expectedBytes: number): HeldRoom {
    const { clock, space, usage, lookEveryMs } = this.#deps;
    const passed = new AbortController();
    const over = new AbortController();
    const look = async (): Promise<void> => {
      const bytes = await space.stagedBytes(fill);
      const refusal = await this.#reserve(fill, Math.max(expectedBytes, bytes));
      if (refusal === null || over.signal.aborted || passed.signal.aborted) return;
      passed.abort(refusal);
      await this.#tell(fill, refusal);
      // Nobody knows how large it becomes: whoever asks again shall find twice of what it had when it was stopped.
      if (!this.#isHopeless(fill, bytes * 2)) await this.#makeRoom({ bytes: bytes * 2, dataset: fill.dataset });
    };
    const watching = (async (): Promise<void> => {
      while (!over.signal.aborted && !passed.signal.aborted) {
        await clock.sleep(lookEveryMs, over.signal).catch(() => undefined);
        if (over.signal.aborted) return;
        // A Redis or a store that does not answer says nothing of room; the fill's own writes meet the store as well.
        await look().catch(ignoreOperational);
      }
    })();
    // A defect stops the fill, as in heartbeat.ts; `release` waits for the watch and leaves the telling to the signal.
    watching.catch((error: unknown) => passed.abort(error));
    return {
      passed: passed.signal,
      settle: () => look().catch(ignoreOperational),
      release: async () => {
        over.abort();
        await watching.catch(() => undefined);
        await usage.release(fill.fillId).catch(ignoreOperational);
      },
    };
  }

  /** @returns the error where there is no room */
  async #reserve(fill: FillRoom, bytes: number): Promise<ParqueueError | null> {
    const { usage, space, rules, lookEveryMs } = this.#deps;
    const { fillId, dataset } = fill;
    const datasetQuotaBytes = quotaOf(rules, dataset);
    const reserved = await usage.reserve({
      fillId,
      dataset,
      bytes,
      ttlMs: RESERVED_LOOKS * lookEveryMs,
      quotaBytes: rules.quotaBytes,
      datasetQuotaBytes,
    });
    if (reserved.kind === 'passed') {
      const ofDataset = reserved.quota === 'dataset';
      const quota = ofDataset ? datasetQuotaBytes : rules.quotaBytes;
      return this.#full(
        ofDataset ? `dataset ${dataset}` : 'the store',
        `${sizeText(reserved.othersBytes)} of its quota of ${sizeText(quota ?? 0)} are taken and this load needs ${sizeText(bytes)}`,
        {
          limit: ofDataset ? 'datasetQuota' : 'quota',
          quotaBytes: quota,
          takenBytes: reserved.othersBytes,
          wantedBytes: bytes,
        },
      );
    }
    const now = await space.free();
    const reserveBytes = reserveOf(rules, now);
    const written = Math.min(bytes, await space.stagedBytes(fill));
    if (now.freeBytes - (bytes - written) >= reserveBytes) return null;
    return this.#full(
      "the store's filesystem",
      `${sizeText(now.freeBytes)} are free, of which ${sizeText(reserveBytes)} are left alone (store.reserve), and this load needs ${sizeText(bytes - written)} more`,
      { limit: 'reserve', freeBytes: now.freeBytes, reserveBytes, wantedBytes: bytes },
    );
  }

  #full(whose: string, why: string, details: Readonly<Record<string, unknown>>): ParqueueError {
    const hope =
      this.#waitingFor === null
        ? 'what nobody reads goes after its grace (store.retention.grace): ask again then'
        : 'Redis was restarted, and nothing is removed until readers of before are done: ask again later';
    const remedy = `${hope}, or raise the quota, give the filesystem more, or purge what is not needed`;
    return new ParqueueError('PQ_STORE_FULL', `${whose} has no room: ${why}; ${remedy}`, {
      details: { place: 'store', ...details },
    });
  }

  async #tell({ key, fence, fillId }: FillRoom, { message }: ParqueueError): Promise<void> {
    await this.#deps.onStep('room-refused', { key, fence, fillId, reason: message });
  }

  /** One at a time in this process; whoever comes meanwhile, or a moment later, has that one's result. */
  async #makeRoom(wanted: WantedRoom): Promise<void> {
    const { makeRoom, clock } = this.#deps;
    if (this.#making === null) {
      if (clock.now() - this.#madeAtMs < MAKE_ROOM_PAUSE_MS) return;
      this.#making = makeRoom(wanted).finally(() => {
        this.#madeAtMs = clock.now();
        this.#making = null;
      });
    }
    this.#waitingFor = (await this.#making).waitingFor;
  }
}

function ignoreOperational(error: unknown): void {
  if (!isParqueueError(error) && !isEpochLost(error)) throw error;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${UNITS[power]}`;
}

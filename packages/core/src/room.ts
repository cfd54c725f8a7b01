/**
 * Admission (I9, I12): a fill takes room only where there is some. Before it starts it reserves what its result is expected
 * to take, beside the generation it will replace; while it runs its bytes on the store are looked at, and the reservation is
 * raised. Quotas hold for what the store has and all that is reserved together, in one step of Redis; the free bytes of the
 * filesystem are looked at beside it. A fill that finds no room has room made and tries once more; then it is refused with
 * PQ_STORE_FULL, or stopped if it runs. The head stays as it was.
 *
 * What makes room goes after its grace, not at once: who was refused finds room when he asks again after that.
 *
 * A result that never fits could cost the store everything else: stopped, room made, asked again, stopped a little later. So
 * room is made without bounds only for what a head is known to take; for a guess never more than a share of the quota, for all
 * guesses together (model/retention.ts). And what a fill had when a quota stopped it is remembered for its key, for a
 * grace: the next one is expected to take that, and where it cannot have it is refused before it asks the source or anything goes.
 */
import type { GcReport, WantedRoom } from './gc.ts';
import { keptFromGuesses, quotaOf, reserveOf, type StoreRules } from './model/retention.ts';
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
  /** Looks for the last time, now that all its bytes are there: a load may be over before the first look was due. */
  settle(): Promise<void>;
  /** The fill is over; its reservation goes. Never rejects: one that is left ends by itself. */
  release(): Promise<void>;
  /** The same after a commit, with which its reservation went. */
  counted(): Promise<void>;
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
    counted: async () => undefined,
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

/** From the last look to the commit, with which the reservation ends. */
const SETTLED_MS = 60_000;

/** As long as a grace, after which what went for it is gone: then it may ask its source whether it still does not fit. */
const REMEMBERED_MIN_MS = 60_000;

interface Refused {
  readonly error: ParqueueError;
  /** What it needs at least. */
  readonly bytes: number;
  /** What it would pass. */
  readonly limit: 'quota' | 'datasetQuota' | 'reserve';
}

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
    let refused = await this.#reserve(fill, expected);
    if (refused !== null && !this.#isHopeless(fill, refused.bytes)) {
      await this.#makeRoom(wantedBy(fill, refused.bytes));
      refused = await this.#reserve(fill, expected);
    }
    if (refused !== null) {
      await this.#tell(fill, refused.error);
      throw refused.error;
    }
    return this.#watch(fill, expected);
  }

  /**
   * Room is not made for what has none in an empty store: its own head stays until the fill has replaced it. Nor for more than
   * guesses may have.
   */
  #isHopeless(fill: FillRoom, bytes: number): boolean {
    const { guessed } = wantedBy(fill, bytes);
    const quotas = [this.#deps.rules.quotaBytes, quotaOf(this.#deps.rules, fill.dataset)];
    return quotas.some(
      (quota) =>
        quota !== null
        && (bytes + (fill.headBytes ?? 0) > quota || (guessed && bytes > quota - keptFromGuesses(quota))),
    );
  }

  #watch(fill: FillRoom, expectedBytes: number): HeldRoom {
    const { clock, space, usage, rules, lookEveryMs } = this.#deps;
    const passed = new AbortController();
    const over = new AbortController();
    let released = false;
    let settled = false;
    const look = async (ttlMs?: number): Promise<void> => {
      const bytes = await space.stagedBytes(fill);
      const refused = await this.#reserve(fill, Math.max(expectedBytes, bytes), ttlMs);
      if (refused === null || released || passed.signal.aborted) return;
      passed.abort(refused.error);
      await this.#tell(fill, refused.error);
      // Not for a full disk, which no head goes for: what others wrote there is none of the question's.
      if (refused.limit !== 'reserve')
        await usage.outgrown(fill.key, bytes, Math.max(rules.graceMs, REMEMBERED_MIN_MS));
      // What it holds is none of what the next one needs.
      await usage.release(fill.fillId);
      // Nobody knows how large it becomes: whoever asks again shall find twice of what it had when it was stopped.
      if (!this.#isHopeless(fill, bytes)) await this.#makeRoom(wantedBy(fill, bytes * 2));
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
    const rest = async (): Promise<void> => {
      over.abort();
      await watching.catch(() => undefined);
    };
    const release = async (): Promise<void> => {
      released = true;
      await rest();
      await usage.release(fill.fillId).catch(ignoreOperational);
    };
    return {
      passed: passed.signal,
      // No look after this one: it would reserve again what the commit has counted.
      settle: async () => {
        await rest();
        settled = await look(SETTLED_MS).then(() => true, ignoreOperational);
      },
      release,
      // After a last look that was answered nothing reserves again what head-commit has dropped.
      counted: async () => (settled ? undefined : await release()),
    };
  }

  /** @returns the error where there is no room */
  async #reserve(
    fill: FillRoom,
    expectedBytes: number,
    ttlMs = RESERVED_LOOKS * this.#deps.lookEveryMs,
  ): Promise<Refused | null> {
    const { usage, space, rules } = this.#deps;
    const { key, fillId, dataset } = fill;
    const datasetQuotaBytes = quotaOf(rules, dataset);
    const { quotaBytes } = rules;
    const wish = { key, fillId, dataset, bytes: expectedBytes, ttlMs, quotaBytes, datasetQuotaBytes };
    const reserved = await usage.reserve(wish);
    const { bytes } = reserved;
    if (reserved.kind === 'passed') {
      const ofDataset = reserved.quota === 'dataset';
      const quota = ofDataset ? datasetQuotaBytes : quotaBytes;
      return this.#full({ fill, bytes }, ofDataset ? `dataset ${dataset}` : 'the store', {
        why: `${sizeText(reserved.othersBytes)} of its quota of ${sizeText(quota ?? 0)} are taken and this load needs ${sizeText(bytes)}`,
        limit: ofDataset ? 'datasetQuota' : 'quota',
        details: { quotaBytes: quota, takenBytes: reserved.othersBytes },
      });
    }
    const now = await space.free();
    const reserveBytes = reserveOf(rules, now);
    // What it wrote already is taken from what is free: nothing to ask for where there is room even without that.
    if (now.freeBytes - bytes >= reserveBytes) return null;
    const written = Math.min(bytes, await space.stagedBytes(fill));
    if (now.freeBytes - (bytes - written) >= reserveBytes) return null;
    const has = bytes > written ? `needs ${sizeText(bytes - written)} more` : `has written ${sizeText(written)} so far`;
    return this.#full({ fill, bytes }, "the store's filesystem", {
      why: `${sizeText(now.freeBytes)} are free, of which ${sizeText(reserveBytes)} are left alone (store.reserve), and this load ${has}`,
      limit: 'reserve',
      details: { freeBytes: now.freeBytes, reserveBytes },
    });
  }

  #full(
    { fill, bytes }: { readonly fill: FillRoom; readonly bytes: number },
    whose: string,
    told: Pick<Refused, 'limit'> & { readonly why: string; readonly details: Readonly<Record<string, number | null>> },
  ): Refused {
    const message = `${whose} has no room: ${told.why}; ${this.#remedy(fill, bytes)}`;
    const { limit } = told;
    const details = { place: 'store', limit, ...told.details, wantedBytes: bytes };
    return { bytes, limit, error: new ParqueueError('PQ_STORE_FULL', message, { details }) };
  }

  #remedy(fill: FillRoom, bytes: number): string {
    if (this.#isHopeless(fill, bytes))
      return 'so much is not made free for a load whose size nobody knows (a quarter of a quota at most): raise the quota, or purge what is not needed';
    const hope =
      this.#waitingFor === null
        ? 'what nobody reads goes after its grace (store.retention.grace): ask again then'
        : 'Redis was restarted, and nothing is removed until readers of before are done: ask again later';
    return `${hope}, or raise the quota, give the filesystem more, or purge what is not needed`;
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

/** What a head takes is known; anything beyond it is a guess. */
function wantedBy({ dataset, headBytes }: FillRoom, bytes: number): WantedRoom {
  return { bytes, dataset, guessed: bytes > (headBytes ?? 0) };
}

/** @returns false: it was not done */
function ignoreOperational(error: unknown): false {
  if (!isParqueueError(error) && !isEpochLost(error)) throw error;
  return false;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${UNITS[power]}`;
}

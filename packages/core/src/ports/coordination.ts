/**
 * The coordination state lives in Redis; these are its atomic steps, one short Lua script each, and one pure function
 * each in testing/memory. Every call carries the epoch's marker under the hood: when Redis has forgotten or was
 * restarted, it rejects with EpochLost and changes nothing. Every call may be repeated by a resend without harm.
 */
import type { Head, Consistency } from '../model/generation.ts';
import type { SeenTicks } from '../model/freshness.ts';
import type { PartQuestion } from '../model/parts.ts';
import type { Scope } from '../model/request.ts';
import type { Tick } from '../model/ticks.ts';
import type { Version } from '../model/version.ts';

export interface LookTarget {
  readonly key: string;
  readonly scopes: readonly Scope[];
  readonly probeTargets: readonly string[];
}

export interface LeaseHolder {
  readonly fence: Tick;
  readonly fillId: string;
  readonly holder: string;
  readonly expiresAtMs: number;
}

/** All that one atomic look returns (I7). */
export interface Look {
  readonly seen: SeenTicks;
  readonly head: Head | null;
  /** The pin taken on the head in the same step, or null where none was asked or there was nothing to pin. */
  readonly pin: Pin | null;
  /** False until this epoch compared the key with the store; the head is then only what Redis remembers (I11). */
  readonly reconciled: boolean;
  /** Latest fence granted for the key, and the live lease if there is one. */
  readonly latestFence: Tick;
  readonly lease: LeaseHolder | null;
  /** Redis's clock, ms. */
  readonly nowMs: number;
}

export interface Pin {
  readonly id: string;
  readonly key: string;
  readonly fence: Tick;
  readonly expiresAtMs: number;
}

export interface PinWish {
  /** Random name of the pin, made by the caller: a resent call pins once. */
  readonly id: string;
  readonly ttlMs: number;
}

/** Why a look is taken: to use the head, pinned or as it is, which is noted as a read of the entry; or null, to know. */
export type LookWish = PinWish | 'read' | null;

/** One generation as its manifest describes it: all that Redis remembers of it. */
export interface DescribedGeneration {
  readonly fence: Tick;
  readonly fillId: string;
  readonly version: Version;
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
  readonly consistency: Consistency;
  readonly source: string;
  readonly dataset: string | null;
  /** When the lease was granted, by Redis's clock. */
  readonly startedAtMs: number;
}

export interface CommitRequest extends DescribedGeneration {
  readonly key: string;
  /** Scopes of the request: a purge of any of them forbids an older fence. */
  readonly scopes: readonly Scope[];
}

export type CommitResult =
  /** The generation is, or already was, published under this fillId. */
  | { readonly kind: 'committed' }
  /** A later fence was granted, or a purge forbids this one. The generation will never be served. */
  | { readonly kind: 'fenced'; readonly latestFence: Tick };

export interface Heads {
  /**
   * Read head and ticks, and pin the head where that is wished, in one step. A head at or below the purge mark is
   * returned as null. @throws ParqueueError PQ_RATE_LIMITED where the key has all the pins it may have
   */
  look(target: LookTarget, wish: LookWish): Promise<Look>;
  /** Raise `verified` to `tick` if the head still has `version` and is not damaged. @returns whether the head has that version. */
  markVerified(
    key: string,
    proof: { readonly version: Version; readonly tick: Tick; readonly beganAtMs: number },
  ): Promise<boolean>;
  /** I3. Publishes a notice for the key when it commits. */
  commit(request: CommitRequest): Promise<CommitResult>;
  /** The files of that generation are not what was committed; the head, if it still is that one, becomes a miss. */
  markDamaged(key: string, fence: Tick, reason: string): Promise<void>;
}

export type LeaseGrant =
  | { readonly kind: 'granted'; readonly fence: Tick; readonly grantedAtMs: number; readonly expiresAtMs: number }
  | { readonly kind: 'busy'; readonly holder: LeaseHolder; readonly nowMs: number }
  /** The key must be reconciled with the store before anything may be filled under it. */
  | { readonly kind: 'unreconciled' };

export interface LeaseClaim {
  readonly key: string;
  readonly fillId: string;
  readonly holder: string;
  readonly ttlMs: number;
  /** Of the request that is filled: a purge of any of them ends the fill. */
  readonly scopes: readonly Scope[];
}

/** A fill that was granted the lease of its key and has not given it back; its lease may have run out. */
export interface LeasedFill {
  readonly key: string;
  readonly fence: Tick;
  readonly scopes: readonly Scope[];
}

export interface Leases {
  /** Grants the key's lease under the next tick, unless it is held. Asking again with the same live fillId returns the same fence. */
  acquire(claim: LeaseClaim): Promise<LeaseGrant>;
  /**
   * Extends the lease, even an expired one that nobody else was granted. @returns false when it is lost for good: to
   * another fill, or to a purge, with which it ends.
   */
  renew(claim: LeaseClaim, fence: Tick): Promise<boolean>;
  release(claim: LeaseClaim, fence: Tick): Promise<void>;
  /** Fills of this epoch that are under way in the cluster, those of keys without a head included. */
  list(): Promise<readonly LeasedFill[]>;
}

export type InvalidateMode = 'soft' | 'hard' | 'purge';

/** `key:KEY`, or a Scope. */
export type MarkTarget = string;

/** That the probe targets are asked as parts, and how long anybody should believe it without hearing more. */
export interface Announcement {
  readonly asked: PartQuestion['asked'];
  readonly forMs: number;
}

export interface Ticks {
  /**
   * Takes the tick of a probe, before it touches the source; `started` of the key and of the targets named becomes it.
   * With an announcement others hear that these targets are being asked (ports/parts.ts).
   */
  startProbe(target: LookTarget, announcement?: Announcement): Promise<{ readonly tick: Tick; readonly nowMs: number }>;
  /** Takes the next tick and marks the target with it. */
  invalidate(target: MarkTarget, mode: InvalidateMode): Promise<Tick>;
  /** Sets marks that the store already holds; raise-only. Rejects when the epoch is not the one named. */
  restoreMarks(epoch: number, marks: readonly Mark[]): Promise<void>;
  /** The epoch this process works in, as told by the last marker it compared. */
  epoch(): Promise<number>;
}

/** The latest hard and purge ticks of one target; 0 for none. `hard` is never below `purge`. */
export interface Mark {
  readonly target: MarkTarget;
  readonly hard: Tick;
  readonly purge: Tick;
}

export interface Pins {
  /**
   * Pins a generation by name: the head, or a retired one that is not being removed. @returns null when it is gone.
   * @throws ParqueueError PQ_RATE_LIMITED where the key has all the pins it may have
   */
  pinGeneration(ref: { readonly key: string; readonly fence: Tick }, wish: PinWish): Promise<Pin | null>;
  /** @returns the pin with its new expiry; null when it expired, was released, or a purge ended it. */
  renew(key: string, pinId: string, ttlMs: number): Promise<Pin | null>;
  release(key: string, pinId: string): Promise<void>;
}

export interface Reconciliation {
  readonly key: string;
  /** The epoch under which the directory was listed; another one now rejects with EpochLost. */
  readonly epoch: number;
  /** Newest whole generation of an older epoch above the not-before marks. Raise-only: an older one than the head's is ignored. */
  readonly newest: DescribedGeneration | null;
  /** Fences of all other generations found on disk that are older than this epoch: they become retired. */
  readonly others: readonly Tick[];
  readonly mark: Mark | null;
}

export interface Retirement {
  /**
   * Head stays, unless a purge of the key ended it; anything else on disk that can never be committed any more, being
   * below the latest granted fence or purged, starts its grace. `dataset`: of the head.
   */
  noteOrphans(of: { readonly key: string; readonly dataset: string | null }, fences: readonly Tick[]): Promise<void>;
  /**
   * Asks leave to remove one generation (I6): refused while it is head, pinned, within its grace, or not retired (then it
   * may still be committed). When allowed, it can no longer be pinned. Rejects with EpochLost when the epoch
   * is not the one whose gate was open: another one may have forgotten pins, and its own gate is closed. A dry run only says
   * what the answer would be.
   */
  retire(
    ref: { readonly key: string; readonly fence: Tick },
    leave: { readonly epoch: number; readonly graceMs: number; readonly dryRun: boolean },
  ): Promise<'removable' | 'refused'>;
  /** Its grace starts again: something on the store still named it. */
  restartGrace(ref: { readonly key: string; readonly fence: Tick }): Promise<void>;
  /** Forgets a removed generation. */
  removed(ref: { readonly key: string; readonly fence: Tick }): Promise<void>;
  /** When gc may begin in this epoch: null until the reconciliation pass is complete, else Redis's time of completion. */
  gate(): Promise<{ readonly epoch: number; readonly reconciledAtMs: number | null; readonly nowMs: number }>;
}

export interface Reconciler {
  apply(reconciliation: Reconciliation): Promise<void>;
  /** The pass over all keys of the store is complete: keys without a directory need no reconciliation. */
  completePass(epoch: number): Promise<void>;
  /** Where a resumed pass continues: the last shard finished in this epoch, or null. */
  passPosition(epoch: number): Promise<string | null>;
  savePassPosition(epoch: number, shard: string): Promise<void>;
}

/** Redis is no longer the memory this process knew. Open the epoch again, then start over. Never shown to users. */
export class EpochLost extends Error {
  override readonly name = 'EpochLost';
}

export function isEpochLost(error: unknown): boolean {
  return error instanceof Error && error.name === 'EpochLost';
}

/**
 * Making room (I6): what goes beyond the garbage when a quota or the free space of the filesystem wants it. In this order,
 * a dataset's quota before the store's:
 *   1. replaced generations that retention would keep, those replaced longest ago first;
 *   2. heads, those that nobody read for longest first, and never one that was committed within a grace: who asked for it
 *      may still be on the way to its first look.
 * Heads go for quotas only. A filesystem that others filled shall not cost what took hours to load.
 *
 * Of a store with many entries only the first candidates are remembered (first-of.ts): where they do not make enough room, the keys
 * are surveyed once more for those that come next.
 */
import { FirstOf } from './first-of.ts';
import {
  collectDownTo,
  keptFromGuesses,
  reserveOf,
  type EvictionReason,
  type Space,
  type StoreRules,
} from './model/retention.ts';
import type { Removal } from './gc-plan.ts';
import type { HeadToEvict, KeySurvey, StoreUsage } from './ports/retention.ts';

/** A generation kept while there is room. */
export interface KeptCandidate {
  readonly seen: KeySurvey;
  readonly removal: Removal;
  readonly bytes: number;
  readonly dataset: string | null;
  readonly retiredAtMs: number;
}

export interface HeadCandidate extends HeadToEvict {
  readonly bytes: number;
  readonly usedAtMs: number;
  readonly committedAtMs: number;
}

/** Bytes of the store and of each dataset. */
export class Tally {
  all = 0;
  readonly #datasets = new Map<string, number>();

  add(bytes: number, dataset: string | null): void {
    this.all += bytes;
    if (dataset !== null) this.#datasets.set(dataset, this.of(dataset) + bytes);
  }

  /** Of the dataset, or of the store. */
  of(dataset: string | null): number {
    return dataset === null ? this.all : (this.#datasets.get(dataset) ?? 0);
  }
}

/** Room that somebody waits for, beside what collections leave free anyway. */
export interface WantedRoom {
  readonly bytes: number;
  readonly dataset: string | null;
  /** Nobody knows whether that will do: heads go for it only as long as the most of the quota is left to others. */
  readonly guessed: boolean;
}

export interface Pressure {
  /** Whose entries go; null: anybody's. */
  readonly dataset: string | null;
  /** Why heads go; null: none does. */
  readonly evict: EvictionReason | null;
  /** What must be free of it: quota less headroom, or what is wanted. */
  readonly overBytes: number;
}

/** Who is over, before anything went; in the order in which room is made. */
export function pressures(
  rules: StoreRules,
  usage: StoreUsage,
  { space, wanted }: { readonly space: Space; readonly wanted: WantedRoom | null },
): readonly Pressure[] {
  const found: Pressure[] = Object.entries(rules.datasets).flatMap(([dataset, { quotaBytes }]) => {
    if (quotaBytes === null) return [];
    const taken = { bytes: usage.datasets[dataset] ?? 0, reservedBytes: usage.reservedOf[dataset] ?? 0 };
    const overBytes = overOf(quotaBytes, taken, wanted?.dataset === dataset ? wanted : null);
    return [{ dataset, evict: 'dataset-quota' as const, overBytes }];
  });
  if (rules.quotaBytes !== null)
    found.push({ dataset: null, evict: 'quota', overBytes: overOf(rules.quotaBytes, usage, wanted) });
  const wantedBytes = wanted?.bytes ?? 0;
  found.push({ dataset: null, evict: null, overBytes: reserveOf(rules, space) + wantedBytes - space.freeBytes });
  return found.filter(({ overBytes }) => overBytes > 0);
}

function overOf(
  quotaBytes: number,
  { bytes, reservedBytes }: Pick<StoreUsage, 'bytes' | 'reservedBytes'>,
  wanted: WantedRoom | null,
): number {
  const upTo = Math.min(collectDownTo(quotaBytes), quotaBytes - reservedBytes - (wanted?.bytes ?? 0));
  return bytes - (wanted?.guessed === true ? Math.max(upTo, keptFromGuesses(quotaBytes)) : upTo);
}

/** Who may go for one pressure. */
export class Candidates {
  readonly pressure: Pressure;
  /** Oldest replacement first. */
  readonly kept: FirstOf<KeptCandidate>;
  /** Least recently read first; among those that nobody ever read, the oldest. */
  readonly heads: FirstOf<HeadCandidate>;

  constructor(pressure: Pressure, max: number) {
    this.pressure = pressure;
    this.kept = new FirstOf(byReplacement, max);
    this.heads = new FirstOf(byReading, max);
  }

  addKept(candidate: KeptCandidate): void {
    if (this.#isFor(candidate)) this.kept.add(candidate);
  }

  addHead(candidate: HeadCandidate): void {
    if (this.pressure.evict !== null && this.#isFor(candidate)) this.heads.add(candidate);
  }

  /** Another quota may have it among its own. Told by the place in the order, since of a million that refuse to go none is remembered. */
  triedKept(candidate: KeptCandidate): boolean {
    return this.#isFor(candidate) && this.kept.isUsed(candidate);
  }

  triedHead(candidate: HeadCandidate): boolean {
    return this.#isFor(candidate) && this.heads.isUsed(candidate);
  }

  #isFor({ dataset }: KeptCandidate | HeadCandidate): boolean {
    return this.pressure.dataset === null || this.pressure.dataset === dataset;
  }
}

function byReplacement(a: KeptCandidate, b: KeptCandidate): number {
  return a.retiredAtMs - b.retiredAtMs || byName(a.seen.key, b.seen.key) || a.removal.fence - b.removal.fence;
}

function byReading(a: HeadCandidate, b: HeadCandidate): number {
  return a.usedAtMs - b.usedAtMs || a.committedAtMs - b.committedAtMs || byName(a.key, b.key);
}

function byName(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/**
 * In which order the entries of one refresh have their turn. Each waits for its moment within the jitter, which its key
 * decides; of those whose moment has come, the one proved longest ago goes first, so that what one refresh did not reach
 * is the first of the next. What has to be tried again goes behind those that can go now.
 */
import { phaseOf } from './model/phase.ts';
import type { ResolvedRequest } from './model/request.ts';
import type { Tick } from './model/ticks.ts';

export interface AgendaItem {
  readonly key: string;
  /** Where it is known without the entry's manifest. */
  readonly request: ResolvedRequest | null;
  /** Of its head; null: it has none. */
  readonly fence: Tick | null;
  readonly verifiedAtMs: number;
}

/** So many arrivals find their places one by one; more are sorted with all others. */
const PLACED_ONE_BY_ONE = 100;

export class Agenda {
  /** By moment; the last is the next. */
  readonly #later: { readonly item: AgendaItem; readonly atMs: number }[];
  /** By how long ago they were proved; the last is the next. */
  readonly #ready: AgendaItem[] = [];
  readonly #again: AgendaItem[] = [];

  constructor(
    items: readonly AgendaItem[],
    { beganAtMs, jitterMs }: { readonly beganAtMs: number; readonly jitterMs: number },
  ) {
    this.#later = items
      .map((item) => ({ item, atMs: beganAtMs + Math.floor(phaseOf(item.key) * jitterMs) }))
      .toSorted((a, b) => b.atMs - a.atMs);
  }

  /** The item whose turn it is, how long until there is one, or null at the end. */
  take(nowMs: number): AgendaItem | { readonly waitMs: number } | null {
    this.#arrive(nowMs);
    const item = this.#ready.pop() ?? this.#again.shift();
    if (item !== undefined) return item;
    const next = this.#later.at(-1);
    return next === undefined ? null : { waitMs: next.atMs - nowMs };
  }

  /** Its turn came to nothing. */
  putBack(item: AgendaItem): void {
    this.#again.push(item);
  }

  /** Items that had no turn yet, or none that came to something. */
  get left(): number {
    return this.#later.length + this.#ready.length + this.#again.length;
  }

  #arrive(nowMs: number): void {
    let first = this.#later.length;
    while ((this.#later[first - 1]?.atMs ?? Infinity) <= nowMs) first -= 1;
    const arrived = this.#later.splice(first).map(({ item }) => item);
    if (arrived.length > PLACED_ONE_BY_ONE) {
      for (const item of arrived) this.#ready.push(item);
      this.#ready.sort((a, b) => b.verifiedAtMs - a.verifiedAtMs);
    } else for (const item of arrived) this.#place(item);
  }

  #place(item: AgendaItem): void {
    let [from, to] = [0, this.#ready.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#ready[middle]?.verifiedAtMs ?? 0) >= item.verifiedAtMs) from = middle + 1;
      else to = middle;
    }
    this.#ready.splice(from, 0, item);
  }
}

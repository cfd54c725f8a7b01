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

export class Agenda {
  readonly #beganAtMs: number;
  readonly #jitterMs: number;
  /** The last is the next. */
  readonly #later: AgendaItem[];
  readonly #ready: AgendaItem[] = [];
  readonly #again: AgendaItem[] = [];

  constructor(
    items: readonly AgendaItem[],
    { beganAtMs, jitterMs }: { readonly beganAtMs: number; readonly jitterMs: number },
  ) {
    this.#beganAtMs = beganAtMs;
    this.#jitterMs = jitterMs;
    this.#later = items.toSorted((a, b) => phaseOf(b.key) - phaseOf(a.key));
  }

  /** The item whose turn it is, how long until there is one, or null at the end. */
  take(nowMs: number): AgendaItem | { readonly waitMs: number } | null {
    const before = this.#ready.length;
    for (
      let next = this.#later.at(-1);
      next !== undefined && this.#momentOf(next) <= nowMs;
      next = this.#later.at(-1)
    ) {
      this.#ready.push(next);
      this.#later.pop();
    }
    if (this.#ready.length > before) this.#ready.sort((a, b) => b.verifiedAtMs - a.verifiedAtMs);
    const item = this.#ready.pop() ?? this.#again.shift();
    if (item !== undefined) return item;
    const next = this.#later.at(-1);
    return next === undefined ? null : { waitMs: this.#momentOf(next) - nowMs };
  }

  /** Its turn came to nothing. */
  putBack(item: AgendaItem): void {
    this.#again.push(item);
  }

  /** Items that had no turn yet, or none that came to something. */
  get left(): number {
    return this.#later.length + this.#ready.length + this.#again.length;
  }

  #momentOf({ key }: AgendaItem): number {
    return this.#beganAtMs + Math.floor(phaseOf(key) * this.#jitterMs);
  }
}

/**
 * Garbage collection (I6): retires heads over quota or unread for long, removes generations that are retired, unpinned and
 * past their grace, orphans that no fill can commit any more, and staging directories whose fills are over. Nothing at all
 * is removed until the epoch's reconciliation is complete and one maximal pin and one grace have passed: before that, Redis
 * may have forgotten pins that readers still rely on.
 *
 *   gate ─ over all keys, a page at a time: survey, glance at the disk, plan (gc-plan.ts) ─ keys with work, one by one
 *        (gc-key.ts) ─ unread heads ─ where a quota or the disk wants more: room (gc-room.ts) ─ trash
 *
 * A page costs one round trip to Redis and two calls to the filesystem for each key; only keys with work cost more.
 */
import { collectKey, evictHead, removeGenerations, type GcDeps, type GcItem, type KeyGcOptions } from './gc-key.ts';
import { hasWork, planKey, type KeyPlan } from './gc-plan.ts';
import {
  headsInOrder,
  keptInOrder,
  pressures,
  Tally,
  type HeadCandidate,
  type KeptCandidate,
  type Pressure,
  type WantedRoom,
} from './gc-room.ts';
import { SHARDS } from './model/cache-key.ts';
import type { GcReason, Space, StoreRules } from './model/retention.ts';
import type { KeySurvey, StoreUsage } from './ports/retention.ts';

export type { GcDeps, GcItem, KeyGcOptions } from './gc-key.ts';
export { collectKey, evictHead } from './gc-key.ts';
export type { WantedRoom } from './gc-room.ts';

export interface GcOptions {
  readonly rules: StoreRules;
  /** The longest pin anybody can hold. */
  readonly pinMaxMs: number;
  /** Tells what would go, touches nothing. */
  readonly dryRun: boolean;
  /** For so long a key whose head was evicted is remembered as that. Default: a day. */
  readonly evictedToldMs?: number;
  /** Called for each thing that goes, or would go. */
  readonly onItem?: (item: GcItem) => void;
  /** Room that somebody waits for: the disk is not looked through for orphans and staging. Default: a full collection. */
  readonly wanted?: WantedRoom;
  readonly signal: AbortSignal;
}

export type GcCounts = Readonly<Partial<Record<GcReason, { readonly count: number; readonly bytes: number }>>>;

export interface GcReport {
  /** Why nothing was collected, or null. */
  readonly waitingFor: 'reconciliation' | 'pins-of-the-last-epoch' | null;
  /** By Redis's clock; null where nobody can know. */
  readonly waitUntilMs: number | null;
  readonly keys: number;
  readonly heads: number;
  readonly generations: number;
  readonly staging: number;
  readonly trash: number;
  /** Of the generations removed. */
  readonly bytes: number;
  readonly removed: GcCounts;
  readonly retired: GcCounts;
  readonly usage: StoreUsage;
  readonly space: Space;
}

/** Keys that one script surveys, seven commands each: Redis serves nobody else meanwhile, so a few milliseconds at most. */
const KEYS_PER_PAGE = 50;
const EVICTED_TOLD_MS = 86_400_000;
/** Directories looked at side by side: on NFS each is a round trip or two. */
const GLANCES_AT_ONCE = 16;

export async function collectGarbage(deps: GcDeps, options: GcOptions): Promise<GcReport> {
  return await new Collection(deps, options).run();
}

export interface GcGate {
  readonly epoch: number;
  readonly waitingFor: GcReport['waitingFor'];
  readonly waitUntilMs: number | null;
}

/** Public for simulations, which collect one key at a time. */
export async function gcGate(
  { retirement }: Pick<GcDeps, 'retirement'>,
  { rules, pinMaxMs }: Pick<GcOptions, 'rules' | 'pinMaxMs'>,
): Promise<GcGate> {
  const { epoch, reconciledAtMs, nowMs } = await retirement.gate();
  if (reconciledAtMs === null) return { epoch, waitingFor: 'reconciliation', waitUntilMs: null };
  const opensAtMs = reconciledAtMs + pinMaxMs + rules.graceMs;
  return nowMs < opensAtMs
    ? { epoch, waitingFor: 'pins-of-the-last-epoch', waitUntilMs: opensAtMs }
    : { epoch, waitingFor: null, waitUntilMs: null };
}

interface Count {
  count: number;
  bytes: number;
}

class Collection {
  readonly #deps: GcDeps;
  readonly #options: GcOptions;
  readonly #removed: Partial<Record<GcReason, Count>> = {};
  readonly #retired: Partial<Record<GcReason, Count>> = {};
  /** Gone, in its grace, or about to go by itself: what need not be made room for any more. */
  readonly #going = new Tally();
  readonly #kept: KeptCandidate[] = [];
  readonly #heads: HeadCandidate[] = [];
  #keys = 0;

  constructor(deps: GcDeps, options: GcOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async run(): Promise<GcReport> {
    const { usage, space, directories } = this.#deps;
    const { rules, dryRun, wanted = null, evictedToldMs = EVICTED_TOLD_MS } = this.#options;
    const before = { usage: await usage.read(), space: await space.free() };
    const { epoch, waitingFor, waitUntilMs } = await gcGate(this.#deps, this.#options);
    if (waitingFor !== null) return { ...this.#report(before, 0), waitingFor, waitUntilMs };
    const keyOptions: KeyGcOptions = { rules, epoch, dryRun, evictedToldMs, onItem: (item) => this.#note(item) };
    const wants = pressures(rules, before.usage, { space: before.space, wanted });
    for (const shard of SHARDS) await this.#shard(await directories.keys(shard), keyOptions, wants.length > 0);
    for (const pressure of wants) await this.#makeRoom(pressure, keyOptions);
    const trash = dryRun ? 0 : await directories.emptyTrash();
    return this.#report({ usage: await usage.read(), space: await space.free() }, trash);
  }

  #report(now: Pick<GcReport, 'usage' | 'space'>, trash: number): GcReport {
    const total = (of: Partial<Record<GcReason, Count>>, what: keyof Count): number =>
      Object.values(of).reduce((sum, counted) => sum + counted[what], 0);
    const { staging, ...generations } = this.#removed;
    return {
      waitingFor: null,
      waitUntilMs: null,
      keys: this.#keys,
      heads: total(this.#retired, 'count'),
      generations: total(generations, 'count'),
      staging: staging?.count ?? 0,
      trash,
      bytes: total(generations, 'bytes'),
      removed: this.#removed,
      retired: this.#retired,
      ...now,
    };
  }

  #note(item: GcItem): void {
    const counts = item.what === 'head' ? this.#retired : this.#removed;
    const counted = (counts[item.reason] ??= { count: 0, bytes: 0 });
    counted.count += 1;
    counted.bytes += item.bytes;
    this.#going.add(item.bytes, item.dataset);
    this.#options.onItem?.(item);
  }

  async #shard(keys: readonly string[], keyOptions: KeyGcOptions, wantsRoom: boolean): Promise<void> {
    for (let from = 0; from < keys.length; from += KEYS_PER_PAGE) {
      this.#options.signal.throwIfAborted();
      await this.#page(keys.slice(from, from + KEYS_PER_PAGE), keyOptions, wantsRoom);
    }
  }

  async #page(keys: readonly string[], keyOptions: KeyGcOptions, wantsRoom: boolean): Promise<void> {
    const { eviction, directories } = this.#deps;
    // The disk first: what is published between the two is then not yet listed, and no orphan.
    const listings =
      this.#options.wanted === undefined ? await inTurns(keys, (key) => directories.glance(key)) : keys.map(() => null);
    const { nowMs, keys: surveys } = await eviction.survey(keys);
    for (const [at, seen] of surveys.entries()) {
      this.#keys += 1;
      const plan = planKey(seen, listings[at] ?? null, { ...keyOptions, nowMs });
      for (const fence of plan.pending) this.#goes(seen, fence);
      if (hasWork(plan)) await collectKey(seen.key, this.#deps, keyOptions);
      const head = plan.headPurged ? null : candidateOf(seen, nowMs - keyOptions.rules.graceMs);
      if (head !== null && (await this.#evictUnread(head, nowMs, keyOptions))) continue;
      if (wantsRoom) this.#remember(seen, plan, head);
    }
  }

  #goes(seen: KeySurvey, fence: number): void {
    const size = seen.sizes.get(fence);
    if (size !== undefined) this.#going.add(size.bytes, size.dataset);
  }

  /** Nobody read it for so long, nothing filled or refreshed it either, and Redis has not forgotten who did. */
  async #evictUnread(head: HeadCandidate & { readonly sinceMs: number }, nowMs: number, options: KeyGcOptions) {
    const { unreadMs } = options.rules;
    if (unreadMs === null || nowMs - head.sinceMs < unreadMs) return false;
    return await evictHead(head, 'unread', { deps: this.#deps, options });
  }

  /** What is counted: of the rest, one after another would go and none be seen to make room. */
  #remember(seen: KeySurvey, plan: KeyPlan, head: HeadCandidate | null): void {
    const retiredAt = new Map(seen.retired.map(({ fence, retiredAtMs }) => [fence, retiredAtMs]));
    for (const removal of plan.kept) {
      const size = seen.sizes.get(removal.fence);
      const retiredAtMs = retiredAt.get(removal.fence) ?? 0;
      if (size !== undefined) this.#kept.push({ seen, removal, ...size, retiredAtMs, taken: false });
    }
    if (head !== null && seen.sizes.has(head.fence)) this.#heads.push(head);
  }

  async #makeRoom(pressure: Pressure, options: KeyGcOptions): Promise<void> {
    const { dataset, evict, overBytes } = pressure;
    const deps = this.#deps;
    const isEnough = (): boolean => this.#going.of(dataset) >= overBytes;
    for (const candidate of keptInOrder(this.#kept, pressure)) {
      if (isEnough()) return;
      const went = await removeGenerations(candidate.seen, [candidate.removal], { deps, options });
      // In its grace, or pinned: it goes for the same reason when that is over, and no head need go for it meanwhile.
      if (went === 0) this.#going.add(candidate.bytes, candidate.dataset);
      candidate.taken = true;
    }
    if (evict === null) return;
    for (const head of headsInOrder(this.#heads, pressure)) {
      if (isEnough()) return;
      head.taken = await evictHead(head, evict, { deps, options });
    }
  }
}

/** null for what is no candidate: a key without a head, one that is being filled, a head that was committed just now. */
function candidateOf(
  { key, head, leased, sizes }: KeySurvey,
  committedBeforeMs: number,
): (HeadCandidate & { readonly sinceMs: number }) | null {
  if (head === null || leased || head.committedAtMs > committedBeforeMs) return null;
  const { fence, dataset, committedAtMs, verifiedAtMs, readAtMs, restoredAtMs } = head;
  return {
    key,
    fence,
    dataset,
    readAtMs,
    bytes: sizes.get(fence)?.bytes ?? 0,
    committedAtMs,
    usedAtMs: readAtMs ?? restoredAtMs ?? 0,
    sinceMs: Math.max(readAtMs ?? 0, restoredAtMs ?? 0, committedAtMs, verifiedAtMs),
    taken: false,
  };
}

async function inTurns<In, Out>(list: readonly In[], work: (one: In) => Promise<Out>): Promise<readonly Out[]> {
  const done: Out[] = [];
  for (let from = 0; from < list.length; from += GLANCES_AT_ONCE)
    done.push(...(await Promise.all(list.slice(from, from + GLANCES_AT_ONCE).map(work))));
  return done;
}

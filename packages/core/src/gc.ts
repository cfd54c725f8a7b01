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
import { Candidates, pressures, Tally, type HeadCandidate, type WantedRoom } from './gc-room.ts';
import { inTurns } from './in-turns.ts';
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
  /** How far the walk over the store is, of 256; and the keys looked at. */
  readonly onShard?: (done: number, total: number, keys: number) => void;
  /** Candidates for room that are remembered at one time, of each kind and quota. */
  readonly candidatesMax?: number;
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
/** Some hundred bytes each, of a replaced generation a kilobyte. */
const CANDIDATES_MAX = 20_000;

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
  #candidates: readonly Candidates[] = [];
  #keys = 0;
  /** When the first keys were looked at, by Redis. */
  #beganMs: number | null = null;

  constructor(deps: GcDeps, options: GcOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async run(): Promise<GcReport> {
    const { usage, space, directories } = this.#deps;
    const { rules, dryRun, wanted = null, evictedToldMs = EVICTED_TOLD_MS, onShard, candidatesMax } = this.#options;
    const before = { usage: await usage.read(), space: await space.free() };
    const { epoch, waitingFor, waitUntilMs } = await gcGate(this.#deps, this.#options);
    if (waitingFor !== null) return { ...this.#report(before, 0), waitingFor, waitUntilMs };
    const keyOptions: KeyGcOptions = { rules, epoch, dryRun, evictedToldMs, onItem: (item) => this.#note(item) };
    this.#candidates = pressures(rules, before.usage, { space: before.space, wanted }).map(
      (pressure) => new Candidates(pressure, candidatesMax ?? CANDIDATES_MAX),
    );
    for (const [at, shard] of SHARDS.entries()) {
      for (const page of this.#pages(await directories.keys(shard))) await this.#page(page, keyOptions);
      onShard?.(at + 1, SHARDS.length, this.#keys);
    }
    for (const candidates of this.#candidates)
      while (await this.#makeRoom(candidates, keyOptions)) await this.#lookAgain(candidates, keyOptions);
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

  *#pages(keys: readonly string[]): Generator<readonly string[]> {
    for (let from = 0; from < keys.length; from += KEYS_PER_PAGE) {
      this.#options.signal.throwIfAborted();
      yield keys.slice(from, from + KEYS_PER_PAGE);
    }
  }

  async #page(keys: readonly string[], keyOptions: KeyGcOptions): Promise<void> {
    const { eviction, directories } = this.#deps;
    // The disk first: what is published between the two is then not yet listed, and no orphan.
    const listings =
      this.#options.wanted === undefined
        ? await inTurns(keys, GLANCES_AT_ONCE, (key) => directories.glance(key))
        : keys.map(() => null);
    const { nowMs, keys: surveys } = await eviction.survey(keys);
    this.#beganMs ??= nowMs;
    for (const [at, seen] of surveys.entries()) {
      this.#keys += 1;
      const plan = planKey(seen, listings[at] ?? null, { ...keyOptions, nowMs });
      for (const fence of plan.pending) this.#goes(seen, fence);
      // What a collector that died left named by head.json waits once more: no other head need go for it meanwhile.
      const named = hasWork(plan) ? await collectKey(seen.key, this.#deps, keyOptions) : null;
      if (named !== null) this.#goes(seen, named);
      const head = plan.headPurged ? null : candidateOf(seen, nowMs - keyOptions.rules.graceMs);
      if (head !== null && (await this.#evictUnread(head, nowMs, keyOptions))) continue;
      for (const candidates of this.#candidates) remember(candidates, seen, { plan, head });
    }
  }

  /**
   * What comes after the candidates that there was memory for. A head that was read meanwhile is of a later collection: it has
   * moved behind all others, and while its readers go on it would do so again and again.
   */
  async #lookAgain(candidates: Candidates, options: KeyGcOptions): Promise<void> {
    const { eviction, directories } = this.#deps;
    for (const shard of SHARDS)
      for (const page of this.#pages(await directories.keys(shard))) {
        const { nowMs, keys } = await eviction.survey(page);
        for (const seen of keys) {
          const plan = planKey(seen, null, { ...options, nowMs });
          const head = plan.headPurged ? null : candidateOf(seen, nowMs - options.rules.graceMs);
          const isLeft = head !== null && head.usedAtMs < (this.#beganMs ?? nowMs);
          remember(candidates, seen, { plan, head: isLeft ? head : null });
        }
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

  /** @returns whether there are more candidates than were remembered, and more room is wanted. */
  async #makeRoom({ pressure, kept, heads }: Candidates, options: KeyGcOptions): Promise<boolean> {
    const { dataset, evict, overBytes } = pressure;
    const deps = this.#deps;
    const isEnough = (): boolean => this.#going.of(dataset) >= overBytes;
    for (const candidate of kept.inOrder()) {
      if (isEnough()) return false;
      const isTried = this.#candidates.some((other) => other.triedKept(candidate));
      kept.use(candidate);
      if (isTried) continue;
      const { bytes: went } = await removeGenerations(candidate.seen, [candidate.removal], { deps, options });
      // In its grace, or pinned: it goes for the same reason when that is over, and no head need go for it meanwhile.
      if (went === 0) this.#going.add(candidate.bytes, candidate.dataset);
    }
    if (isEnough()) return false;
    if (kept.next()) {
      heads.forget();
      return true;
    }
    if (evict === null) return false;
    for (const head of heads.inOrder()) {
      if (isEnough()) return false;
      const isTried = this.#candidates.some((other) => other.triedHead(head));
      heads.use(head);
      if (!isTried) await evictHead(head, evict, { deps, options });
    }
    return !isEnough() && heads.next();
  }
}

/** What is counted: of the rest, one after another would go and none be seen to make room. */
function remember(
  candidates: Candidates,
  seen: KeySurvey,
  { plan, head }: { readonly plan: KeyPlan; readonly head: HeadCandidate | null },
): void {
  const retiredAt = new Map(seen.retired.map(({ fence, retiredAtMs }) => [fence, retiredAtMs]));
  for (const removal of plan.kept) {
    const size = seen.sizes.get(removal.fence);
    const retiredAtMs = retiredAt.get(removal.fence) ?? 0;
    if (size !== undefined) candidates.addKept({ seen, removal, ...size, retiredAtMs });
  }
  if (head !== null && seen.sizes.has(head.fence)) candidates.addHead(head);
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
  };
}

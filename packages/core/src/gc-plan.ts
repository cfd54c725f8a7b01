/**
 * What may go of one key, by what was seen of it: pure, so that a dry run and a collection cannot differ. Whether it really
 * goes is asked of Redis for each thing by itself (I6); pins are known only there.
 */
import { epochOf, epochStart, type Tick } from './model/ticks.ts';
import { keepOf, type GcReason, type Keep, type StoreRules } from './model/retention.ts';
import type { KeySurvey } from './ports/retention.ts';
import type { KeyListing, StagingRef } from './ports/store.ts';

/** One generation that is not the head, with the grace that leave to remove it is asked for. */
export interface Removal {
  readonly fence: Tick;
  readonly reason: GcReason;
  readonly graceMs: number;
}

export interface KeyPlan {
  /** Past their grace and kept for nothing, oldest first. */
  readonly due: readonly Removal[];
  /** In their grace, and due by themselves when it is over. */
  readonly pending: readonly Tick[];
  /** Replaced and kept as retention says, oldest first: they go before any head does where room is wanted. */
  readonly kept: readonly Removal[];
  /** Found on disk, unknown to Redis, and beyond any commit: their grace is to begin. */
  readonly orphans: readonly Tick[];
  /** A purge of the key ended its head. */
  readonly headPurged: boolean;
  /** Of fills that can commit no more. */
  readonly deadStaging: readonly StagingRef[];
  /** Of the latest fill, whose lease ran out: it could still commit. */
  readonly staleStaging: StagingRef | null;
  /** Nothing is known of it, nothing is on disk, and nobody is to be told any more what there was. */
  readonly empty: boolean;
  /** Known to Redis without a size, or counted without being known. */
  readonly uncounted: boolean;
}

export interface PlanContext {
  readonly rules: StoreRules;
  readonly epoch: number;
  readonly nowMs: number;
  /** For so long a key whose head was evicted is remembered as that. */
  readonly evictedToldMs: number;
}

/** `listing` null: the store was not looked at, only what Redis knows is planned. */
export function planKey(seen: KeySurvey, listing: KeyListing | null, context: PlanContext): KeyPlan {
  const { head, purge, latestFence } = seen;
  // Of a key without a grant on record nothing can be committed.
  const settledBelow = latestFence === 0 ? Number.POSITIVE_INFINITY : Math.max(latestFence, epochStart(context.epoch));
  const retiredAt = new Map(seen.retired.map(({ fence, retiredAtMs }) => [fence, retiredAtMs]));
  const removing = new Set(seen.removing);
  const others = [...new Set([...(listing?.generations ?? []), ...retiredAt.keys(), ...removing])]
    .filter((fence) => fence !== head?.fence)
    .toSorted((a, b) => b - a);
  const due: Removal[] = [];
  const pending: Tick[] = [];
  const kept: Removal[] = [];
  const orphans: Tick[] = [];
  for (const [place, fence] of others.entries()) {
    const since = retiredAt.get(fence);
    if (since === undefined && !removing.has(fence)) {
      if (fence < settledBelow || fence <= purge) orphans.push(fence);
      continue;
    }
    if (wouldBeHead(seen, fence) && !removing.has(fence)) continue;
    const keep = keepOfGeneration(seen, { place, fence }, context.rules);
    const graceMs = keep === null ? context.rules.graceMs : Math.max(context.rules.graceMs, keep.maxAgeMs);
    const reason = reasonOf(seen, fence, keep !== null);
    if (removing.has(fence) || (since !== undefined && since + graceMs <= context.nowMs))
      due.unshift({ fence, reason, graceMs });
    else if (keep === null) pending.push(fence);
    else kept.unshift({ fence, reason: 'room', graceMs: context.rules.graceMs });
  }
  const staged = listing?.staging ?? [];
  const isDead = ({ fence }: StagingRef): boolean => fence < latestFence || epochOf(fence) < context.epoch;
  const known = [...others.filter((fence) => !orphans.includes(fence)), ...(head === null ? [] : [head.fence])];
  return {
    due,
    pending,
    kept,
    orphans,
    headPurged: head !== null && head.fence <= purge,
    deadStaging: staged.filter(isDead),
    staleStaging: seen.leased ? null : (staged.find((ref) => !isDead(ref)) ?? null),
    empty: listing !== null && others.length + staged.length === 0 && isForgettable(seen, context),
    uncounted:
      known.some(
        (fence) => (retiredAt.has(fence) || removing.has(fence) || fence === head?.fence) && !seen.sizes.has(fence),
      ) || [...seen.sizes.keys()].some((fence) => !known.includes(fence)),
  };
}

/**
 * Published after the head and never committed: the head when Redis forgets, and no mark can forbid it without forbidding
 * the head. It goes when something newer is the head, or the head has gone.
 */
function wouldBeHead({ head, purge }: KeySurvey, fence: Tick): boolean {
  return head !== null && fence > head.fence && fence > purge;
}

function isForgettable({ head, leased, sizes, evicted }: KeySurvey, { nowMs, evictedToldMs }: PlanContext): boolean {
  const isTold = evicted !== null && nowMs < evicted.atMs + evictedToldMs;
  return head === null && !leased && sizes.size === 0 && !isTold;
}

/** Whether collecting the key by itself is worth its round trips. */
export function hasWork(plan: KeyPlan): boolean {
  return (
    plan.due.length + plan.orphans.length + plan.deadStaging.length > 0
    || plan.headPurged
    || plan.empty
    || plan.uncounted
    || plan.staleStaging !== null
  );
}

/**
 * The newest replaced generations stay, as many as asked. Of a key without a head none does: it was evicted or purged, and
 * what it had goes with it.
 */
function keepOfGeneration(
  { head, purge, sizes }: KeySurvey,
  { place, fence }: { readonly place: number; readonly fence: Tick },
  rules: StoreRules,
): Keep | null {
  if (head === null || fence <= purge) return null;
  const keep = keepOf(rules, sizes.get(fence)?.dataset ?? head.dataset);
  return place < keep.generations - 1 ? keep : null;
}

function reasonOf({ evicted, purge, retired }: KeySurvey, fence: Tick, isKept: boolean): GcReason {
  if (evicted?.fence === fence) return evicted.reason;
  if (fence <= purge) return 'purged';
  if (retired.some((old) => old.fence === fence && !old.committed)) return 'orphan';
  return isKept ? 'aged' : 'replaced';
}

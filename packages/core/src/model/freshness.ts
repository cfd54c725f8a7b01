/**
 * What satisfies a caller (I13). A caller keeps the pair of ticks it saw on arrival; everything later is compared
 * with that pair and never with current ticks, so that an answer stays possible while invalidations rain.
 */
import type { Head } from './generation.ts';
import { epochStart, type Tick } from './ticks.ts';
import { isProbeable, type VersionKind } from './version.ts';

export interface FreshnessPolicy {
  readonly version: VersionKind;
  /** Age, counted from the beginning of the last verification, up to which no verification is needed. 0: strict. */
  readonly maxAgeMs: number;
  /** Beyond maxAge: how much older a changed head may be and still be answered while a fill runs behind. */
  readonly staleWhileRevalidateMs: number;
  /** Beyond maxAge: how much older a head may be and still be answered when the source cannot be asked. */
  readonly staleIfErrorMs: number;
}

export const STRICT: FreshnessPolicy = {
  version: 'checksum',
  maxAgeMs: 0,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
};

/** Work satisfies the caller when it began after `after`, and filled after `hardAfter`. */
export interface Requirement {
  readonly after: Tick;
  readonly hardAfter: Tick;
}

/**
 * What a caller keeps from its arrival. A mark may come to light late: a table is marked, and only the first load of a
 * view that reads it tells that the view was meant too. Such a mark counts for whoever came after it, so a caller
 * remembers the clock it arrived at and takes over, of the marks that later looks show, what is not above it.
 */
export interface Arrival extends Requirement {
  readonly arrived: Tick;
}

/** The ticks one look at a key returns; maxima over the key and its scopes, 0 where there was none. */
export interface SeenTicks {
  readonly epoch: number;
  /** Latest tick taken by a probe or fill of the key or of a probe target of its request. */
  readonly started: Tick;
  readonly soft: Tick;
  readonly hard: Tick;
  /** Generations up to this fence are not to be served or pinned. A purge mark is a hard mark too. */
  readonly purge: Tick;
  /** Latest mark that a scope took over from a table when it became known that it reads it. */
  readonly learned: Tick;
  /** The clock: no tick was above it at that moment. */
  readonly clock: Tick;
}

/** The pair a caller keeps. Never below the epoch's start: what an older epoch verified counts as unverified (I11). */
export function requirementAtArrival(seen: SeenTicks): Arrival {
  const floor = epochStart(seen.epoch);
  return {
    after: Math.max(seen.started, seen.soft, seen.hard, floor),
    hardAfter: seen.hard,
    arrived: Math.max(seen.clock, floor),
  };
}

/**
 * The marks of a later look as they count for a caller who arrived when the clock stood at `arrived`: those of its past.
 * A later mark is nothing to it, or no answer would be possible while they rain down. Behind a later one that was
 * learned an earlier one may hide: then the clock is the bound, which all work begun after the arrival passes.
 */
export function marksFor(arrived: Tick, { soft, hard, learned }: SeenTicks): Pick<SeenTicks, 'soft' | 'hard'> {
  const found = Math.min(learned, arrived);
  const ofPast = (mark: Tick): Tick => Math.max(mark <= arrived ? mark : 0, found);
  return { soft: ofPast(soft), hard: ofPast(hard) };
}

/** The pair after a later look; it never falls. */
export function withMarksFound({ after, hardAfter, arrived }: Arrival, seen: SeenTicks): Arrival {
  const { soft, hard } = marksFor(arrived, seen);
  return { after: Math.max(after, soft, hard), hardAfter: Math.max(hardAfter, hard), arrived };
}

/**
 * What work for this caller must bring. A caller whose policy allows age takes any proof that is newer than the head's and
 * than the marks: so whoever comes while a load runs waits for that one and starts no second. Whether what it brought is
 * young enough is judged when it is there (isFresh); if not, work that begins after it is the next to be asked for.
 */
export function requirementOfWork(
  { after, hardAfter }: Requirement,
  caller: { readonly policy: FreshnessPolicy; readonly seen: SeenTicks; readonly verified: Tick },
): Requirement {
  const { policy, seen, verified } = caller;
  if (policy.maxAgeMs === 0 && policy.version !== 'manual') return { after, hardAfter };
  return { after: Math.min(after, Math.max(seen.soft, seen.hard, epochStart(seen.epoch), verified)), hardAfter };
}

/** The head was proved right by work that began after the caller asked. */
export function satisfies(head: Head | null, requirement: Requirement): boolean {
  return (
    head !== null && head.damaged === null && head.verified > requirement.after && head.fence > requirement.hardAfter
  );
}

/** The policy lets this caller have the head without asking the source again. */
export function isFresh(head: Head | null, seen: SeenTicks, policy: FreshnessPolicy, nowMs: number): boolean {
  if (head === null || head.damaged !== null || !isUnmarked(head, seen)) return false;
  if (policy.version === 'manual') return true;
  return policy.maxAgeMs > 0 && nowMs - head.verifiedAtMs <= policy.maxAgeMs;
}

function isUnmarked(head: Head, seen: SeenTicks): boolean {
  return head.verified > Math.max(seen.soft, seen.hard, epochStart(seen.epoch)) && head.fence > seen.hard;
}

export type StaleReason = 'staleWhileRevalidate' | 'staleIfError';

/** The policy allows this caller a stale answer for that reason. A hard-stale or damaged head is never answered. */
export function mayServeStale(
  head: Head | null,
  requirement: Requirement,
  window: { readonly policy: FreshnessPolicy; readonly reason: StaleReason; readonly nowMs: number },
): boolean {
  if (head === null || head.damaged !== null || head.fence <= requirement.hardAfter) return false;
  const { policy, reason, nowMs } = window;
  const extraMs = reason === 'staleIfError' ? policy.staleIfErrorMs : policy.staleWhileRevalidateMs;
  return extraMs > 0 && nowMs - head.verifiedAtMs <= policy.maxAgeMs + extraMs;
}

/** Verifying by a probe can satisfy the caller; otherwise only a fill can. */
export function canVerifyByProbe(head: Head | null, requirement: Requirement, kind: VersionKind): boolean {
  return isProbeable(kind) && head !== null && head.damaged === null && head.fence > requirement.hardAfter;
}

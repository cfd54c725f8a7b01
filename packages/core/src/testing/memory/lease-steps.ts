/** Leases, probe ticks and invalidations: everything that takes a tick (I3, I13). */
import { epochOf } from '../../model/ticks.ts';
import type {
  Announcement,
  InvalidateMode,
  LeaseClaim,
  LeasedFill,
  LeaseGrant,
  LookTarget,
  Mark,
} from '../../ports/coordination.ts';
import type { ServerContext } from './head-steps.ts';
import { announce } from './part-steps.ts';
import { isReconciled, marksOf, marksOver, nextTick, readKey, touchKey } from './state.ts';

export function acquire({ state, epoch, nowMs }: ServerContext, claim: LeaseClaim): LeaseGrant {
  const known = touchKey(state, claim.key);
  if (!isReconciled(state, epoch, known)) return { kind: 'unreconciled' };
  const { lease } = known;
  if (lease !== null && lease.expiresAtMs > nowMs && epochOf(lease.fence) === epoch) {
    if (lease.fillId !== claim.fillId) {
      const { fence, fillId, holder, expiresAtMs } = lease;
      return { kind: 'busy', holder: { fence, fillId, holder, expiresAtMs }, nowMs };
    }
    return { kind: 'granted', fence: lease.fence, grantedAtMs: lease.grantedAtMs, expiresAtMs: lease.expiresAtMs };
  }
  const fence = nextTick(state);
  const expiresAtMs = nowMs + claim.ttlMs;
  known.fence = fence;
  known.fillId = claim.fillId;
  known.started = fence;
  const { fillId, holder, scopes } = claim;
  known.lease = { fence, fillId, holder, scopes, grantedAtMs: nowMs, expiresAtMs };
  return { kind: 'granted', fence, grantedAtMs: nowMs, expiresAtMs };
}

export function renew({ state, epoch, nowMs }: ServerContext, claim: LeaseClaim, fence: number): boolean {
  const known = readKey(state, claim.key);
  const { lease } = known;
  if (lease === null || lease.fence !== fence || lease.fillId !== claim.fillId || epochOf(fence) !== epoch)
    return false;
  if (fence <= marksOver(state, claim.key, claim.scopes).purge) {
    known.lease = null;
    return false;
  }
  lease.expiresAtMs = nowMs + claim.ttlMs;
  return true;
}

export function release({ state }: ServerContext, claim: LeaseClaim, fence: number): void {
  const known = readKey(state, claim.key);
  if (known.lease?.fence === fence && known.lease.fillId === claim.fillId) known.lease = null;
}

export function listFills({ state, epoch }: ServerContext): readonly LeasedFill[] {
  return [...state.keys]
    .flatMap(([key, { lease }]) =>
      lease === null || epochOf(lease.fence) !== epoch ? [] : [{ key, fence: lease.fence, scopes: lease.scopes }],
    )
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

export function startProbe(
  context: ServerContext,
  target: LookTarget,
  announcement?: Announcement,
): { readonly tick: number; readonly nowMs: number } {
  const { state, nowMs } = context;
  const tick = nextTick(state);
  touchKey(state, target.key).started = tick;
  for (const name of target.probeTargets) state.targets.set(name, tick);
  if (announcement !== undefined) {
    const { asked, forMs } = announcement;
    announce(context, { asked, targets: target.probeTargets }, { tick, forMs });
  }
  return { tick, nowMs };
}

/** Purge implies hard: what may not be served must be filled again. */
export function invalidate({ state }: ServerContext, target: string, mode: InvalidateMode): number {
  const tick = nextTick(state);
  const marks = marksOf(state, target);
  if (mode === 'soft') marks.soft = tick;
  else marks.hard = tick;
  if (mode === 'purge') marks.purge = tick;
  return tick;
}

export function raiseMarks({ state }: Pick<ServerContext, 'state'>, marks: readonly Mark[]): void {
  for (const { target, hard, purge } of marks) {
    const known = marksOf(state, target);
    known.hard = Math.max(known.hard, hard, purge);
    known.purge = Math.max(known.purge, purge);
  }
}

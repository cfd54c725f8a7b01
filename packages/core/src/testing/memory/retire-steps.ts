/** Pins, retirement and reconciliation: what keeps or ends a generation (I6, I7, I11). */
import { epochOf } from '../../model/ticks.ts';
import type { Pin, PinWish, Reconciliation } from '../../ports/coordination.ts';
import { headOf, pinFence, retireHead, type ServerContext } from './head-steps.ts';
import { raiseMarks } from './lease-steps.ts';
import { count, readKey, settledBelow, touchKey, type KeyState } from './state.ts';

type Ref = { readonly key: string; readonly fence: number };

export function pinGeneration(server: ServerContext, { key, fence }: Ref, wish: PinWish): Pin | null {
  const known = readKey(server.state, key);
  const current = known.head?.fence === fence && known.head.damaged === null;
  if ((!current && !known.retired.has(fence)) || fence <= known.purge) return null;
  const pin = pinFence(server, { key, fence }, wish);
  if (known.head !== null) server.state.reads.set(key, server.nowMs);
  return pin;
}

export function renewPin({ state, nowMs }: ServerContext, key: string, pinId: string, ttlMs: number): Pin | null {
  const known = readKey(state, key);
  const pin = known.pins.get(pinId);
  if (pin === undefined || pin.expiresAtMs <= nowMs || pin.fence <= known.purge) return null;
  pin.expiresAtMs = nowMs + ttlMs;
  return { id: pinId, key, fence: pin.fence, expiresAtMs: pin.expiresAtMs };
}

export function releasePin({ state }: ServerContext, key: string, pinId: string): void {
  readKey(state, key).pins.delete(pinId);
}

/** A head that a purge of its key ended is retired first: it may have no successor. */
export function noteOrphans({ state, epoch, nowMs }: ServerContext, key: string, fences: readonly number[]): void {
  const known = touchKey(state, key);
  if (known.head !== null && known.head.fence <= known.purge) {
    const { fence, dataset } = known.head;
    known.evicted = { fence, atMs: nowMs, reason: 'purged', dataset };
    retireHead(known, nowMs);
    known.head = null;
    state.reads.delete(key);
  }
  startGrace(known, fences, { below: committableFrom(known, epoch), nowMs });
}

function startGrace(
  known: KeyState,
  fences: readonly number[],
  { below, nowMs }: { readonly below: number; readonly nowMs: number },
): void {
  for (const fence of fences) {
    const settled = fence < below;
    if (!settled || known.head?.fence === fence || known.retired.has(fence) || known.removing.has(fence)) continue;
    known.retired.set(fence, { fillId: '', retiredAtMs: nowMs });
  }
}

/** What is retired can be committed no more: see `startGrace`, and who else retires. */
export function retire(
  { state, nowMs }: ServerContext,
  { key, fence }: Ref,
  { graceMs, dryRun }: { readonly graceMs: number; readonly dryRun: boolean },
): 'removable' | 'refused' {
  const known = touchKey(state, key);
  if (known.removing.has(fence)) return 'removable';
  const old = known.retired.get(fence);
  if (old === undefined || known.head?.fence === fence) return 'refused';
  if (old.retiredAtMs + graceMs > nowMs) return 'refused';
  for (const pin of known.pins.values()) if (pin.fence === fence && pin.expiresAtMs > nowMs) return 'refused';
  if (dryRun) return 'removable';
  known.retired.delete(fence);
  known.removing.add(fence);
  return 'removable';
}

/** Without a grant on record nothing can be committed. */
function committableFrom(known: KeyState, epoch: number): number {
  return known.fence === 0 ? Number.POSITIVE_INFINITY : Math.max(settledBelow(known, epoch), known.purge + 1);
}

export function restartGrace({ state, nowMs }: ServerContext, { key, fence }: Ref): void {
  const old = readKey(state, key).retired.get(fence);
  if (old !== undefined) old.retiredAtMs = nowMs;
}

export function removed({ state }: ServerContext, { key, fence }: Ref): void {
  const known = readKey(state, key);
  known.removing.delete(fence);
  known.retired.delete(fence);
  known.sizes.delete(fence);
}

/**
 * Raise-only. Fences of this epoch are none of its business: they are settled by commit alone. A head that was evicted
 * does not come back.
 */
export function applyReconciliation(context: ServerContext, reconciliation: Reconciliation): void {
  const { state, epoch, nowMs } = context;
  const known = touchKey(state, reconciliation.key);
  const { newest } = reconciliation;
  if (reconciliation.mark !== null) raiseMarks(context, [reconciliation.mark]);
  const raises =
    newest !== null
    && epochOf(newest.fence) < epoch
    && newest.fence > Math.max(known.head?.fence ?? 0, known.evicted?.fence ?? 0);
  if (raises) {
    retireHead(known, nowMs);
    known.head = headOf(newest, {
      verified: newest.fence,
      verifiedAtMs: newest.startedAtMs,
      committedAtMs: newest.startedAtMs,
    });
    known.restoredAtMs = nowMs;
    count(known, newest.fence, newest);
    known.retired.delete(newest.fence);
    // Leave to remove it may have been given in the epoch before; as the head it must not stay removable.
    known.removing.delete(newest.fence);
  }
  const rest = newest === null || raises ? reconciliation.others : [...reconciliation.others, newest.fence];
  startGrace(known, rest, { below: settledBelow(known, epoch), nowMs });
  known.reconciled = epoch;
}

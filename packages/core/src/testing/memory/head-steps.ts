/** head-pin, mark-verified, head-commit, head-damage (I3, I7, I13). */
import type { Head } from '../../model/generation.ts';
import { epochOf } from '../../model/ticks.ts';
import { tooManyPins } from '../../model/pin.ts';
import type {
  CommitRequest,
  CommitResult,
  Look,
  LookTarget,
  LookWish,
  Pin,
  PinWish,
} from '../../ports/coordination.ts';
import { count, isReconciled, marksOver, readKey, touchKey, type KeyState, type RedisState } from './state.ts';

export interface ServerContext {
  readonly state: RedisState;
  readonly epoch: number;
  readonly nowMs: number;
  readonly pinsPerKeyMax: number;
}

export function look(server: ServerContext, target: LookTarget, wish: LookWish): Look {
  const { state, epoch, nowMs } = server;
  const known = readKey(state, target.key);
  const marks = marksOver(state, target.key, target.scopes);
  let { started } = known;
  for (const name of target.probeTargets) started = Math.max(started, state.targets.get(name) ?? 0);
  const head = known.head !== null && known.head.fence > marks.purge ? known.head : null;
  const pinnable = head !== null && head.damaged === null;
  if (pinnable && wish !== null) state.reads.set(target.key, nowMs);
  return {
    seen: { epoch, started, ...marks, clock: state.clock },
    head,
    pin:
      wish !== null && wish !== 'read' && pinnable
        ? pinFence(server, { key: target.key, fence: head.fence }, wish)
        : null,
    reconciled: isReconciled(state, epoch, known),
    latestFence: known.fence,
    lease:
      known.lease !== null && known.lease.expiresAtMs > nowMs && epochOf(known.lease.fence) === epoch
        ? {
            fence: known.lease.fence,
            fillId: known.lease.fillId,
            holder: known.lease.holder,
            expiresAtMs: known.lease.expiresAtMs,
          }
        : null,
    nowMs,
  };
}

export function pinFence(
  { state, nowMs, pinsPerKeyMax }: ServerContext,
  { key, fence }: { readonly key: string; readonly fence: number },
  wish: PinWish,
): Pin {
  const { pins } = readKey(state, key);
  for (const [id, pin] of pins) if (pin.expiresAtMs <= nowMs) pins.delete(id);
  if (pins.size >= pinsPerKeyMax && !pins.has(wish.id)) throw tooManyPins(key, pinsPerKeyMax);
  const expiresAtMs = nowMs + wish.ttlMs;
  pins.set(wish.id, { fence, expiresAtMs });
  return { id: wish.id, key, fence, expiresAtMs };
}

export function markVerified(
  { state }: ServerContext,
  key: string,
  proof: { readonly version: string; readonly tick: number; readonly beganAtMs: number },
): boolean {
  const known = readKey(state, key);
  const { head } = known;
  if (head === null || head.damaged !== null || head.version !== proof.version) return false;
  if (proof.tick > head.verified) known.head = { ...head, verified: proof.tick, verifiedAtMs: proof.beganAtMs };
  return true;
}

export function commit({ state, epoch, nowMs }: ServerContext, request: CommitRequest): CommitResult {
  const known = touchKey(state, request.key);
  if (
    known.head?.fillId === request.fillId
    || [...known.retired.values()].some((old) => old.fillId === request.fillId)
  ) {
    return { kind: 'committed' };
  }
  const { purge } = marksOver(state, request.key, request.scopes);
  const mayCommit =
    known.fence === request.fence
    && known.fillId === request.fillId
    && epochOf(request.fence) === epoch
    && request.fence > purge;
  if (!mayCommit) return { kind: 'fenced', latestFence: known.fence };
  retireHead(known, nowMs);
  known.restoredAtMs = null;
  count(known, request.fence, request);
  state.reserved.delete(request.fillId);
  known.head = headOf(request, { verified: request.fence, verifiedAtMs: request.startedAtMs, committedAtMs: nowMs });
  return { kind: 'committed' };
}

export function retireHead(known: KeyState, nowMs: number): void {
  if (known.head !== null) known.retired.set(known.head.fence, { fillId: known.head.fillId, retiredAtMs: nowMs });
}

export function headOf(
  generation: Omit<CommitRequest, 'key' | 'startedAtMs' | 'scopes'>,
  proof: { readonly verified: number; readonly verifiedAtMs: number; readonly committedAtMs: number },
): Head {
  const { fence, fillId, version, sha256, bytes, rows, consistency, source, dataset } = generation;
  return { fence, fillId, version, sha256, bytes, rows, consistency, source, dataset, ...proof, damaged: null };
}

export function markDamaged({ state }: ServerContext, key: string, fence: number, reason: string): void {
  const known = readKey(state, key);
  if (known.head?.fence === fence) known.head = { ...known.head, damaged: reason };
}

/** keys-survey, head-evict and key-forget (I6). */
import { epochOf } from '../../model/ticks.ts';
import type { EvictionReason } from '../../model/retention.ts';
import type { HeadToEvict, KeySurvey } from '../../ports/retention.ts';
import { retireHead, type ServerContext } from './head-steps.ts';
import { nextTick, readKey, type KeyState } from './state.ts';

export function survey(server: ServerContext, keys: readonly string[]): { nowMs: number; keys: readonly KeySurvey[] } {
  return { nowMs: server.nowMs, keys: keys.map((key) => surveyOf(server, key)) };
}

function surveyOf(server: ServerContext, key: string): KeySurvey {
  const { state } = server;
  const known = readKey(state, key);
  const { head } = known;
  return {
    key,
    latestFence: known.fence,
    purge: known.purge,
    leased: isLeased(server, known),
    head:
      head === null
        ? null
        : {
            fence: head.fence,
            source: head.source,
            dataset: head.dataset,
            committedAtMs: head.committedAtMs,
            verifiedAtMs: head.verifiedAtMs,
            restoredAtMs: known.restoredAtMs,
            readAtMs: state.reads.get(key) ?? null,
          },
    retired: [...known.retired].map(([fence, { fillId, retiredAtMs }]) => ({
      fence,
      retiredAtMs,
      committed: fillId !== '',
    })),
    removing: [...known.removing],
    sizes: new Map(known.sizes),
    evicted: known.evicted === null ? null : surveyedEviction(known.evicted),
  };
}

function isLeased({ epoch, nowMs }: ServerContext, { lease }: KeyState): boolean {
  return lease !== null && lease.expiresAtMs > nowMs && epochOf(lease.fence) === epoch;
}

export function evict(
  server: ServerContext,
  { key, fence, readAtMs }: HeadToEvict,
  { reason, dryRun }: { readonly reason: EvictionReason; readonly dryRun: boolean },
): 'evicted' | 'refused' {
  const { state, nowMs } = server;
  const known = readKey(state, key);
  const { head } = known;
  if (head?.fence !== fence) {
    return known.evicted?.fence === fence && known.retired.has(fence) ? 'evicted' : 'refused';
  }
  if ((state.reads.get(key) ?? null) !== readAtMs || isLeased(server, known)) return 'refused';
  for (const pin of known.pins.values()) if (pin.fence === fence && pin.expiresAtMs > nowMs) return 'refused';
  if (dryRun) return 'evicted';
  known.fence = nextTick(state);
  known.fillId = '';
  // Void by its fence, as a lease that ran out is.
  known.lease = null;
  known.evicted = { fence, atMs: nowMs, reason, dataset: head.dataset };
  retireHead(known, nowMs);
  known.head = null;
  state.reads.delete(key);
  return 'evicted';
}

function surveyedEviction({ fence, atMs, reason }: NonNullable<KeyState['evicted']>): KeySurvey['evicted'] {
  return { fence, atMs, reason };
}

export function forget(server: ServerContext, key: string, toldMs: number): 'forgotten' | 'refused' {
  const { state, nowMs } = server;
  const known = readKey(state, key);
  const has = known.head !== null || known.retired.size + known.removing.size + known.sizes.size > 0;
  if (has || isLeased(server, known)) return 'refused';
  if (known.evicted !== null && nowMs < known.evicted.atMs + toldMs) return 'refused';
  state.keys.delete(key);
  state.reads.delete(key);
  return 'forgotten';
}

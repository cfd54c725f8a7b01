/** noted-recall, noted-begin: which generation each reader of ranges began with. */
import { NOTED_READS, notedPinId, type Beginning, type RangeAsked, type Recalled } from '../../ports/noted-reads.ts';
import type { NotedState } from './state.ts';
import type { ServerContext } from './head-steps.ts';
import { marksOver, readKey, touchKey } from './state.ts';
import { notedBucket } from '../../redis/noted-reads.ts';

export function recall(server: ServerContext, asked: RangeAsked, under: number | 'sole' | 'none'): Recalled {
  const { state, nowMs } = server;
  const { key, scopes } = asked.target;
  const names = state.noted.get(notedBucket(asked.name));
  const { hard } = marksOver(state, key, scopes);
  const live = (names?.get(asked.name) ?? []).filter(
    ({ usedAtMs, begunAtMs }) => usedAtMs + NOTED_READS.ttlMs > nowMs && begunAtMs + NOTED_READS.lifeMs > nowMs,
  );
  const usable = (fence: number): boolean => isKept(server, key, fence) && fence > hard;
  const [only] = live;
  const sole = under === 'sole' && live.length === 1 && only?.first !== asked.range ? only : undefined;
  const chosen = sole ?? live.find(({ fence }) => fence === under);
  const noted = chosen !== undefined && usable(chosen.fence) ? chosen : null;
  if (noted !== null) {
    noted.usedAtMs = nowMs;
    count(noted, asked.range);
    pin(server, { key, fence: noted.fence }, NOTED_READS.ttlMs / 2);
    names?.set(asked.name, live);
  }
  const reads = live.map((read) => ({ ...read, asked: Object.fromEntries(read.asked), usable: usable(read.fence) }));
  return { nowMs, reads, noted: noted?.fence ?? null };
}

export function begin(server: ServerContext, beginning: Beginning): boolean {
  const { state, nowMs } = server;
  const { name, range, target, fence, verifiedAtMs, committedAtMs, plainly } = beginning;
  const known = readKey(state, target.key);
  if (fence <= known.purge || !isKept(server, target.key, fence)) return false;
  pin(server, { key: target.key, fence }, Infinity);
  if (known.head !== null) state.reads.set(target.key, nowMs);
  const bucket = notedBucket(name);
  const names = state.noted.get(bucket) ?? new Map<string, NotedState[]>();
  state.noted.set(bucket, names);
  const reads = names.get(name) ?? [];
  let own = reads.find((read) => read.fence === fence);
  if (own === undefined) {
    if (reads.length >= NOTED_READS.perNameMax) reads.splice(idlestOf(reads), 1);
    own = {
      fence,
      begunAtMs: nowMs,
      usedAtMs: nowMs,
      verifiedAtMs,
      committedAtMs,
      first: plainly ? '' : range,
      asked: new Map(),
    };
    reads.push(own);
  }
  if (own.first !== '') own.first = plainly ? '' : range;
  Object.assign(own, { begunAtMs: nowMs, usedAtMs: nowMs, verifiedAtMs, committedAtMs });
  if (range !== '') count(own, range);
  if (!names.has(name) && names.size >= NOTED_READS.perBucketMax) {
    const [oldest] = [...names].toSorted(([, a], [, b]) => firstBegun(a) - firstBegun(b))[0] ?? [];
    if (oldest !== undefined) names.delete(oldest);
  }
  names.set(name, reads);
  return true;
}

function isKept({ state }: ServerContext, key: string, fence: number): boolean {
  const { head, retired } = readKey(state, key);
  return (head?.fence === fence && head.damaged === null) || retired.has(fence);
}

function count({ asked }: NotedState, range: string): void {
  const times = asked.get(range);
  if (times !== undefined || asked.size < NOTED_READS.rangesMax) asked.set(range, (times ?? 0) + 1);
}

/** Where it has less than `leastMs` to live. */
function pin({ state, nowMs }: ServerContext, ref: { readonly key: string; readonly fence: number }, leastMs: number) {
  const { pins } = touchKey(state, ref.key);
  const id = notedPinId(ref.fence);
  if ((pins.get(id)?.expiresAtMs ?? 0) >= nowMs + leastMs) return;
  pins.set(id, { fence: ref.fence, expiresAtMs: nowMs + NOTED_READS.ttlMs });
}

function idlestOf(reads: readonly NotedState[]): number {
  return reads.reduce((idlest, read, at) => (read.usedAtMs < (reads[idlest]?.usedAtMs ?? 0) ? at : idlest), 0);
}

function firstBegun(reads: readonly NotedState[]): number {
  return reads[0]?.begunAtMs ?? 0;
}

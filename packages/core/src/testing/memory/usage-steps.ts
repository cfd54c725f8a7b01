/**
 * usage-read, usage-measure, room-reserve, room-outgrown, room-release (I9). Here what the store holds is the sum of all sizes, always
 * added up afresh: the counters that Redis keeps are compared with it.
 */
import type { Reserved, RoomWish, Size, StoreUsage } from '../../ports/retention.ts';
import type { ServerContext } from './head-steps.ts';
import { count, readKey, type KeyState } from './state.ts';

export function readUsage({ state, nowMs }: ServerContext): StoreUsage {
  const sizes = [...state.keys.values()].flatMap((known) => [...known.sizes.values()]);
  const datasets: Record<string, number> = {};
  for (const { dataset, bytes } of sizes) datasets[dataset ?? ''] = (datasets[dataset ?? ''] ?? 0) + bytes;
  const reserved = [...state.reserved.values()].filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  const reservedOf: Record<string, number> = {};
  for (const { dataset, bytes } of reserved) reservedOf[dataset ?? ''] = (reservedOf[dataset ?? ''] ?? 0) + bytes;
  return {
    bytes: sum(sizes),
    generations: sizes.length,
    datasets: Object.fromEntries(Object.entries(datasets).filter(([, bytes]) => bytes !== 0)),
    reservedBytes: sum(reserved),
    reservedOf,
  };
}

export function reserve(server: ServerContext, wish: RoomWish): Reserved {
  const { state, nowMs } = server;
  const used = readUsage(server);
  for (const [fillId, { expiresAtMs }] of state.reserved) if (expiresAtMs <= nowMs) state.reserved.delete(fillId);
  const others = [...state.reserved].filter(([fillId]) => fillId !== wish.fillId).map(([, reserved]) => reserved);
  const ofDataset =
    (used.datasets[wish.dataset ?? ''] ?? 0) + sum(others.filter(({ dataset }) => dataset === wish.dataset));
  const ofStore = used.bytes + sum(others);
  const bytes = Math.max(wish.bytes, outgrownBytes(server, wish.key));
  if (wish.datasetQuotaBytes !== null && ofDataset + bytes > wish.datasetQuotaBytes)
    return { kind: 'passed', bytes, quota: 'dataset', othersBytes: ofDataset };
  if (wish.quotaBytes !== null && ofStore + bytes > wish.quotaBytes)
    return { kind: 'passed', bytes, quota: 'store', othersBytes: ofStore };
  const { fillId, dataset } = wish;
  state.reserved.set(fillId, { bytes, dataset, expiresAtMs: nowMs + wish.ttlMs });
  return { kind: 'reserved', bytes };
}

export function outgrown(server: ServerContext, key: string, bytes: number, forMs: number): void {
  if (outgrownBytes(server, key) > bytes) return;
  server.state.outgrown.set(key, { bytes, untilMs: server.nowMs + forMs });
}

function outgrownBytes({ state, nowMs }: ServerContext, key: string): number {
  const remembered = state.outgrown.get(key);
  return remembered === undefined || remembered.untilMs <= nowMs ? 0 : remembered.bytes;
}

export function release({ state }: ServerContext, fillId: string): void {
  state.reserved.delete(fillId);
}

export function measure({ state }: ServerContext, key: string, found: ReadonlyMap<number, Size>): void {
  const known = readKey(state, key);
  for (const [fence, size] of found) if (isKnown(known, fence)) count(known, fence, size);
  for (const fence of known.sizes.keys()) if (!isKnown(known, fence)) known.sizes.delete(fence);
}

function isKnown(known: KeyState, fence: number): boolean {
  return known.head?.fence === fence || known.retired.has(fence) || known.removing.has(fence);
}

function sum(sizes: readonly { readonly bytes: number }[]): number {
  return sizes.reduce((total, { bytes }) => total + bytes, 0);
}

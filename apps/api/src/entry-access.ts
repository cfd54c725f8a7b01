/** Finding an entry by its key for whoever may see it, with the ticks that its dataset and source carry. */
import { isCacheKey, ParqueueError, type Head, type Look, type PinWish } from '@parqueue/core';
import { maySeeEntry, type Principal } from './auth.ts';
import type { ApiContext } from './context.ts';

export interface EntryLook {
  readonly look: Look;
  readonly head: Head;
}

/** @throws ParqueueError PQ_NOT_FOUND, also where the caller may not see the entry; PQ_COORDINATION_DOWN */
export async function lookAtEntry(
  { link }: ApiContext,
  principal: Principal,
  key: string,
  pin: PinWish | null,
): Promise<EntryLook> {
  requireKey(key);
  // The scopes whose marks count are those of the request that filled the head; only the head tells which.
  const first = await link.run(({ coordination }) =>
    coordination.heads.look({ key, scopes: [], probeTargets: [] }, null),
  );
  if (first.head === null || !maySeeEntry(principal, first.head.dataset)) throw noEntry(key, first.reconciled);
  const scopes = scopesOf(first.head);
  const look = await link.run(({ coordination }) => coordination.heads.look({ key, scopes, probeTargets: [] }, pin));
  if (look.head === null) throw noEntry(key, look.reconciled);
  return { look, head: look.head };
}

/**
 * Whether a purge of what the entry belongs to forbids a generation of it. Scripts that pin by name know the marks of the
 * key only; which dataset and source it is of, the head or the manifest tells.
 */
export async function isPurged(
  { link }: ApiContext,
  { key, fence }: { readonly key: string; readonly fence: number },
  owner: Pick<Head, 'dataset' | 'source'>,
): Promise<boolean> {
  const look = await link.run(({ coordination }) =>
    coordination.heads.look({ key, scopes: scopesOf(owner), probeTargets: [] }, null),
  );
  return fence <= look.seen.purge;
}

/** @throws ParqueueError PQ_NOT_FOUND */
export function requireKey(key: string): void {
  if (!isCacheKey(key))
    throw new ParqueueError('PQ_NOT_FOUND', 'this is not the key of an entry; GET /v1/entries lists them');
}

export function scopesOf({ dataset, source }: Pick<Head, 'dataset' | 'source'>): readonly string[] {
  return dataset === null ? [`source:${source}`] : [`dataset:${dataset}`, `source:${source}`];
}

function noEntry(key: string, reconciled: boolean): ParqueueError {
  return new ParqueueError(
    'PQ_NOT_FOUND',
    reconciled
      ? `there is no entry ${key}; GET /v1/entries lists what there is`
      : `entry ${key} is not known, and Redis has not been compared with the store since it forgot: ask for the dataset, or again later`,
  );
}

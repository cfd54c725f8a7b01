/** Finding an entry by its key for whoever may see it, with the ticks that its dataset and source carry. */
import {
  isCacheKey,
  ParqueueError,
  type CanonicalRequest,
  type EvictionReason,
  type Head,
  type Look,
  type PinWish,
} from '@parqueue/core';
import { targetsOf } from '@parqueue/core/config';
import type { Principal } from './auth.ts';
import type { ApiContext } from './context.ts';
import { Sight, type SeenAs } from './ownership.ts';
import { isoTime } from './views/entry-view.ts';

export interface EntryLook {
  readonly look: Look;
  /** Under the name that the caller sees it by. */
  readonly head: Head;
}

/** @throws ParqueueError PQ_NOT_FOUND, also where the caller may not see the entry; PQ_COORDINATION_DOWN */
export async function lookAtEntry(
  context: ApiContext,
  principal: Principal,
  key: string,
  pin: PinWish | null,
): Promise<EntryLook> {
  const { link } = context;
  requireKey(key);
  // The scopes whose marks count are those of the request that filled the head; only the head tells which.
  const first = await link.run(({ coordination }) =>
    coordination.heads.look({ key, scopes: [], probeTargets: [] }, null),
  );
  if (first.head === null) {
    const why = (await loadingEntry(context, principal, key, first)) ?? (await evictedEntry(context, principal, key));
    throw why ?? noEntry(key, first.reconciled);
  }
  const seen = await seenHead(context, principal, { key, head: first.head });
  if (seen === null) throw noEntry(key, first.reconciled);
  const scopes = await scopesOfHead(context, key, first.head);
  const look = await link.run(({ coordination }) => coordination.heads.look({ key, scopes, probeTargets: [] }, pin));
  if (look.head === null) throw noEntry(key, look.reconciled);
  return { look, head: { ...look.head, ...seen } };
}

/** The head tells who had it loaded; what was asked only its manifest tells, which is read where the head is not enough. */
export async function seenHead(
  context: ApiContext,
  principal: Principal,
  { key, head }: { readonly key: string; readonly head: Pick<Head, 'dataset' | 'fence'> },
): Promise<SeenAs | null> {
  const sight = new Sight(context, principal);
  const { dataset } = head;
  const recorded = sight.of({ dataset, canonical: null });
  if (recorded !== null) return recorded;
  const inspection = await context.store.reader.inspect(key, head.fence);
  return inspection.kind === 'whole' ? sight.of({ dataset, canonical: () => inspection.manifest.request }) : null;
}

/**
 * Whether a purge of what the entry belongs to forbids a generation of it. Scripts that pin by name know the marks of the
 * key only; which dataset, source and tables it is of, the head and the manifest tell.
 */
export async function isPurged(
  { link }: ApiContext,
  { key, fence }: { readonly key: string; readonly fence: number },
  scopes: readonly string[],
): Promise<boolean> {
  const look = await link.run(({ coordination }) => coordination.heads.look({ key, scopes, probeTargets: [] }, null));
  return fence <= look.seen.purge;
}

/** @throws ParqueueError PQ_NOT_FOUND */
export function requireKey(key: string): void {
  if (!isCacheKey(key))
    throw new ParqueueError('PQ_NOT_FOUND', 'this is not the key of an entry; GET /v1/entries lists them');
}

type Owner = Pick<Head, 'dataset' | 'source'>;

/** Of an entry whose request is known. */
export function scopesOf(owner: Owner & { readonly request: CanonicalRequest }): readonly string[] {
  try {
    return targetsOf(owner.request, owner).scopes;
  } catch {
    // Another release wrote a statement that this one cannot read: its tables are not known here.
    return ownScopes(owner);
  }
}

/** A head does not say which tables were read; its manifest does. Where that is damaged nothing is served anyway. */
export async function scopesOfHead(
  { catalog, store }: ApiContext,
  key: string,
  head: Pick<Head, 'dataset' | 'source' | 'fence'>,
): Promise<readonly string[]> {
  if (catalog.sources().some(({ name, kind }) => name === head.source && kind === 'file')) return ownScopes(head);
  const inspection = await store.reader.inspect(key, head.fence);
  return inspection.kind === 'whole' ? scopesOf(inspection.manifest) : ownScopes(head);
}

function ownScopes({ dataset, source }: Owner): readonly string[] {
  return dataset === null ? [`source:${source}`] : [`dataset:${dataset}`, `source:${source}`];
}

const EVICTED_FOR: Readonly<Record<EvictionReason, string>> = {
  quota: 'the store was over its quota, and nobody had read it for longest',
  'dataset-quota': 'its dataset was over its quota, and nobody had read it for longest',
  unread: 'nobody had read it for as long as store.retention.unread says',
  purged: 'it was purged',
};

/** Whether it may know of the load under way: before there is a head, the scopes of the lease tell whose it is. */
export async function maySeeLoad(context: ApiContext, principal: Principal, key: string): Promise<boolean> {
  const loads = await context.link.run(({ coordination }) => coordination.leases.list());
  const own = loads.find((load) => load.key === key);
  if (own === undefined) return false;
  const dataset = own.scopes.find((scope) => scope.startsWith('dataset:'))?.slice('dataset:'.length) ?? null;
  return new Sight(context, principal).of({ dataset, canonical: null }) !== null;
}

/** Who loads the entry, which has nothing to show yet: a first load that does not end is asked about by its key as well. */
async function loadingEntry(
  context: ApiContext,
  principal: Principal,
  key: string,
  { lease }: Pick<Look, 'lease'>,
): Promise<ParqueueError | null> {
  if (lease === null || !(await maySeeLoad(context, principal, key))) return null;
  const { holder, expiresAtMs } = lease;
  const until = isoTime(expiresAtMs);
  return new ParqueueError(
    'PQ_NOT_FOUND',
    `entry ${key} has no rows at the moment: ${holder} loads it, under a lease until ${until} unless it is renewed; `
      + 'GET /v1/fills?state=running tells how far it is',
    { details: { lease: { holder, expiresAt: until } } },
  );
}

/** Why there is no such entry any more, for whoever might have seen it. */
async function evictedEntry(context: ApiContext, principal: Principal, key: string): Promise<ParqueueError | null> {
  const evicted = await context.link.run(({ coordination }) => coordination.entries.evicted(key));
  if (evicted === null) return null;
  if (new Sight(context, principal).of({ dataset: evicted.dataset, canonical: null }) === null) return null;
  const { reason, fence, atMs } = evicted;
  const at = isoTime(atMs);
  return new ParqueueError(
    'PQ_NOT_FOUND',
    `entry ${key} was evicted at ${at} (${reason}): ${EVICTED_FOR[reason]}; whoever asks for it fills it again`,
    { details: { evictedAt: at, reason, generation: fence } },
  );
}

export function noEntry(key: string, reconciled = true): ParqueueError {
  return new ParqueueError(
    'PQ_NOT_FOUND',
    reconciled
      ? `there is no entry ${key}; GET /v1/entries lists what there is`
      : `entry ${key} is not known, and Redis has not been compared with the store since it forgot: ask for the dataset, or again later`,
  );
}

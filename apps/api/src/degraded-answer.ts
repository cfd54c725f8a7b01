/**
 * Sending what was found without Redis. Nothing is pinned: what gc elsewhere takes away before the first byte is refused, and
 * afterwards the connection is torn down, never ended in good order.
 *
 * Ranges need a tag. Which generation a read began with is noted in Redis (continued-read.ts), and while that is away the head
 * may move elsewhere, or another replica may know of a later one than this:
 *   1. a reader takes the footer of g57 here     2. the next range goes to a replica that answers from g31
 * With If-Range or If-Match the reader says itself what it reads.
 */
import { marksAgainst, ParqueueError } from '@parqueue/core';
import type { Resolved } from '@parqueue/core/config';
import type { FoundDegraded } from './asking.ts';
import type { DataCall, Sendable } from './data-call.ts';
import { scopesOf } from './entry-access.ts';
import { ifRangeOf } from './http/conditional.ts';
import { asksForPart } from './http/range.ts';
import { PartLost } from './http/send-part.ts';
import { Sight } from './ownership.ts';

const UNPINNED: AsyncDisposable = { [Symbol.asyncDispose]: async () => undefined };

/** @throws ParqueueError PQ_COORDINATION_DOWN for a range that does not say of what */
export function degradedSendable(
  call: DataCall,
  found: FoundDegraded,
  { request: { dataset }, declared: policy }: Resolved,
): Sendable {
  requireTaggedRange(call);
  const { key, manifest, verifiedAtMs, committedAtMs, ageMs } = found;
  return {
    hold: async () => UNPINNED,
    facts: { key, dataset, fence: manifest.fence, manifest, committedAtMs },
    age: {
      kind: 'current',
      head: { verifiedAtMs },
      nowMs: verifiedAtMs + ageMs,
      policy,
      cache: { cache: 'degraded', collapsed: false, staleReason: null },
    },
  };
}

/**
 * One generation by its number, whose bytes never change: no age is asked for, only whether it is there, whole and not purged.
 * @throws ParqueueError PQ_COORDINATION_DOWN, also where the caller may not see the entry; PQ_GONE
 */
export async function storedGeneration(
  { context, request }: DataCall,
  { key, fence }: { readonly key: string; readonly fence: number },
): Promise<Sendable> {
  const found = await context.store.reader.inspect(key, fence);
  if (found.kind !== 'whole') throw lost();
  const { manifest } = found;
  const sight = new Sight(context, request.principal);
  const seen = sight.of({ dataset: manifest.dataset, canonical: () => manifest.request });
  if (seen === null) throw lost();
  const { purge } = await marksAgainst({ key, scopes: scopesOf(manifest), manifest }, context.store);
  if (fence <= purge) throw gone();
  return {
    hold: async () => UNPINNED,
    facts: { key, ...seen, fence, manifest, committedAtMs: manifest.sealedAtMs },
    age: { kind: 'immutable' },
  };
}

export function gone(): ParqueueError {
  return new ParqueueError('PQ_GONE', 'this generation was removed; ask for its dataset again');
}

/** What PartLost says of a generation that nobody can fill again now. */
export function lostDegraded(error: unknown): unknown {
  return error instanceof PartLost ? lost(error) : error;
}

function lost(cause?: PartLost): ParqueueError {
  return new ParqueueError(
    'PQ_COORDINATION_DOWN',
    'Redis cannot be used at the moment, and the file to answer from is not there: ask again shortly',
    { details: { retryAfterMs: 2_000, degraded: 'nothing' }, cause },
  );
}

function requireTaggedRange({ request, form }: DataCall): void {
  const { headers, method } = request;
  if (form.format !== 'parquet' || method === 'HEAD' || !asksForPart(headers.range)) return;
  // An If-Range that does not hold leads to the whole; an If-Match of `*` says nothing.
  if (ifRangeOf(headers) !== undefined || headers['if-match']?.includes('"') === true) return;
  throw new ParqueueError(
    'PQ_COORDINATION_DOWN',
    'Redis cannot be used at the moment, and without it nobody knows which generation this range is of: '
      + 'send If-Range or If-Match with the ETag, read the URL in Content-Location, or ask for the whole',
    { details: { retryAfterMs: 2_000, degraded: 'range' } },
  );
}

/** What the use case of invalidation needs, out of this process's parts; and who may name a key in one. */
import { isParqueueError, type InvalidateDeps } from '@parqueue/core';
import { mayUseAll, type Principal } from './auth.ts';
import type { ApiContext } from './context.ts';
import { lookAtEntry, scopesOfHead } from './entry-access.ts';
import { Sight } from './ownership.ts';

/** @throws ParqueueError PQ_COORDINATION_DOWN */
export function invalidateDeps(context: ApiContext): InvalidateDeps {
  const { coordination, epochs } = context.link.current();
  const { ticks, parts, heads, leases, entries, retirement } = coordination;
  const { marks, directories, reader } = context.store;
  const scopesOf: InvalidateDeps['scopesOf'] = ({ key, head }) => scopesOfHead(context, key, head);
  return { ticks, parts, heads, leases, entries, retirement, marks, directories, reader, epochs, scopesOf };
}

/**
 * Whoever may use every dataset may also mark what Redis does not know at the moment; others an entry they may see, or one
 * that is being filled for the first time for a dataset of theirs.
 * @throws ParqueueError PQ_NOT_FOUND
 */
export async function requireMarkable(context: ApiContext, principal: Principal, key: string): Promise<void> {
  if (mayUseAll(principal)) return;
  try {
    await lookAtEntry(context, principal, key, null);
  } catch (error) {
    if (!isParqueueError(error) || error.code !== 'PQ_NOT_FOUND') throw error;
    const fills = await context.link.current().coordination.leases.list();
    const own = fills.find((fill) => fill.key === key);
    if (own === undefined) throw error;
    const seen = new Sight(context, principal).of({ dataset: datasetOf(own.scopes), canonical: null });
    if (seen === null) throw error;
  }
}

function datasetOf(scopes: readonly string[]): string | null {
  return scopes.find((scope) => scope.startsWith('dataset:'))?.slice('dataset:'.length) ?? null;
}

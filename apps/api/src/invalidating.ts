/** What the use case of invalidation needs, out of this process's parts; and who may name a key in one. */
import { isParqueueError, type InvalidateDeps } from '@parqueue/core';
import { mayUseAll, type Principal } from './auth.ts';
import type { ApiContext } from './context.ts';
import { lookAtEntry, maySeeLoad, scopesOfHead } from './entry-access.ts';

/** @throws ParqueueError PQ_COORDINATION_DOWN */
export function invalidateDeps(context: ApiContext): InvalidateDeps {
  const { coordination, epochs } = context.link.current();
  const { ticks, parts, heads, leases, entries, retirement } = coordination;
  const { marks, directories, reader } = context.store;
  const scopesOf: InvalidateDeps['scopesOf'] = ({ key, head }) => scopesOfHead(context, key, head);
  const alike = (dataset: string): readonly string[] => context.catalog.askers.alike(dataset);
  return { ticks, parts, heads, leases, entries, retirement, marks, directories, reader, epochs, scopesOf, alike };
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
    if (!(await maySeeLoad(context, principal, key))) throw error;
  }
}

/** What resolve, probe and fill need to know of a request to look at its key, and the look that reconciles first. */
import type { ResolvedRequest } from './model/request.ts';
import type { Heads, Look, LookTarget } from './ports/coordination.ts';

export function targetOf({ key, scopes, probeTargets }: ResolvedRequest): LookTarget {
  return { key, scopes, probeTargets };
}

export interface ReconciledLookDeps {
  readonly heads: Heads;
  readonly reconcile: (key: string) => Promise<void>;
}

/** Looks without pinning; the first look of a key in an epoch compares it with the store (I11). */
export async function lookReconciled(
  request: ResolvedRequest,
  { heads, reconcile }: ReconciledLookDeps,
): Promise<Look> {
  const target = targetOf(request);
  const first = await heads.look(target, null);
  if (first.reconciled) return first;
  await reconcile(request.key);
  return await heads.look(target, null);
}

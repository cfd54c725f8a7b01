/** What a fill leaves when it is over, however it ended: no staging directory, and its lease to others. */
import { toFailure } from './model/errors.ts';
import type { LeaseClaim, Leases } from './ports/coordination.ts';
import type { OnStep } from './ports/steps.ts';
import type { KeyDirectories } from './ports/store.ts';

export interface Granted {
  readonly claim: LeaseClaim;
  readonly fence: number;
  readonly grantedAtMs: number;
}

/**
 * A killed thread leaves its staging directory; then the lease goes, also where the store refused: a lease that stayed
 * would keep everybody from the key for its whole life, and whoever is granted the next one sweeps. Both are best
 * effort, for both end by themselves.
 */
export async function leave(
  { claim, fence }: Granted,
  isStaged: boolean,
  {
    directories,
    leases,
    onStep,
  }: { readonly directories: KeyDirectories; readonly leases: Leases; readonly onStep: OnStep },
): Promise<void> {
  const { key, fillId } = claim;
  const attempts = [
    ['staging-swept', async () => (isStaged ? await directories.moveToTrash({ key, fence, fillId }) : undefined)],
    [
      'lease-released',
      async () => {
        await leases.release(claim, fence);
        await onStep('lease-released', { key, fence, fillId });
      },
    ],
  ] as const;
  for (const [at, attempt] of attempts) {
    try {
      await attempt();
    } catch (error) {
      await onStep('failed', { key, fence, fillId, at, failure: toFailure(error) });
    }
  }
}

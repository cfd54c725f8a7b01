/**
 * Keeps a lease alive while its fill runs, from the main thread, at a third of its life. A renewal that Redis refuses,
 * or an epoch that ended, means the fill can never be committed: `lost` aborts. A Redis that cannot be reached means
 * nothing yet: the next commit or renewal decides. What else a renewal throws is a defect: it stops this fill, and `stop`
 * throws it; left alone for the length of the load it would end the whole process as an unhandled rejection.
 */
import { isParqueueError } from './model/errors.ts';
import type { Tick } from './model/ticks.ts';
import type { Clock } from './ports/clock.ts';
import { isEpochLost, type LeaseClaim, type Leases } from './ports/coordination.ts';

export const LEASE_LOST = 'lease lost';

export interface Heartbeat {
  readonly lost: AbortSignal;
  stop(): Promise<void>;
}

export function keepLease(
  claim: LeaseClaim,
  fence: Tick,
  { leases, clock }: { readonly leases: Leases; readonly clock: Clock },
): Heartbeat {
  const lost = new AbortController();
  const stopped = new AbortController();
  const beating = beat();
  beating.catch(() => lost.abort(LEASE_LOST));

  async function beat(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(claim.ttlMs / 3, stopped.signal).catch(() => undefined);
      if (stopped.signal.aborted) return;
      try {
        if (await leases.renew(claim, fence)) continue;
      } catch (error) {
        if (!isEpochLost(error)) {
          if (isParqueueError(error)) continue;
          throw error;
        }
      }
      lost.abort(LEASE_LOST);
      return;
    }
  }

  return {
    lost: lost.signal,
    stop: () => {
      stopped.abort();
      return beating;
    },
  };
}

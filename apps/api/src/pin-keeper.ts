/** Keeps a generation pinned while a long answer is made of it, and counts the pins this process holds. */
import { toFailure } from '@parqueue/core';
import type { Clock, Pin, RandomId } from '@parqueue/core';
import type { Logger } from 'pino';
import type { Live } from './coordination-link.ts';
import { PartLost } from './http/send-part.ts';

/** Of a transfer's pin. Renewed at a third of it, so that two renewals may fail. */
export const TRANSFER_PIN_TTL_MS = 60_000;

interface KeeperDeps {
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly log: Logger;
}

let held = 0;

export function pinsHeld(): number {
  return held;
}

/**
 * Pins a generation that was found without a pin, until it is disposed of.
 * @throws PartLost where gc or a purge was faster; ParqueueError PQ_RATE_LIMITED, PQ_COORDINATION_DOWN
 */
export async function holdPinned(
  live: Live,
  ref: { readonly key: string; readonly fence: number },
  deps: KeeperDeps,
): Promise<AsyncDisposable> {
  const wish = { id: deps.randomId(), ttlMs: TRANSFER_PIN_TTL_MS };
  const pin = await live.epochs.run(() => live.coordination.pins.pinGeneration(ref, wish));
  if (pin === null) throw new PartLost('gone', 'the generation was removed before it could be pinned');
  const keeping = keepPinned(live, pin, deps);
  return {
    async [Symbol.asyncDispose]() {
      await keeping[Symbol.asyncDispose]();
      await releasePin(live, pin, deps);
    },
  };
}

/**
 * Renews a pin until it is disposed of; giving it back is its owner's. A pin that a purge ended is not renewed: the open
 * file is read to its end, since its bytes are still those of the generation, but nobody new gets them.
 */
export function keepPinned(live: Live, pin: Pin, { clock, log }: Omit<KeeperDeps, 'randomId'>): AsyncDisposable {
  const stop = new AbortController();
  held += 1;
  const renewing = renewUntil(stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      held -= 1;
      stop.abort();
      await renewing;
    },
  };

  async function renewUntil(signal: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(TRANSFER_PIN_TTL_MS / 3, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const renewed = await live.epochs.run(() => live.coordination.pins.renew(pin.key, pin.id, TRANSFER_PIN_TTL_MS));
        if (renewed === null) return;
      } catch (error) {
        log.warn({ key: pin.key, reason: toFailure(error).message }, 'a pin could not be renewed');
      }
    }
  }
}

/** Never throws: a pin that cannot be given back expires. */
export async function releasePin(
  live: Live,
  pin: Pick<Pin, 'key' | 'id'>,
  { log }: Pick<KeeperDeps, 'log'>,
): Promise<void> {
  try {
    await live.epochs.run(() => live.coordination.pins.release(pin.key, pin.id));
  } catch (error) {
    log.warn({ key: pin.key, reason: toFailure(error).message }, 'a pin could not be released and will expire');
  }
}

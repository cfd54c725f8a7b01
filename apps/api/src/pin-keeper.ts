/** Keeps a pin alive while a long answer is sent, and counts the pins this process holds. */
import { toFailure } from '@parqueue/core';
import type { Clock, Pin } from '@parqueue/core';
import type { Logger } from 'pino';
import type { Live } from './coordination-link.ts';

/** Of a transfer's pin. Renewed at a third of it, so that two renewals may fail. */
export const TRANSFER_PIN_TTL_MS = 60_000;

let held = 0;

export function pinsHeld(): number {
  return held;
}

/**
 * Renews until it is disposed of. A pin that a purge ended is not renewed: the open file is read to its end, since its
 * bytes are still those of the generation, but nobody new gets them.
 */
export function keepPinned(
  live: Live,
  pin: Pin,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): AsyncDisposable {
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

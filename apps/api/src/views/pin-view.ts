/** Pins as the API shows them. A pin's public id names its key and generation, so that renewing needs no look-up. */
import { isCacheKey, ParqueueError, type Pin } from '@parqueue/core';
import { isoTime } from './entry-view.ts';

export interface PinName {
  readonly key: string;
  readonly fence: number;
  readonly pinId: string;
}

export function pinView(pin: Pin) {
  const { key, fence, expiresAtMs } = pin;
  const id = `${key}.${fence}.${pin.id}`;
  return { id, key, generation: fence, expiresAt: isoTime(expiresAtMs), url: `/v1/pins/${id}` };
}

/** @throws ParqueueError PQ_NOT_FOUND */
export function readPinName(id: string): PinName {
  const match = /^([^.]+)\.(0|[1-9][0-9]{0,15})\.([0-9a-f]{16,64})$/.exec(id);
  const [, key = '', fence = '', pinId = ''] = match ?? [];
  if (match === null || !isCacheKey(key)) throw new ParqueueError('PQ_NOT_FOUND', 'this is not the id of a pin');
  return { key, fence: Number(fence), pinId };
}

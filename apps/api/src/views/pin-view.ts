/** Pins as the API shows them. A pin's public id names its key and generation, so that renewing needs no look-up. */
import { isCacheKey, type Pin } from '@parqueue/core';
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

/** Null: no id of a pin. */
export function readPinName(id: string): PinName | null {
  const match = /^([^.]+)\.(0|[1-9][0-9]{0,15})\.([0-9a-f]{16,64})$/.exec(id);
  const [, key = '', fence = '', pinId = ''] = match ?? [];
  return match === null || !isCacheKey(key) ? null : { key, fence: Number(fence), pinId };
}

/**
 * Pins belong to the key that took them: an id seen in a log, or handed on, is of no use to another. The owner's mark is
 * part of the pin's name in Redis, so that every replica can tell, and nobody has to remember.
 */
import { createHash } from 'node:crypto';
import { ParqueueError } from '@parqueue/core';
import type { Principal } from './auth.ts';
import { readPinName, type PinName } from './views/pin-view.ts';

/** As many hex digits as keep the marks of any number of keys apart; the rest of the id is chance. */
const MARK_CHARS = 16;

/** What the ids of this caller's pins begin with; nothing where there are no keys to tell callers apart. */
export function pinOwner({ name, limits }: Principal): string {
  if (limits === null) return '';
  return createHash('sha256').update(`pin\n${name}`).digest('hex').slice(0, MARK_CHARS);
}

/** @throws ParqueueError PQ_NOT_FOUND */
export function ownPin(principal: Principal, id: string): PinName {
  const pin = readPinName(id);
  if (pin === null || !pin.pinId.startsWith(pinOwner(principal))) throw noPin();
  return pin;
}

export function noPin(): ParqueueError {
  return new ParqueueError('PQ_NOT_FOUND', 'this is not the id of a pin of this caller; resolve the question for one');
}

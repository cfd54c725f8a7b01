/** The refusal for what no version can be had of: always with the object, the reason and the way out. */
import { ParqueueError } from '../../model/errors.ts';

export const WAYS_OUT = 'set version: ttl with a maxAge, or a refresh-key';

export function untrackable(part: { readonly label: string }, why: string, otherwise?: string): ParqueueError {
  const way = otherwise === undefined ? WAYS_OUT : `${otherwise}, or ${WAYS_OUT}`;
  return new ParqueueError('PQ_UNTRACKABLE', `${part.label} cannot be tracked: ${why}; ${way}`, {
    details: { object: part.label },
  });
}

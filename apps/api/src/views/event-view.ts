/** A head that moved, as streams of events tell it. */
import type { HeadChange } from '@parqueue/core';
import { generationUrl } from '../http/data-headers.ts';
import { isoTime } from './entry-view.ts';

export function headEventView({ key, head }: HeadChange) {
  const { dataset, source, fence, version, rows, bytes, committedAtMs } = head;
  return {
    key,
    dataset,
    source,
    generation: fence,
    version,
    rows,
    bytes,
    committedAt: isoTime(committedAtMs),
    url: generationUrl(key, fence),
  };
}

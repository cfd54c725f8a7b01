/** A head that moved or went, as streams of events tell it. */
import type { HeadChange, HeadGone } from '@parqueue/core';
import type { ServerEvent } from '../events/event-stream.ts';
import { generationUrl } from '../http/data-headers.ts';
import { isoTime } from './entry-view.ts';

/** @param seen under which dataset's name */
export function changeEvent(change: HeadChange | HeadGone, seen: { readonly dataset: string | null }): ServerEvent {
  const { id } = change;
  return change.head === null
    ? { event: 'evicted', id, data: { ...evictedEventView(change), ...seen } }
    : { event: 'head', id, data: { ...headEventView(change), ...seen } };
}

/** Whose entry it is, or was. */
export function ownerOf(change: HeadChange | HeadGone): string | null {
  return (change.head ?? change.evicted).dataset;
}

function evictedEventView({ key, evicted: { dataset, fence, reason, atMs } }: HeadGone) {
  return { key, dataset, generation: fence, reason, evictedAt: isoTime(atMs) };
}

function headEventView({ key, head }: HeadChange) {
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

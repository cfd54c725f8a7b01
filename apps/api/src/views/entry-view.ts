/** An entry as the API shows it. Times are ISO 8601, generations are fences. */
import type { EntrySummary, Head } from '@parqueue/core';
import { generationUrl } from '../http/data-headers.ts';

export interface EntryView {
  readonly key: string;
  readonly dataset: string | null;
  readonly source: string;
  readonly generation: number;
  readonly version: string;
  readonly etag: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly consistency: string;
  readonly verifiedAt: string;
  readonly committedAt: string;
  readonly damaged: string | null;
  readonly lastReadAt: string | null;
  readonly url: string;
}

export function entryView({ key, head, lastReadAtMs }: EntrySummary): EntryView {
  return {
    key,
    ...headView(head),
    lastReadAt: lastReadAtMs === null ? null : isoTime(lastReadAtMs),
    url: generationUrl(key, head.fence),
  };
}

export function headView(head: Head) {
  const { dataset, source, fence, version, rows, bytes, sha256, consistency, verifiedAtMs, committedAtMs, damaged } =
    head;
  return {
    dataset,
    source,
    generation: fence,
    version,
    etag: `"${sha256}"`,
    rows,
    bytes,
    sha256,
    consistency,
    verifiedAt: isoTime(verifiedAtMs),
    committedAt: isoTime(committedAtMs),
    damaged,
  };
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** The headers of a data answer: what it is, how old it is, how it came about, where its very bytes stay. */
import { createHash } from 'node:crypto';
import type { FreshnessPolicy, Head, Manifest } from '@parqueue/core';
import { answerCacheControl, immutableCacheControl } from './cache-control.ts';
import { cacheStatus, type CacheOutcome } from './cache-status.ts';
import type { Representation } from './conditional.ts';
import { httpDate } from './conditional.ts';
import type { DataForm } from './data-form.ts';
import { MEDIA_TYPES } from './formats.ts';

/** Changes when the text of equal rows changes from one release to the next. */
const TEXT_FORMAT = 1;

export interface DataFacts {
  readonly key: string;
  readonly fence: number;
  readonly manifest: Manifest;
  readonly committedAtMs: number;
}

export type DataAge =
  /** A URL whose content moves. */
  | {
      readonly kind: 'current';
      readonly head: Head;
      readonly nowMs: number;
      readonly policy: FreshnessPolicy;
      readonly cache: Pick<CacheOutcome, 'cache' | 'collapsed' | 'staleReason'>;
    }
  | { readonly kind: 'immutable' };

export function generationUrl(key: string, fence: number): string {
  return `/v1/entries/${key}/generations/${fence}/data`;
}

/** Strong for Parquet, whose bytes are hashed; weak for text made from them. */
export function representationOf({ manifest, committedAtMs }: DataFacts, form: DataForm): Representation {
  const { sha256 } = manifest.part;
  if (form.format === 'parquet') return { etag: `"${sha256}"`, lastModifiedMs: committedAtMs };
  const told = [sha256, TEXT_FORMAT, form.format, form.offset, form.limit, form.numbers].join('\n');
  return { etag: `W/"${createHash('sha256').update(told).digest('hex').slice(0, 40)}"`, lastModifiedMs: committedAtMs };
}

export function dataHeaders(
  facts: DataFacts,
  form: DataForm,
  age: DataAge,
  audience: 'public' | 'private',
): Record<string, string> {
  const { key, fence, manifest } = facts;
  const { etag, lastModifiedMs } = representationOf(facts, form);
  return {
    'content-type': MEDIA_TYPES[form.format],
    etag,
    'last-modified': httpDate(lastModifiedMs),
    vary: 'Accept, Authorization, X-API-Key',
    'parqueue-key': key,
    'parqueue-generation': String(fence),
    'parqueue-version': headerText(manifest.version),
    'parqueue-consistency': manifest.consistency,
    'parqueue-rows': String(manifest.part.rows),
    ...(form.format === 'parquet'
      ? {
          'accept-ranges': 'bytes',
          'repr-digest': `sha-256=:${Buffer.from(manifest.part.sha256, 'hex').toString('base64')}:`,
          'content-location': generationUrl(key, fence),
        }
      : { 'accept-ranges': 'none' }),
    ...ageHeaders(facts, age, audience),
  };
}

function ageHeaders({ key }: DataFacts, age: DataAge, audience: 'public' | 'private'): Record<string, string> {
  if (age.kind === 'immutable')
    return { 'cache-control': immutableCacheControl(audience), 'cache-status': `parqueue; hit; key="${key}"` };
  const { head, nowMs, policy, cache } = age;
  const ageMs = Math.max(0, nowMs - head.verifiedAtMs);
  return {
    age: String(Math.floor(ageMs / 1000)),
    'cache-control': answerCacheControl(policy, audience),
    'cache-status': cacheStatus({ ...cache, key, ageMs, maxAgeMs: policy.maxAgeMs }),
  };
}

/** Versions are opaque; a header carries printable ASCII. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

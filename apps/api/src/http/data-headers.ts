/** The headers of a data answer: what it is, how old it is, how it came about, where its very bytes stay. */
import { createHash } from 'node:crypto';
import type { FreshnessPolicy, Head, Manifest } from '@parqueue/core';
import { CONVERTER_VERSION } from '@parqueue/core/parquet';
import { answerCacheControl, immutableCacheControl } from './cache-control.ts';
import { cacheStatus, COORDINATION_DOWN, type CacheOutcome } from './cache-status.ts';
import type { Representation } from './conditional.ts';
import { httpDate } from './conditional.ts';
import type { ConvertedForm, DataForm } from './data-form.ts';
import type { Coding } from './encoding.ts';
import { MEDIA_TYPES, type DataFormat } from './formats.ts';

/** Up to here a coding saves nothing worth its headers. Told from what is known before any work, as the tag depends on it. */
const PLAIN_CELLS_MAX = 64;

/** For browsers and `curl -OJ`: these a browser shows, the others it saves. */
const SHOWN: ReadonlySet<DataFormat> = new Set(['json', 'ndjson']);

/**
 * Ranges without a tag are refused then (degraded-answer.ts): nobody shall begin a read with them. And nothing of it outlives
 * the outage: a cache on the way that kept it would keep these headers too, since a 304 replaces only those it has.
 */
const DEGRADED_HEADERS = {
  'parqueue-degraded': COORDINATION_DOWN,
  'accept-ranges': 'none',
  'cache-control': 'no-store',
} as const;

export interface DataFacts {
  readonly key: string;
  /** As the caller asked for it, or may know it. */
  readonly dataset: string | null;
  readonly fence: number;
  readonly manifest: Manifest;
  readonly committedAtMs: number;
}

export type DataAge =
  /** A URL whose content moves. */
  | {
      readonly kind: 'current';
      readonly head: Pick<Head, 'verifiedAtMs'>;
      readonly nowMs: number;
      readonly policy: FreshnessPolicy;
      readonly cache: Pick<CacheOutcome, 'cache' | 'collapsed' | 'staleReason'>;
    }
  | { readonly kind: 'immutable' };

export function generationUrl(key: string, fence: number): string {
  return `/v1/entries/${key}/generations/${fence}/data`;
}

/** The rows of the form's window, of all there are. */
export function windowRows({ manifest }: Pick<DataFacts, 'manifest'>, { offset, limit }: ConvertedForm): number {
  return Math.min(Math.max(0, manifest.part.rows - offset), limit ?? Number.POSITIVE_INFINITY);
}

/** As asked for, but that a small body goes out as it is where that may be. */
export function codingOf(facts: Pick<DataFacts, 'manifest'>, form: ConvertedForm): Coding {
  const { coding, plainAllowed } = form.codings;
  const cells = windowRows(facts, form) * (form.columns?.length ?? facts.manifest.columns.length);
  return plainAllowed && cells <= PLAIN_CELLS_MAX ? 'identity' : coding;
}

/** Strong for Parquet, whose bytes are hashed; weak for what is made from them. */
export function representationOf(facts: DataFacts, form: DataForm): Representation {
  const { sha256 } = facts.manifest.part;
  const lastModifiedMs = facts.committedAtMs;
  if (form.format === 'parquet') return { etag: `"${sha256}"`, lastModifiedMs };
  const { format, columns, offset, limit, numbers } = form;
  const told = [sha256, CONVERTER_VERSION, format, columns, offset, limit, numbers, codingOf(facts, form)];
  const digest = createHash('sha256').update(JSON.stringify(told)).digest('hex');
  return { etag: `W/"${digest.slice(0, 40)}"`, lastModifiedMs };
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
    vary: varyOf(form),
    'content-disposition': dispositionOf(facts, form.format),
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
      : { 'accept-ranges': 'none', ...encodingHeader(codingOf(facts, form)) }),
    ...ageHeaders(facts, age, audience),
  };
}

function encodingHeader(coding: Coding): Record<string, string> {
  return coding === 'identity' ? {} : { 'content-encoding': coding };
}

/** What else than the URL decided. Parquet and Arrow are never coded, whatever a caller accepts. */
function varyOf({ format, negotiated }: DataForm): string {
  const coded = format !== 'parquet' && format !== 'arrow';
  return [
    ...(negotiated ? ['Accept'] : []),
    ...(negotiated || coded ? ['Accept-Encoding'] : []),
    'Authorization',
    'X-API-Key',
  ].join(', ');
}

/** Names of datasets are letters, digits, `_` and `-`; an entry of no dataset is named by its key. */
function dispositionOf({ key, dataset }: DataFacts, format: DataFormat): string {
  const name = dataset ?? `parqueue-${key.slice(0, 12)}`;
  return `${SHOWN.has(format) ? 'inline' : 'attachment'}; filename="${headerText(name)}.${format}"`;
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
    ...(cache.cache === 'degraded' ? DEGRADED_HEADERS : {}),
  };
}

/** Versions are opaque; a header carries printable ASCII. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/**
 * CacheKey: a readable slug and a hash of the canonical request (I1). Equal requests have equal keys, unequal
 * requests unequal ones. The hash alone is the identity; the slug is there for people who list folders.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { ParqueueError } from './errors.ts';
import type { CanonicalRequest, Question, ResolvedRequest } from './request.ts';

const KEY_PATTERN = /^[a-z0-9_]{1,40}-[0-9a-f]{32}$/;

/** 128 bits of SHA-256: two of 10¹² entries collide with a chance below 10⁻¹⁴. */
const HASH_HEX_DIGITS = 32;

/** @throws ParqueueError PQ_INVALID_REQUEST where the request holds text that has no UTF-8 form. */
export function cacheKey(request: CanonicalRequest): string {
  return `${slugOf(request)}-${requestHash(request)}`;
}

function requestHash(request: CanonicalRequest): string {
  try {
    return createHash('sha256').update(canonicalJson(request)).digest('hex').slice(0, HASH_HEX_DIGITS);
  } catch (error) {
    throw new ParqueueError('PQ_INVALID_REQUEST', `the request cannot be written down: ${String(error)}`, {
      cause: error,
    });
  }
}

export function isCacheKey(text: string): boolean {
  return KEY_PATTERN.test(text);
}

/** The two hex digits that spread entries over 256 folders. */
export function shardOf(key: string): string {
  const dash = key.lastIndexOf('-');
  return key.slice(dash + 1, dash + 3);
}

/**
 * A worker of another release may canonicalise differently; filling under its key would mix two meanings. It refuses.
 * @throws ParqueueError PQ_INVALID_REQUEST
 */
export function assertKeyMatches(request: ResolvedRequest): void {
  const own = cacheKey(request.canonical);
  if (own === request.key) return;
  throw new ParqueueError(
    'PQ_INVALID_REQUEST',
    `the job's key ${request.key} is not the key of its request here (${own}): `
      + 'API and worker run releases with different key formats; finish the upgrade and ask again',
    { retryable: true },
  );
}

/** All shards, in the order in which passes over the store visit them. */
export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'));

function slugOf({ question }: CanonicalRequest): string {
  const text = slugText(question);
  const words = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return (
    words
      .slice(question.kind === 'file' ? -32 : 0)
      .slice(0, 32)
      .replace(/^_+|_+$/g, '') || 'entry'
  );
}

function slugText(question: Question): string {
  if (question.kind === 'file') return question.path.replace(/\.[^./]*$/, '');
  return question.kind === 'wrapped' ? question.name : question.statement;
}

/**
 * Conditional requests by RFC 9110 section 13: which preconditions a request carries and how they judge the
 * representation at hand. Pure; the order of evaluation is that of section 13.2.2.
 */
import type { IncomingHttpHeaders } from 'node:http';

export interface Representation {
  /** The entity tag as sent, quotes and `W/` included. */
  readonly etag: string;
  /** Milliseconds; whole seconds are compared, as the header has no more. */
  readonly lastModifiedMs: number;
}

export interface ConditionHeaders {
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
  readonly 'if-modified-since'?: string | undefined;
  readonly 'if-unmodified-since'?: string | undefined;
  readonly 'if-range'?: string | undefined;
}

export type Verdict = 'proceed' | 'not-modified' | 'failed';

interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

/** For GET and HEAD. */
export function judge(headers: ConditionHeaders, current: Representation): Verdict {
  const match = headers['if-match'];
  const unmodifiedSince = headers['if-unmodified-since'];
  if (match !== undefined) {
    if (!matches(match, current.etag, 'strong')) return 'failed';
  } else if (unmodifiedSince !== undefined) {
    const date = parseHttpDate(unmodifiedSince);
    if (date !== null && wholeSecond(current.lastModifiedMs) > date) return 'failed';
  }

  const noneMatch = headers['if-none-match'];
  const modifiedSince = headers['if-modified-since'];
  if (noneMatch !== undefined) return matches(noneMatch, current.etag, 'weak') ? 'not-modified' : 'proceed';
  if (modifiedSince !== undefined) {
    const date = parseHttpDate(modifiedSince);
    if (date !== null && wholeSecond(current.lastModifiedMs) <= date) return 'not-modified';
  }
  return 'proceed';
}

/** Node's types allow a list for a header they do not know; of several, the first counts. */
export function ifRangeOf(headers: IncomingHttpHeaders): string | undefined {
  return [headers['if-range']].flat()[0];
}

/**
 * Whether a Range is to be honoured: without If-Range always, else only for these very bytes. A date does not say them:
 * two generations may be of one second, and nobody remembers whether they were (RFC 9110 section 8.8.2.2).
 */
export function rangeApplies(ifRange: string | undefined, current: Representation): boolean {
  if (ifRange === undefined) return true;
  const tag = parseEntityTag(ifRange.trim());
  return tag !== null && equalTags(tag, parseEntityTag(current.etag), 'strong');
}

function matches(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  const own = parseEntityTag(etag);
  return parseEntityTags(header).some((tag) => equalTags(tag, own, comparison));
}

function equalTags(a: EntityTag, b: EntityTag | null, comparison: 'strong' | 'weak'): boolean {
  if (b === null || a.opaque !== b.opaque) return false;
  return comparison === 'weak' || (!a.weak && !b.weak);
}

/** A list of entity tags; an opaque tag may itself hold commas, so the quotes decide, not a split. */
export function parseEntityTags(header: string): readonly EntityTag[] {
  return [...header.matchAll(/(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g)].map(([, weak, opaque]) => ({
    weak: weak !== undefined,
    opaque: opaque ?? '',
  }));
}

function parseEntityTag(text: string): EntityTag | null {
  const match = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/.exec(text);
  return match === null ? null : { weak: match[1] !== undefined, opaque: match[2] ?? '' };
}

/** @returns milliseconds, or null for anything that is not an HTTP date; such a header is ignored, as RFC 9110 asks. */
export function parseHttpDate(text: string): number | null {
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return null;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : date;
}

export function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

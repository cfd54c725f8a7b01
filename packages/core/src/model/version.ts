/** Versions, and how the version of several parts is composed. */
import { createHash } from 'node:crypto';

/**
 * A Version names a state of a source. It is opaque: produced by a Source, compared for equality, never ordered and
 * never parsed by anyone else. The prefix before the first colon is the version kind, for people who read logs.
 */
export type Version = string;

export const VERSION_KINDS = [
  'checksum',
  'rowscn',
  'row-version',
  'table-checksum',
  'refresh-key',
  'ttl',
  'manual',
] as const;

/** `token`: what a wrapped function's own version function gave. It cannot be configured, so it is not in the list. */
export type VersionKind = (typeof VERSION_KINDS)[number] | 'token';

/** Longer vectors are hashed: a version travels in headers. */
const VECTOR_CHARS_MAX = 512;

/**
 * The version of something that depends on several parts, such as the tables of a join: one text for one set of parts,
 * whatever their order. `parts`: what each part is called in the source (`APP.SALES`) → its own version.
 */
export function composeVersion(kind: VersionKind, parts: Readonly<Record<string, string>>): Version {
  const vector = Object.keys(parts)
    .toSorted()
    .map((name) => `${name}=${parts[name]}`)
    .join(';');
  if (vector.length <= VECTOR_CHARS_MAX) return `${kind}:${vector}`;
  return `${kind}:sha256:${createHash('sha256').update(vector).digest('hex')}`;
}

/** Versions of these kinds look at every table that a statement reads, so all it depends on must be known. */
export function tracksTables(kind: VersionKind): boolean {
  return kind === 'rowscn' || kind === 'row-version' || kind === 'table-checksum';
}

/** Versions of these kinds are made up at fill time; no probe can ask a source for them. */
export function isProbeable(kind: VersionKind): boolean {
  return kind !== 'ttl' && kind !== 'manual';
}

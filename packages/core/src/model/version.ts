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

export type VersionKind = (typeof VERSION_KINDS)[number];

/** Versions of these kinds are made up at fill time; no probe can ask a source for them. */
export function isProbeable(kind: VersionKind): boolean {
  return kind !== 'ttl' && kind !== 'manual';
}

/**
 * Parts: what the version of a request is made of where it depends on several things that can be asked on their own,
 * such as the tables of a join. Requests that name the same part share what a probe found of it.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import type { Manifest } from './manifest.ts';
import type { ResolvedRequest } from './request.ts';
import { composeVersion, isProbeable, type Version } from './version.ts';

export interface PartQuestion {
  /**
   * What else the version of a part depends on, hashed: which system of record, how versions are obtained, and the
   * session's settings. Answers to different questions are never taken for each other. Binds are not in it: a refresh
   * key has no placeholders, so its answer counts for all binds of the statements it stands for.
   */
  readonly asked: string;
  /** Probe targets: `<source>/<part>`. */
  readonly targets: readonly string[];
}

/** @returns null where nothing is shared: files, whose version is remembered by their stat, and what cannot be probed. */
export function partQuestion({
  canonical,
  probeTargets,
}: Pick<ResolvedRequest, 'canonical' | 'probeTargets'>): PartQuestion | null {
  const { question, sourceIdentity, sourceKind } = canonical;
  if (question.kind !== 'sql' || !isProbeable(question.version.kind) || probeTargets.length === 0) return null;
  const { version, session } = question;
  const text = canonicalJson({ sourceKind, sourceIdentity, version, session });
  return { asked: createHash('sha256').update(text).digest('hex').slice(0, 16), targets: probeTargets };
}

/** The part that a probe target names, as its source calls it. */
export function partOf(target: string, source: string): string {
  return target.startsWith(`${source}/`) ? target.slice(source.length + 1) : target;
}

/** The version of the request from the versions of all its parts, by target: what its source would compose. */
export function versionOfParts(
  { canonical, source }: ResolvedRequest,
  versions: Readonly<Record<string, string>>,
): Version | null {
  if (canonical.question.kind !== 'sql') return null;
  const parts = Object.entries(versions).map(([target, version]) => [partOf(target, source), version]);
  return composeVersion(canonical.question.version.kind, Object.fromEntries(parts));
}

/** Base tables behind the views and synonyms that a load named, by name, both as `<source>/<part>`. */
export type Reads = Readonly<Record<string, readonly string[]>>;

export function readsAt(source: string, reads: Readonly<Record<string, readonly string[]>>): Reads {
  return Object.fromEntries(
    Object.entries(reads).map(([name, tables]) => [
      `${source}/${name}`,
      [...new Set(tables)].filter((table) => table !== name).map((table) => `${source}/${table}`),
    ]),
  );
}

/** What a manifest tells of them; its details are the source's own words, so they are looked at with care. */
export function readsOf({ source, sourceDetails }: Pick<Manifest, 'source' | 'sourceDetails'>): Reads {
  const reads = sourceDetails['reads'];
  if (typeof reads !== 'object' || reads === null) return {};
  const sound = Object.entries(reads).filter(
    (entry): entry is [string, string[]] =>
      Array.isArray(entry[1]) && entry[1].every((table) => typeof table === 'string'),
  );
  return readsAt(source, Object.fromEntries(sound));
}

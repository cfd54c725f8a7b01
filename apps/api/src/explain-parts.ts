/**
 * What the version of an entry is made of, where its source is a database: for each table (or refresh key) the version
 * its rows were read at, the latest that a probe of anybody's found, and what that probe cost the source. Asks no source.
 */
import { partOf, partQuestion, type Manifest, type SeenPart } from '@parqueue/core';
import { targetsOf, type RequestTargets } from '@parqueue/core/config';
import type { ApiContext } from './context.ts';
import { isoTime } from './views/entry-view.ts';

/** Nothing for files and wrapped functions: they have one part, and the head tells its version. */
export async function explainParts(context: ApiContext, manifest: Manifest) {
  const { request: canonical, source, sourceDetails, consistency } = manifest;
  if (canonical.question.kind !== 'sql') return {};
  const targets = readableTargets(manifest);
  const { version } = canonical.question;
  return {
    snapshot: {
      consistency,
      // What the database calls the state that was read: Oracle's SCN, Postgres' snapshot.
      scn: sourceDetails['scn'] ?? null,
      snapshot: sourceDetails['snapshot'] ?? null,
      split: sourceDetails['split'] ?? null,
      rounded: sourceDetails['rounded'] ?? null,
    },
    versionedBy: version.kind,
    tables: targets?.tables ?? null,
    constructs: targets?.obstacles ?? null,
    parts: targets === null ? null : await readParts(context, manifest, targets.probeTargets, source),
  };
}

/** null where another release wrote a statement that this one cannot read. */
function readableTargets(manifest: Manifest): RequestTargets | null {
  try {
    return targetsOf(manifest.request, manifest);
  } catch {
    return null;
  }
}

async function readParts({ link }: ApiContext, manifest: Manifest, probeTargets: readonly string[], source: string) {
  const question = partQuestion({ canonical: manifest.request, probeTargets });
  const seen =
    question === null ? null : (await link.run(({ coordination }) => coordination.parts.read(question))).parts;
  return probeTargets.map((target) => {
    const part = partOf(target, source);
    return { part, ...partView(versionInManifest(manifest, part), seen?.[target]) };
  });
}

function partView(inHead: string | null, seen: SeenPart | undefined) {
  const record = seen?.record ?? null;
  return {
    headVersion: inHead,
    latest:
      record === null
        ? null
        : { version: record.version, tick: record.tick, probedAt: isoTime(record.beganAtMs), costMs: record.costMs },
    changed: record === null || inHead === null ? null : record.version !== inHead,
    probing: (seen?.running ?? null) !== null,
  };
}

/** As the source wrote it down beside the rows; versions themselves are never taken apart. */
function versionInManifest({ sourceDetails }: Manifest, part: string): string | null {
  const parts = sourceDetails['parts'];
  if (typeof parts !== 'object' || parts === null) return null;
  const version: unknown = Object.entries(parts).find(([name]) => name === part)?.[1];
  return typeof version === 'string' ? version : null;
}

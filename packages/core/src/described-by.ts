/** From a manifest to what Redis remembers of its generation, for a commit and for a rebuild alike. */
import type { Manifest } from './model/manifest.ts';
import type { DescribedGeneration } from './ports/coordination.ts';

export function describedBy({ part, ...manifest }: Manifest): DescribedGeneration {
  const { fence, fillId, version, consistency, source, dataset, startedAtMs } = manifest;
  const { sha256, bytes, rows } = part;
  return { fence, fillId, version, sha256, bytes, rows, consistency, source, dataset, startedAtMs };
}

/** What is told of an entry of the many: the same whichever way it is made. */
import { createHash } from 'node:crypto';
import { MANIFEST_FORMAT, PART_NAME, type HeadFile, type Manifest, type ResolvedRequest } from '@parqueue/core';
import type { Coordination } from '@parqueue/core/redis';

/** The bytes that all entries have as their part. */
export interface TinyPart {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Of one making. */
export interface EntryIds {
  readonly fence: number;
  readonly fillId: string;
  readonly storeId: string;
}

type Claim = Parameters<Coordination['leases']['acquire']>[0];
type Commit = Parameters<Coordination['heads']['commit']>[0];

export function claimOf({ key, scopes }: ResolvedRequest, fillId: string): Claim {
  return { key, fillId, holder: 'bench', ttlMs: 600_000, scopes };
}

/** @param mtimeNs of the part as it lies there */
export function manifestOf(
  { key, canonical, source, dataset }: ResolvedRequest,
  ids: EntryIds,
  { bytes, sha256, mtimeNs }: Pick<TinyPart, 'bytes' | 'sha256'> & { readonly mtimeNs: string },
): Manifest {
  const nowMs = Date.now();
  return {
    manifestFormat: MANIFEST_FORMAT,
    ...ids,
    key,
    version: `checksum:sha256:${createHash('sha256').update(key).digest('hex')}`,
    consistency: 'exact',
    dataset,
    source,
    request: canonical,
    part: { name: PART_NAME, bytes, rows: 1, sha256, mtimeNs },
    columns: [{ name: 'id', sourceType: 'parquet:int64', type: 'int64', nullable: true }],
    sourceDetails: { method: 'copy' },
    startedAtMs: nowMs,
    sealedAtMs: nowMs,
    host: 'bench',
    writer: 'bench',
  };
}

export function commitOf(manifest: Manifest, { scopes }: ResolvedRequest): Commit {
  const { key, fence, fillId, version, consistency, source, dataset, startedAtMs, part } = manifest;
  const { bytes, rows, sha256 } = part;
  return { key, scopes, fence, fillId, version, consistency, source, dataset, startedAtMs, bytes, rows, sha256 };
}

export function headFileOf({ key, fence, version, part, startedAtMs }: Manifest): HeadFile {
  return { key, fence, version, sha256: part.sha256, verified: fence, verifiedAtMs: startedAtMs };
}

/**
 * One directory of the memory store, and how it is judged: the manifest's digest and names, then size, time and hash of
 * the part, as on disk (I5).
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/canonical-json.ts';
import { shardOf } from '../model/cache-key.ts';
import { ParqueueError } from '../model/errors.ts';
import { PART_NAME, decodeManifest, type Manifest, type ManifestReading } from '../model/manifest.ts';
import type { Tick } from '../model/ticks.ts';
import type { HeadFile, Inspection, KeyListing, StagingRef } from '../ports/store.ts';

export interface MemoryPart {
  readonly content: unknown;
  readonly bytes: number;
  readonly rows: number;
  readonly mtimeNs: string;
}

/** One directory, in staging, published or in trash. */
export interface MemoryDirectory {
  readonly key: string;
  readonly fence: Tick;
  readonly fillId: string;
  part: MemoryPart | null;
  sealed: boolean;
  manifestText: string | null;
  /** Of the text that was read last: whoever looks again reads the same. */
  read?: { readonly text: string; readonly reading: ManifestReading };
}

export interface MemoryKey {
  readonly staging: Map<string, MemoryDirectory>;
  readonly generations: Map<Tick, MemoryDirectory>;
  head: HeadFile | null;
}

export function listingOf({ staging, generations }: MemoryKey): KeyListing {
  return {
    generations: [...generations.keys()].toSorted((a, b) => a - b),
    staging: [...staging.values()].map(refOf),
  };
}

/** `rewrite`: other bytes, new time. `flip`: other bytes, same size and time (only `verify` sees it). `truncate`: half of it. `touch`: same bytes, new time. */
export type Corruption = 'rewrite' | 'flip' | 'truncate' | 'touch';

/** SHA-256 of a memory part: of a string's UTF-8, of anything else's canonical JSON. */
export function memoryPartSha256(content: unknown): string {
  return createHash('sha256').update(partText(content)).digest('hex');
}

/** As the adapter judges files on disk, in the same order. */
export function judgeMemory(
  directory: MemoryDirectory | undefined,
  expected: { readonly storeId: string; readonly key: string; readonly fence: Tick },
  hash: 'always' | 'when-touched',
): Inspection {
  if (directory === undefined) return { kind: 'absent' };
  if (directory.manifestText === null) return damaged('the manifest is missing');
  const reading = readingOf(directory, directory.manifestText);
  if (!reading.ok) return damaged(reading.reason);
  const { manifest } = reading;
  if (manifest.storeId !== expected.storeId) return damaged('the manifest is of another store');
  if (manifest.key !== expected.key || manifest.fence !== expected.fence)
    return damaged('the manifest is of another generation');
  const part = directory.part;
  if (part === null) return damaged('the part is missing');
  if (part.bytes !== manifest.part.bytes) return damaged('the part has another size than its manifest says');
  const mustHash = hash === 'always' || part.mtimeNs !== manifest.part.mtimeNs;
  if (mustHash && memoryPartSha256(part.content) !== manifest.part.sha256)
    return damaged('the part does not match its hash');
  return { kind: 'whole', manifest };
}

export function partText(content: unknown): string {
  return typeof content === 'string' ? content : canonicalJson(content);
}

export function manifestOf(directory: MemoryDirectory): Manifest | null {
  const reading = directory.manifestText === null ? null : readingOf(directory, directory.manifestText);
  return reading?.ok === true ? reading.manifest : null;
}

function readingOf(directory: MemoryDirectory, text: string): ManifestReading {
  if (directory.read?.text !== text) directory.read = { text, reading: decodeManifest(text) };
  return directory.read.reading;
}

export function stagingName({ fence, fillId }: Pick<StagingRef, 'fence' | 'fillId'>): string {
  return `${fence}-${fillId}`;
}

export function stagingPartPath(ref: StagingRef): string {
  return `/memory/entries/${shardOf(ref.key)}/${ref.key}/staging/${stagingName(ref)}/${PART_NAME}`;
}

export function refOf({ key, fence, fillId }: StagingRef): { key: string; fence: Tick; fillId: string } {
  return { key, fence, fillId };
}

function damaged(reason: string): Inspection {
  return { kind: 'damaged', reason };
}

export function gone(operation: string, path: string): ParqueueError {
  return refused(operation, path, 'ENOENT');
}

export function refused(operation: string, path: string, errno: string): ParqueueError {
  return new ParqueueError('PQ_STORE_IO', `the store refused ${operation}: ${errno}`, {
    details: { operation, path, errno },
  });
}

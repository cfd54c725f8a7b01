/**
 * Makes many entries quickly: what lies on the disk by plain calls, one after the other in this thread and without fsync, what Redis
 * has by the product's own scripts, so many at once that they share round trips. Both are as a fill leaves them; only the order of the
 * steps and what makes them durable are left out.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { encodeManifest, newFillId, type LeaseGrant, type Manifest, type ResolvedRequest } from '@parqueue/core';
import type { Catalog } from '@parqueue/core/config';
import type { Coordination } from '@parqueue/core/redis';
import type { FileStore } from '@parqueue/core/store';
import { claimOf, commitOf, headFileOf, manifestOf, type TinyPart } from './entry.ts';
import { randomId } from './open-parts.ts';

/** Scripts on their way at one time. */
const BATCH = 100;
const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

export interface QuickMakerParts {
  readonly store: FileStore;
  readonly coordination: Pick<Coordination, 'leases' | 'heads'>;
  readonly catalog: Catalog;
  readonly part: TinyPart;
}

/** From the first up to but without the last number. */
export interface NumberRange {
  readonly first: number;
  readonly end: number;
}

export class QuickMaker {
  readonly #parts: QuickMakerParts;
  readonly #bytes: Buffer;
  readonly #shards = new Set<string>();

  constructor(parts: QuickMakerParts) {
    this.#parts = parts;
    this.#bytes = readFileSync(parts.part.path);
  }

  /** @returns how many */
  async make({ first, end }: NumberRange): Promise<number> {
    for (let from = first; from < end; from += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, end - from) }, (_, at) => from + at);
      await this.#batch(numbers.map((number) => requestOf(this.#parts.catalog, number)));
    }
    return end - first;
  }

  async #batch(requests: readonly ResolvedRequest[]): Promise<void> {
    const { leases, heads } = this.#parts.coordination;
    const asked = requests.map((request) => ({ request, claim: claimOf(request, newFillId(randomId)) }));
    const grants = await Promise.all(asked.map(({ claim }) => leases.acquire(claim)));
    // Nothing is on its way to Redis meanwhile: this thread hears no answer while the disk is slow.
    const made = asked.map(({ request, claim }, at) => {
      const fence = fenceOf(grants[at]);
      return { request, claim, fence, manifest: this.#write(request, fence, claim.fillId) };
    });
    const commits = await Promise.all(made.map(({ manifest, request }) => heads.commit(commitOf(manifest, request))));
    if (commits.some(({ kind }) => kind !== 'committed')) throw new Error('an entry was not committed');
    await Promise.all(made.map(({ claim, fence }) => leases.release(claim, fence)));
  }

  #write(request: ResolvedRequest, fence: number, fillId: string): Manifest {
    const { store, part } = this.#parts;
    const { key } = request;
    const path = store.reader.partPath(key, fence).absolute;
    const generation = dirname(path);
    const folder = dirname(generation);
    const shard = dirname(folder);
    if (!this.#shards.has(shard)) mkdirSync(shard, { recursive: true, mode: DIRECTORY_MODE });
    this.#shards.add(shard);
    for (const made of [folder, `${folder}/staging`, generation]) mkdirSync(made, { mode: DIRECTORY_MODE });
    const descriptor = openSync(path, 'wx', FILE_MODE);
    writeSync(descriptor, this.#bytes);
    const mtimeNs = String(fstatSync(descriptor, { bigint: true }).mtimeNs);
    closeSync(descriptor);
    const manifest = manifestOf(request, { fence, fillId, storeId: store.storeId }, { ...part, mtimeNs });
    const flags = { flag: 'wx', mode: FILE_MODE } as const;
    writeFileSync(`${generation}/manifest.json`, encodeManifest(manifest), flags);
    const file = path.slice(folder.length + 1);
    writeFileSync(`${folder}/head.json`, `${JSON.stringify({ ...headFileOf(manifest), file })}\n`, flags);
    return manifest;
  }
}

/** Of one of the many. */
export function requestOf(catalog: Catalog, number: number): ResolvedRequest {
  return catalog.resolveAdhoc({ source: 'lake', path: `many/${number}.parquet` }).request;
}

export function fenceOf(grant: LeaseGrant | undefined): number {
  if (grant?.kind !== 'granted') throw new Error(`no lease: ${grant?.kind}`);
  return grant.fence;
}

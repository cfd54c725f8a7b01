/**
 * Writes generations (I4, I5). The order is the durability argument; every arrow waits for the one before:
 *
 *   mkdir staging/<fence>-<fillId> → fsync its parents → (the source writes the part) → fsync part → write and fsync manifest
 *   → fsync staging directory → rename to g<fence> → fsync key directory → (the caller commits)
 *
 * A crash before the rename leaves staging, which is swept; a crash after it leaves a whole generation that no head
 * names yet. No step changes a file that has been published.
 */
import { ParqueueError, assertInvariant } from '../model/errors.ts';
import { PART_NAME, decodeManifest, encodeManifest } from '../model/manifest.ts';
import type { GenerationWriter, Staging, StagingRef } from '../ports/store.ts';
import type { Disk } from './disk.ts';
import type { KeyFolders } from './key-folders.ts';
import { MANIFEST_NAME, generationDirectory, keyDirectory, stagingDirectory } from './layout.ts';
import type { Trash } from './trash.ts';

export interface WriterParts {
  readonly disk: Disk;
  readonly folders: KeyFolders;
  readonly trash: Trash;
  readonly storeId: string;
}

export function generationWriter({ disk, folders, trash, storeId }: WriterParts): GenerationWriter {
  return {
    storeId,

    async stage(key, fence, fillId) {
      const directory = stagingDirectory({ key, fence, fillId });
      await folders.withDurable(key, async () => {
        if (!(await disk.makeDirectory(directory)))
          throw refused('mkdir', directory, 'EEXIST', 'the staging directory of this fill exists already');
      });
      return { key, fence, fillId, partPath: disk.absolute(`${directory}/${PART_NAME}`) };
    },

    async seal(staging) {
      const part = `${stagingDirectory(staging)}/${PART_NAME}`;
      const sealed = await disk.settle(part);
      if (sealed === null)
        throw refused('open', part, 'ENOENT', 'the part was not written, or its fill was given up meanwhile');
      return sealed;
    },

    async describe(staging, manifest) {
      assertInvariant(
        manifest.key === staging.key
          && manifest.fence === staging.fence
          && manifest.fillId === staging.fillId
          && manifest.storeId === storeId,
        'I4: a manifest describes the staging directory it is written to',
      );
      const directory = stagingDirectory(staging);
      const part = `${directory}/${PART_NAME}`;
      const identity = await disk.read(part, (file) => file.stat());
      if (identity === null) throw refused('open', part, 'ENOENT', 'the fill was given up meanwhile');
      // A writer that is still at work after the seal would make every later inspection fail: better found here.
      if (Number(identity.size) !== manifest.part.bytes || String(identity.mtimeNs) !== manifest.part.mtimeNs) {
        throw refused('stat', part, null, 'the part changed after it was sealed');
      }
      await disk.writeNew(`${directory}/${MANIFEST_NAME}`, encodeManifest(manifest));
      await disk.syncDirectory(directory);
    },

    async publish(staging) {
      await renameOrSettle(disk, staging);
      await disk.syncDirectory(keyDirectory(staging.key));
    },

    async discard(staging) {
      const place = await trash.take(stagingDirectory(staging));
      if (place !== null) await trash.remove(place);
    },
  };
}

/**
 * The rename fails on a `g<fence>` that holds anything, so an existing generation cannot be replaced. A failure is not
 * yet a no: over NFS this schedule reports one after success.
 *   1. client sends RENAME; the server does it; the reply is lost
 *   2. the client repeats RENAME; the server finds no source (ENOENT) or a full target (ENOTEMPTY)
 * The fillId in what is there tells the two apart, and makes a repeated publish succeed. An empty `g<fence>` (nobody
 * makes one) would be replaced, which harms nothing.
 */
async function renameOrSettle(disk: Disk, staging: Staging): Promise<void> {
  const target = generationDirectory(staging.key, staging.fence);
  try {
    await disk.rename(stagingDirectory(staging), target);
  } catch (error) {
    const published = await publishedFillId(disk, staging);
    if (published === staging.fillId) return;
    if (published === null) throw error;
    throw refused('rename', target, 'ENOTEMPTY', 'another fill published under this fence');
  }
}

async function publishedFillId(disk: Disk, { key, fence }: StagingRef): Promise<string | null> {
  const text = await disk.readText(`${generationDirectory(key, fence)}/${MANIFEST_NAME}`);
  const reading = text === null ? null : decodeManifest(text);
  return reading?.ok === true ? reading.manifest.fillId : null;
}

function refused(operation: string, path: string, errno: string | null, why: string): ParqueueError {
  return new ParqueueError(
    'PQ_STORE_IO',
    `${why} (${errno === null ? '' : `${errno} at `}${operation} of ${path}): a new fill starts over`,
    {
      details: { operation, path, errno },
    },
  );
}

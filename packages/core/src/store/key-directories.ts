/** Lists what is on disk and takes it away: what reconciliation and gc see of the store (I6, I11). */
import { isCacheKey, shardOf } from '../model/cache-key.ts';
import { fenceOfGenerationName } from '../model/generation.ts';
import type { KeyDirectories, KeyListing } from '../ports/store.ts';
import type { Disk } from './disk.ts';
import type { KeyFolders } from './key-folders.ts';
import { removeEmptyKey } from './key-removal.ts';
import {
  STAGING,
  generationDirectory,
  keyDirectory,
  shardDirectory,
  stagingDirectory,
  stagingRefOf,
} from './layout.ts';
import { markOfKey } from './marks.ts';
import type { Trash } from './trash.ts';

const NOTHING: KeyListing = { generations: [], staging: [] };

export function keyDirectories({
  disk,
  folders,
  trash,
}: {
  readonly disk: Disk;
  readonly folders: KeyFolders;
  readonly trash: Trash;
}): KeyDirectories {
  return {
    list: (key) =>
      folders.withVisible(key, async (isNew) => (isNew ? NOTHING : await listing(key, (path) => disk.list(path)))),

    listWithMark: (key, told) =>
      folders.withVisible(
        key,
        async (isNew) => {
          if (isNew) return { ...NOTHING, mark: null };
          const directory = keyDirectory(key);
          let names: readonly string[] = [];
          const listed = await listing(key, async (path) => {
            const found = await disk.list(path);
            if (path === directory) names = found;
            return found;
          });
          return { ...listed, mark: await markOfKey(disk, key, names) };
        },
        told,
      ),

    glance: (key) => listing(key, (path) => disk.glance(path)),

    async keys(shard) {
      await folders.makeShard(shard);
      const names = await disk.list(shardDirectory(shard));
      return names.filter((name) => isCacheKey(name) && shardOf(name) === shard).toSorted();
    },

    async moveToTrash(ref) {
      await trash.take('fillId' in ref ? stagingDirectory(ref) : generationDirectory(ref.key, ref.fence));
    },

    removeEmpty: (key) => removeEmptyKey(disk, key),

    emptyTrash: () => trash.empty(),
  };
}

/** Staging first: a fill that publishes between the two listings is then seen as a generation, not missed in both. */
async function listing(key: string, namesIn: (path: string) => Promise<readonly string[]>): Promise<KeyListing> {
  const directory = keyDirectory(key);
  const staged = await namesIn(`${directory}/${STAGING}`);
  const names = await namesIn(directory);
  return {
    generations: names
      .map(fenceOfGenerationName)
      .filter((fence) => fence !== null)
      .toSorted((a, b) => a - b),
    staging: staged.map((name) => stagingRefOf(key, name)).filter((ref) => ref !== null),
  };
}

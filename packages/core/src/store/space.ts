/** How much room the store's filesystem has, and what staging and published parts take of it (I9). */
import { PART_NAME } from '../model/manifest.ts';
import type { StoreSpace } from '../ports/store.ts';
import type { Disk } from './disk.ts';
import { generationPart, stagingDirectory } from './layout.ts';
import { refusal } from './refusals.ts';

export function storeSpace(disk: Disk): StoreSpace {
  return {
    async free() {
      try {
        return await disk.files.space(disk.root);
      } catch (error) {
        throw refusal('statfs', '', error);
      }
    },
    stagedBytes: (ref) => disk.sizeOf(`${stagingDirectory(ref)}/${PART_NAME}`),
    generationBytes: ({ key, fence }) => disk.sizeOf(generationPart(key, fence)),
  };
}

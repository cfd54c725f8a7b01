/**
 * Makes the directories of a key, so that they are durable before anything in them counts (I4). Collections remove those in
 * which nothing is (key-removal.ts), at any moment until something is: so whoever puts something there, and meets no
 * directory, makes them again. And the parent is fsynced when it is there: from then on they stay, while those of a moment ago
 * may be others that nobody has fsynced.
 */
import { shardOf } from '../model/cache-key.ts';
import type { Disk } from './disk.ts';
import { ENTRIES, STAGING, keyDirectory, shardDirectory } from './layout.ts';
import { isMissing } from './refusals.ts';

/** Each further one means that another collection came between two calls. */
const ATTEMPTS = 5;

export class KeyFolders {
  readonly #disk: Disk;
  readonly #durableShards = new Set<string>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /**
   * `entries/<kk>`, `<key>` and `staging`, for whoever writes there. A directory that was there already may be one that
   * another process made a moment ago and has not fsynced yet: were that skipped here, our commit could outlive the
   * name it stands under. So the parents are fsynced by whoever relies on them; one that has nothing to write costs
   * next to nothing.
   */
  async withDurable<T>(key: string, write: () => Promise<T>): Promise<T> {
    const done = await this.withVisible(key, write);
    await this.#disk.syncDirectory(shardDirectory(shardOf(key)));
    return done;
  }

  /**
   * The same beside a generation that was published, as a head's was: whoever published it fsynced the parents after its staging
   * directory was in them, and what holds something stays. Where it is gone all the same everything is made again.
   */
  async withPublished<T>(key: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isGone(error)) throw error;
      return await this.withDurable(key, write);
    }
  }

  /**
   * The same for whoever only looks: what a crash takes back held nothing. `look` is told whether the key's directory was made
   * just now: at that moment nothing was in it, which is all that a listing could say. Where they were seen a moment ago they
   * are made only when they are missed.
   */
  async withVisible<T>(key: string, look: (isNew: boolean) => Promise<T>, { wasSeen = false } = {}): Promise<T> {
    const directory = keyDirectory(key);
    await this.makeShard(shardOf(key));
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (wasSeen && attempt === 1) return await look(false);
        const isNew = await this.#disk.makeDirectory(directory);
        await this.#disk.makeDirectory(`${directory}/${STAGING}`);
        return await look(isNew);
      } catch (error) {
        if (attempt === ATTEMPTS || !isGone(error)) throw error;
      }
    }
  }

  async makeShard(shard: string): Promise<void> {
    if (this.#durableShards.has(shard)) return;
    await this.#disk.makeDirectory(shardDirectory(shard));
    await this.#disk.syncDirectory(ENTRIES);
    this.#durableShards.add(shard);
  }
}

/** The directory that was to be written to. */
function isGone(error: unknown): boolean {
  return error instanceof Error && isMissing(error.cause);
}

/**
 * Makes the directories of a key, so that they are durable before anything in them counts (I4). Key directories are
 * never removed while the store is in use: an NFS client that remembered one as absent would miss a generation.
 */
import { shardOf } from '../model/cache-key.ts';
import type { Disk } from './disk.ts';
import { ENTRIES, STAGING, keyDirectory, shardDirectory } from './layout.ts';

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
  async make(key: string): Promise<void> {
    await this.makeVisible(key);
    await this.#disk.syncDirectory(shardDirectory(shardOf(key)));
  }

  /** The same for whoever only looks: what a crash takes back held nothing. */
  async makeVisible(key: string): Promise<void> {
    const directory = keyDirectory(key);
    await this.makeShard(shardOf(key));
    await this.#disk.makeDirectory(directory);
    await this.#disk.makeDirectory(`${directory}/${STAGING}`);
  }

  async makeShard(shard: string): Promise<void> {
    if (this.#durableShards.has(shard)) return;
    await this.#disk.makeDirectory(shardDirectory(shard));
    await this.#disk.syncDirectory(ENTRIES);
    this.#durableShards.add(shard);
  }
}

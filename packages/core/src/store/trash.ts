/**
 * Removal in two steps (I6): one rename takes a directory out of sight whole, then its files go one by one. Nobody
 * ever sees half of a generation under its own name, not even after a crash.
 */
import type { Disk } from './disk.ts';
import { TRASH } from './layout.ts';
import { errnoOf, isMissing, refusal } from './refusals.ts';

/**
 * Not removed by us, and no failure: another host still has a file of it open (NFS keeps that under a made-up name), or
 * another sweep is removing it too. A later sweep gets what is left.
 */
const SHARED: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EBUSY', 'EEXIST', 'ENOENT', 'ESTALE']);

const TEMPORARY = 'tmp-';

export class Trash {
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /**
   * Moves the directory into trash under a name of its own. @returns where it is now, or null where it was gone.
   * NFS: a rename whose reply was lost is repeated by the client and then meets ENOENT, which is "gone" for us as
   * well: the directory is in trash and the next sweep removes it.
   */
  async take(path: string): Promise<string | null> {
    const name = path
      .split('/')
      .slice(-3)
      .filter((segment) => segment !== 'staging')
      .join('.')
      .slice(0, 160);
    const place = `${TRASH}/${name}.${this.#disk.randomId()}`;
    const moved = await this.#disk.find(path, 'rename', async (absolute) => {
      await this.#disk.files.rename(absolute, this.#disk.absolute(place));
      return place;
    });
    // The name must be durably gone before its files go: else a crash could bring back a generation without its part.
    if (moved !== null) await this.#syncParent(path.slice(0, path.lastIndexOf('/')));
    return moved;
  }

  /** One that is gone meanwhile, being empty, took the name with it. */
  async #syncParent(path: string): Promise<void> {
    try {
      await this.#disk.syncDirectory(path);
    } catch (error) {
      if (!(error instanceof Error && isMissing(error.cause))) throw error;
    }
  }

  /** @returns false where somebody else still has to do with it. */
  async remove(place: string): Promise<boolean> {
    try {
      await this.#disk.files.remove(this.#disk.absolute(place));
      return true;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== null && SHARED.has(errno)) return false;
      throw refusal('remove', place, error);
    }
  }

  /** Removes all it can; what one directory refuses does not keep the others. @returns directories removed. */
  async empty(): Promise<number> {
    const refusals: unknown[] = [];
    let removed = 0;
    for (const name of await this.#disk.list(TRASH)) {
      try {
        const gone = await this.remove(`${TRASH}/${name}`);
        if (gone && !name.startsWith(TEMPORARY)) removed += 1;
      } catch (error) {
        refusals.push(error);
      }
    }
    if (refusals.length > 0) throw refusals[0];
    return removed;
  }
}

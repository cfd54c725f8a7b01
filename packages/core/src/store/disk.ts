/**
 * Disk: the store's steps on a filesystem that may be NFS. It owns how things become durable (I4), how a directory is
 * seen afresh, and that every refusal leaves with a code. Paths are relative to the root.
 *
 * Fault model. A crash keeps what was fsynced, nothing else is certain. An NFS client may remember for a minute that
 * a name is absent, may hold handles of what another host replaced (ESTALE), and may report failure of a rename,
 * link or mkdir that happened, when its repeated call met its own result. Directories are never made recursively:
 * when the mount goes away the empty mount point must refuse, not fill up.
 */
import type { RandomId } from '../ports/clock.ts';
import type { FileIdentity, Files, OpenedFile } from './files.ts';
import { TOUCH_NAME, TRASH } from './layout.ts';
import { errnoOf, isMissing, refusal } from './refusals.ts';

/** A temporary file may be swept by emptyTrash before it is renamed; more than one sweep in a row is no accident. */
const REPLACE_ATTEMPTS = 3;

export interface DiskOptions {
  readonly root: string;
  readonly files: Files;
  readonly fileMode: number;
  readonly randomId: RandomId;
}

export class Disk {
  readonly root: string;
  readonly files: Files;
  readonly randomId: RandomId;
  readonly #fileMode: number;
  readonly #directoryMode: number;

  constructor({ root, files, fileMode, randomId }: DiskOptions) {
    this.root = root;
    this.files = files;
    this.randomId = randomId;
    this.#fileMode = fileMode;
    // Who may read files may enter directories: 0640 → 0750. The owner always may all.
    this.#directoryMode = fileMode | ((fileMode & 0o444) >> 2) | 0o700;
  }

  absolute(path: string): string {
    return path === '' ? this.root : `${this.root}/${path}`;
  }

  /** @returns false where something of that name is already there. */
  async makeDirectory(path: string): Promise<boolean> {
    try {
      await this.files.mkdir(this.absolute(path), { mode: this.#directoryMode, recursive: false });
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      throw refusal('mkdir', path, error);
    }
    // The umask took bits from mkdir's mode; the configured mode is meant as it stands.
    await this.#withDirectory(path, 'chmod', (directory) => directory.chmod(this.#directoryMode));
    return true;
  }

  /** fsync of a directory: the names in it are durable afterwards. */
  async syncDirectory(path: string): Promise<void> {
    await this.#withDirectory(path, 'fsync', (directory) => directory.sync());
  }

  /** Names in the directory, as the server has them now. It is changed first, because NFS clients trust an unchanged one. */
  async list(path: string): Promise<readonly string[]> {
    await this.#touch(path);
    try {
      return (await this.files.readdir(this.absolute(path))).filter((name) => name !== TOUCH_NAME);
    } catch (error) {
      throw refusal('readdir', path, error);
    }
  }

  /** Names in the directory as this host remembers them; none where it knows of no such directory. */
  async glance(path: string): Promise<readonly string[]> {
    try {
      return await this.files.readdir(this.absolute(path));
    } catch (error) {
      if (isMissing(error)) return [];
      throw refusal('readdir', path, error);
    }
  }

  /** Of a file; 0 where it is not there. */
  async sizeOf(path: string): Promise<number> {
    return Number((await this.identityOf(path))?.size ?? 0);
  }

  /** What is under the name as this host remembers it; null where it knows of nothing, or its handle went stale. */
  async identityOf(path: string): Promise<FileIdentity | null> {
    return await this.#orMissing('stat', path, () => this.files.stat(this.absolute(path)));
  }

  /** What the file is now, as the server says; null as above: who needs to know whether it is there asks with `find`. */
  async revisit(path: string): Promise<FileIdentity | null> {
    return await this.#orMissing('open', path, () => this.files.revisit(this.absolute(path)));
  }

  async #orMissing<T>(operation: string, path: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (isMissing(error)) return null;
      throw refusal(operation, path, error);
    }
  }

  /**
   * One fixed name, so that a crash between the two calls leaves nothing that the next listing does not clear.
   * Whoever meets EEXIST or ENOENT met another lister's change, which serves as well as its own. A directory, since nobody can have
   * one open for reading its bytes: a second name of a file would be cheaper, and on NFS v4 wait for every host that has
   * that file delegated, a whole lease where one of them is cut off (ADR 0053).
   */
  async #touch(path: string): Promise<void> {
    const touch = `${path}/${TOUCH_NAME}`;
    try {
      await this.files.mkdir(this.absolute(touch), { mode: 0o700, recursive: false });
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw refusal('mkdir', touch, error);
    }
    try {
      await this.files.rmdir(this.absolute(touch));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw refusal('rmdir', touch, error);
    }
  }

  /**
   * Runs `attempt` on an absolute path; where the name is not found, asks the server about its parents, outermost
   * first, and tries once more. @returns null when it is not there even then.
   */
  async find<T>(path: string, operation: string, attempt: (absolute: string) => Promise<T>): Promise<T | null> {
    try {
      return await attempt(this.absolute(path));
    } catch (error) {
      if (!isMissing(error)) throw refusal(operation, path, error);
    }
    await this.#revalidateParents(path);
    try {
      return await attempt(this.absolute(path));
    } catch (error) {
      // A handle that is stale on both sides of a revalidation is the server's trouble, not proof of absence.
      if (errnoOf(error) === 'ENOENT') return null;
      throw refusal(operation, path, error);
    }
  }

  async #revalidateParents(path: string): Promise<void> {
    const segments = path.split('/');
    for (let depth = 0; depth < segments.length; depth += 1) {
      const parent = segments.slice(0, depth).join('/');
      try {
        await this.files.revalidate(this.absolute(parent));
      } catch (error) {
        if (isMissing(error)) return;
        throw refusal('opendir', parent, error);
      }
    }
  }

  async readText(path: string): Promise<string | null> {
    return this.read(path, (file) => file.readText());
  }

  /** Does reading work with the file; a stale handle makes it start over once. @returns null where it is not there. */
  async read<T>(path: string, work: (file: OpenedFile) => Promise<T>): Promise<T | null> {
    return this.find(path, 'read', async (absolute) => {
      const file = await this.files.open(absolute, 'r');
      try {
        return await work(file);
      } finally {
        await file.close();
      }
    });
  }

  /** A new file with this text, fsynced. The name becomes durable with its directory, which is the caller's to sync. */
  async writeNew(path: string, text: string): Promise<void> {
    const file = await this.#attempt('open', path, () => this.files.open(this.absolute(path), 'wx', this.#fileMode));
    try {
      await this.#attempt('write', path, () => file.writeText(text));
      await this.#attempt('chmod', path, () => file.chmod(this.#fileMode));
      await this.#attempt('fsync', path, () => file.sync());
    } finally {
      await this.#attempt('close', path, () => file.close());
    }
  }

  /**
   * Sets the mode and fsyncs a file that somebody else wrote. @returns what it is then; null where it is not there.
   * A failed fsync is final: the kernel reports lost writes once, and a second fsync would call them durable.
   */
  async settle(path: string): Promise<{ readonly bytes: number; readonly mtimeNs: string } | null> {
    const file = await this.find(path, 'open', (absolute) => this.files.open(absolute, 'r+'));
    if (file === null) return null;
    try {
      await this.#attempt('chmod', path, () => file.chmod(this.#fileMode));
      await this.#attempt('fsync', path, () => file.sync());
      const { size, mtimeNs } = await this.#attempt('stat', path, () => file.stat());
      return { bytes: Number(size), mtimeNs: String(mtimeNs) };
    } finally {
      await this.#attempt('close', path, () => file.close());
    }
  }

  /** Gives a file the time 1970-01-01. Nothing happens where there is none. */
  async setTimeToZero(path: string): Promise<void> {
    await this.find(path, 'utimes', async (absolute) => {
      await this.files.setTimeToZero(absolute);
    });
  }

  /**
   * Puts the text under the name in one step, durably: readers see the old text or the new. The temporary file lies
   * in trash under a random name, so that two hosts never share one and a crash leaves it where it is swept; a sweep
   * at the wrong moment costs one more attempt.
   */
  async replace(path: string, text: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const temporary = this.temporaryPath();
      try {
        await this.writeNew(temporary, text);
        await this.rename(temporary, path);
        break;
      } catch (error) {
        if (attempt === REPLACE_ATTEMPTS || !(error instanceof Error && isMissing(error.cause))) throw error;
      }
    }
    // -1 where the file lies in the root itself.
    await this.syncDirectory(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  }

  temporaryPath(): string {
    return `${TRASH}/tmp-${this.randomId()}`;
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#attempt('rename', to, () => this.files.rename(this.absolute(from), this.absolute(to)));
  }

  /** Removes a file or a whole directory; nothing happens where there is none. */
  async remove(path: string): Promise<void> {
    await this.#attempt('remove', path, () => this.files.remove(this.absolute(path)));
  }

  async #withDirectory(path: string, operation: string, work: (directory: OpenedFile) => Promise<void>): Promise<void> {
    const directory = await this.#attempt('open', path, () => this.files.open(this.absolute(path), 'r'));
    try {
      await this.#attempt(operation, path, () => work(directory));
    } finally {
      await this.#attempt('close', path, () => directory.close());
    }
  }

  async #attempt<T>(operation: string, path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw refusal(operation, path, error);
    }
  }
}

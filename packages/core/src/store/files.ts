/**
 * Files is the part of node:fs/promises that the store uses, and its only way to the filesystem. Tests put a fault
 * injector between (testing/faulty-files): a full disk, a stale handle or a lost reply are armed by operation name.
 */
import { close, fchmod, fstat, fsync, open as openDescriptor, read, readFile, writeFile } from 'node:fs';
import { link, mkdir, opendir, readdir, rename, rm, rmdir, stat, statfs, unlink, utimes } from 'node:fs/promises';
import { deferred } from '../model/deferred.ts';
import type { Space } from '../model/retention.ts';

export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** A file or directory that was opened. */
export interface OpenedFile {
  writeText(text: string): Promise<void>;
  /** Fills the buffer from `position`. @returns bytes read, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  readText(): Promise<string>;
  stat(): Promise<FileIdentity>;
  chmod(mode: number): Promise<void>;
  /** fsync. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface SmallFile {
  readonly identity: FileIdentity;
  /** null: it is larger. */
  readonly bytes: Buffer | null;
}

/** Absolute paths; rejects with Node's errors, which carry `errno` (negative) and `code`. */
export interface Files {
  open(path: string, flags: 'r' | 'r+' | 'wx', mode?: number): Promise<OpenedFile>;
  mkdir(path: string, options: { readonly mode: number; readonly recursive: boolean }): Promise<void>;
  /** Opens and closes the directory: an NFS client then asks the server what the directory is now. */
  revalidate(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  link(existing: string, name: string): Promise<void>;
  unlink(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  /** Removes a file or a whole directory; nothing happens where there is none. */
  remove(path: string): Promise<void>;
  /** Of the filesystem that holds the path. */
  space(path: string): Promise<Space>;
  /** What is under the name, as this host sees it: an NFS client may answer from what it remembers. */
  stat(path: string): Promise<FileIdentity>;
  /** Opens the file, asks what it is, closes it. An NFS client then asks the server what the file is now (close-to-open). */
  revisit(path: string): Promise<FileIdentity>;
  /** The same, and reads it where it has no more bytes than that; `bytes` are fewer than its size where it shrank meanwhile. */
  readSmall(path: string, bytesMax: number): Promise<SmallFile>;
  /** Sets the file's times to 1970-01-01. */
  setTimeToZero(path: string): Promise<void>;
}

export const nodeFiles: Files = {
  async open(path, flags, mode) {
    return new Descriptor(await called<number>((done) => openDescriptor(path, flags, mode, done)));
  },
  async mkdir(path, options) {
    await mkdir(path, options);
  },
  async revalidate(path) {
    const directory = await opendir(path);
    await directory.close();
  },
  readdir: (path) => readdir(path),
  rename: (from, to) => rename(from, to),
  link: (existing, name) => link(existing, name),
  unlink: (path) => unlink(path),
  rmdir: (path) => rmdir(path),
  remove: (path) => rm(path, { recursive: true, force: true }),
  async space(path) {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  },
  stat: (path) => stat(path, { bigint: true }),
  revisit,
  async readSmall(path, bytesMax) {
    const file = await nodeFiles.open(path, 'r');
    try {
      const identity = await file.stat();
      const bytes = identity.size > bytesMax ? null : await readWhole(file, Number(identity.size));
      return { identity, bytes };
    } finally {
      await file.close();
    }
  },
  setTimeToZero: (path) => utimes(path, 0, 0),
};

/**
 * By its number: a FileHandle of node:fs/promises costs as much as several calls. Like one it is closed when no call uses it any
 * more: the number of a file that was closed under a call may be another file's by the time its thread gets to it.
 */
class Descriptor implements OpenedFile {
  readonly #number: number;
  #underWay = 0;
  #isClosed = false;
  readonly #idle = deferred<void>();

  constructor(number: number) {
    this.#number = number;
  }

  writeText(text: string): Promise<void> {
    return this.#call((number, done) => writeFile(number, text, 'utf8', done));
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#call((number, done) => read(number, buffer, 0, buffer.length, position, done));
  }

  readText(): Promise<string> {
    return this.#call((number, done) => readFile(number, 'utf8', done));
  }

  stat(): Promise<FileIdentity> {
    return this.#call((number, done) => fstat(number, { bigint: true }, done));
  }

  chmod(mode: number): Promise<void> {
    return this.#call((number, done) => fchmod(number, mode, done));
  }

  sync(): Promise<void> {
    return this.#call((number, done) => fsync(number, done));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#underWay > 0) await this.#idle.promise;
    await called<void>((done) => close(this.#number, done));
  }

  async #call<T>(call: (number: number, done: Done<T>) => void): Promise<T> {
    if (this.#isClosed) throw new Error('the file was closed');
    this.#underWay += 1;
    try {
      return await called<T>((done) => call(this.#number, done));
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0 && this.#isClosed) this.#idle.resolve();
    }
  }
}

type Done<T> = (error: NodeJS.ErrnoException | null, value?: T) => void;

function called<T>(call: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error === null || error === undefined) resolve(value as T);
      else reject(error);
    });
  });
}

async function readWhole(file: OpenedFile, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  for (let done = 0; done < size;) {
    const more = await file.read(bytes.subarray(done), done);
    if (more === 0) return bytes.subarray(0, done);
    done += more;
  }
  return bytes;
}

/** By descriptor: a FileHandle of node:fs/promises costs more than all three calls (76 → 29 µs of CPU for each file). */
function revisit(path: string): Promise<FileIdentity> {
  return new Promise((resolve, reject) => {
    openDescriptor(path, 'r', (refused, descriptor) => {
      if (refused !== null) return reject(refused);
      fstat(descriptor, { bigint: true }, (unknown, identity) => {
        close(descriptor, (unclosed) => {
          const error = unknown ?? unclosed ?? null;
          if (error === null) resolve(identity);
          else reject(error);
        });
      });
    });
  });
}

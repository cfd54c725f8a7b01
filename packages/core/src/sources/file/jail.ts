/**
 * Opens files below the root and nothing else. A path is checked twice: by resolving every symbolic link before the
 * open, and by asking the kernel afterwards which file the descriptor really is. The second check is what catches a
 * directory swapped for a link between check and open.
 */
import { constants } from 'node:fs';
import { open, opendir, readlink, realpath, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { ParqueueError } from '../../model/errors.ts';
import { readError } from './disk-error.ts';

/** What tells one state of a file from another without reading it; decimal text, since the numbers are 64 bits. */
export interface FileStat {
  readonly dev: string;
  readonly ino: string;
  readonly size: string;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
}

export interface JailedFile extends AsyncDisposable {
  readonly handle: FileHandle;
  readonly stat: FileStat;
  /** Where it really lies, all links resolved. */
  readonly realPath: string;
  readonly bytes: number;
}

/** A file that was opened for somebody who may never come for it. */
export class Handed implements AsyncDisposable {
  #file: JailedFile | null;

  constructor(file: JailedFile) {
    this.#file = file;
  }

  /** @returns it once: whoever has it closes it; null from then on */
  take(): JailedFile | null {
    const file = this.#file;
    this.#file = null;
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.take()?.[Symbol.asyncDispose]();
  }
}

/** @throws ParqueueError PQ_INVALID_REQUEST where the path is not plain: relative, '/' separated, without '..'. */
export function assertPlainPath(path: string): void {
  const parts = path.split('/');
  if (
    path === ''
    || path.includes('\0')
    || path.includes('\\')
    || parts.some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw new ParqueueError(
      'PQ_INVALID_REQUEST',
      "the path must be relative to the source's root, with '/' between names and without '.', '..' or empty ones",
    );
  }
}

export async function openJailed(root: string, path: string): Promise<JailedFile> {
  assertPlainPath(path);
  const realRoot = await rootOf(root);
  try {
    return await openInside(realRoot, path, () => movedOrOutside(root, path));
  } catch (error) {
    throw readError(error, path);
  }
}

async function rootOf(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (error) {
    throw new ParqueueError(
      'PQ_SOURCE_UNAVAILABLE',
      "the source's root folder cannot be opened: is its filesystem mounted?",
      { cause: error },
    );
  }
}

/** @param refusal of a file that lies outside, although its path did not lead there a moment before */
async function openInside(realRoot: string, path: string, refusal: () => Promise<ParqueueError>): Promise<JailedFile> {
  const asked = join(realRoot, path);
  // An NFS client believes its cached directory for up to a minute; opening it makes the client ask the server.
  const directory = await opendir(dirname(asked));
  const [resolved] = await Promise.all([realpath(asked), directory.close()]);
  if (!isInside(realRoot, resolved)) throw outside(path);
  // O_NONBLOCK: opening a pipe must not wait for a writer. O_NOFOLLOW: the last name was resolved already.
  const handle = await open(resolved, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const [status, opened] = await Promise.all([handle.stat({ bigint: true }), pathOfDescriptor(handle, resolved)]);
    if (!status.isFile()) throw new ParqueueError('PQ_SOURCE_REJECTED', `${path} is not a regular file`);
    if (!isInside(realRoot, opened)) throw await refusal();
    return {
      handle,
      realPath: resolved,
      stat: statOf(status),
      bytes: Number(status.size),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The state of the open file now. */
export async function restat(handle: FileHandle): Promise<FileStat> {
  return statOf(await handle.stat({ bigint: true }));
}

export function sameStat(a: FileStat, b: FileStat): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}

/**
 * Linux names the file of a descriptor in /proc, so that a swapped parent shows. Elsewhere the path is resolved once
 * more and must still name the very file that was opened.
 */
async function pathOfDescriptor(handle: FileHandle, resolved: string): Promise<string> {
  if (process.platform === 'linux') {
    // A file renamed over while open reads "… (deleted)": its folder still tells where it was opened.
    return readlink(`/proc/self/fd/${handle.fd}`);
  }
  const again = await realpath(resolved);
  const [opened, named] = [await handle.stat({ bigint: true }), await stat(again, { bigint: true })];
  if (opened.dev !== named.dev || opened.ino !== named.ino) {
    throw new ParqueueError('PQ_SOURCE_UNSTABLE', 'the file was replaced while it was opened; ask again');
  }
  return again;
}

function isInside(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

/** The root itself may have been moved away while the file was opened, by whoever remounts or replaces it: no link then. */
async function movedOrOutside(root: string, path: string): Promise<ParqueueError> {
  const realRoot = await rootOf(root);
  return isInside(realRoot, await realpath(join(realRoot, path)))
    ? new ParqueueError('PQ_SOURCE_UNSTABLE', `${path} was moved while it was opened; ask again`)
    : outside(path);
}

function outside(path: string): ParqueueError {
  return new ParqueueError('PQ_SOURCE_REJECTED', `${path} leads out of the source's root through a symbolic link`);
}

function statOf(status: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint }): FileStat {
  const { dev, ino, size, mtimeNs, ctimeNs } = status;
  return { dev: String(dev), ino: String(ino), size: String(size), mtimeNs: String(mtimeNs), ctimeNs: String(ctimeNs) };
}

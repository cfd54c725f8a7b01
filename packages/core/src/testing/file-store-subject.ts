/** A store in a directory of its own for one test, with faults to arm below it and ways to spoil what it holds. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { nodeFiles } from '../store/files.ts';
import { openStore, type FileStore } from '../store/open-store.ts';
import { FaultyFiles } from './faulty-files.ts';
import type { Corruption } from './memory-store.ts';
import type { StoreSubject } from './store-contract.ts';

export interface FileStoreSubject extends StoreSubject, FileStore {
  readonly files: FaultyFiles;
  /** The same root as another process sees it: nothing shared but the disk. */
  another(): Promise<FileStore>;
}

export async function openFileStoreSubject(root?: string): Promise<FileStoreSubject> {
  const own = root ?? (await mkdtemp(join(tmpdir(), 'parqueue-store-')));
  const files = new FaultyFiles(nodeFiles);
  const store = await openStore({ root: own, fileMode: 0o640, files });
  const part = (key: string, fence: number): string => store.reader.partPath(key, fence).absolute;
  const manifest = (key: string, fence: number): string => join(dirname(part(key, fence)), 'manifest.json');
  return {
    ...store,
    files,
    another: () => openStore({ root: own, fileMode: 0o640 }),
    writePart: (path, text) => writeFile(path, text),
    corruptPart: (key, fence, how) => spoil(part(key, fence), how),
    dropPart: (key, fence) => rm(part(key, fence)),
    dropManifest: (key, fence) => rm(manifest(key, fence)),
    async corruptManifest(key, fence) {
      const path = manifest(key, fence);
      await writeFile(path, (await readFile(path, 'utf8')).replace('"rows":', '"rows":1'));
    },
    async [Symbol.asyncDispose]() {
      if (root === undefined) await rm(own, { recursive: true, force: true });
    },
  };
}

async function spoil(path: string, how: Corruption): Promise<void> {
  const { atime, mtime } = await stat(path);
  const bytes = await readFile(path);
  const spoilt = {
    truncate: bytes.subarray(0, bytes.length >> 1),
    rewrite: flipped(bytes),
    flip: flipped(bytes),
    touch: bytes,
  }[how];
  const beside = `${path}.spoilt`;
  await writeFile(beside, spoilt);
  // Node sets times as doubles and loses nanoseconds; touch -r does not. Any other time is an hour away from the
  // sealed one, so that no test depends on how finely the filesystem stamps.
  if (how === 'flip') await promisify(execFile)('touch', ['-r', path, beside]);
  else await utimes(beside, atime, new Date(mtime.getTime() + 3_600_000));
  await rename(beside, path);
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
}

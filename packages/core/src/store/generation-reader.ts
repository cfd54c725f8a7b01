/**
 * Judges generations by their files (I5, I12): nothing torn, swapped or decayed may pass as whole. The cheap check
 * reads the manifest, once per process and file, and opens the part each time; hashing it is for `verify` and for a part
 * whose time is not the sealed one, as after a restore from backup, and then once per process and file.
 *
 * Who asks for a cheap check while one of the same generation is under way shares the next one with all who do: it began
 * after they asked, which is all that a look of their own would have told them (ADR 0047).
 */
import { createHash } from 'node:crypto';
import { PART_NAME, decodeManifest, type Manifest } from '../model/manifest.ts';
import { SharedLooks } from '../model/shared-look.ts';
import type { Tick } from '../model/ticks.ts';
import type { GenerationReader, Inspection, VerifyWatch } from '../ports/store.ts';
import type { Disk } from './disk.ts';
import type { FileIdentity, OpenedFile } from './files.ts';
import { MANIFEST_NAME, generationDirectory, generationPart } from './layout.ts';
import { RememberedManifests, isSameFile, type RememberedManifest } from './remembered-manifests.ts';

/** One read call per MiB: larger gains nothing against SHA-256's own speed. */
const HASH_BUFFER_BYTES = 1024 * 1024;
/** Read in one call with opening, asking and closing; what is larger, a MiB at a time. */
const SMALL_BYTES_MAX = 64 * 1024;
/** Hashes remembered per process: beyond it the oldest is forgotten and would be taken again. */
const REMEMBERED_HASHES_MAX = 10_000;

export function generationReader(disk: Disk, storeId: string): GenerationReader {
  const judge: Judge = { disk, storeId, hashes: new RememberedHashes(), manifests: new RememberedManifests() };
  const looks = new SharedLooks<Inspection>();
  return {
    async inspect(key, fence) {
      const directory = generationDirectory(key, fence);
      return await looks.take(directory, () => glanceAt(judge, { key, fence, directory }));
    },
    async verify(key, fence, watch) {
      const directory = generationDirectory(key, fence);
      judge.manifests.forget(directory);
      return await judgeFiles(judge, { key, fence, directory }, watch ?? UNWATCHED);
    },
    distrust: (key, fence) => disk.setTimeToZero(generationPart(key, fence)),
    partPath(key, fence) {
      const relative = generationPart(key, fence);
      return { relative, absolute: disk.absolute(relative) };
    },
  };
}

/** A full check, or a hash only where the part has another time than the sealed one. */
type Hashing = VerifyWatch | 'when-touched';

const UNWATCHED: VerifyWatch = { signal: new AbortController().signal, onBytes: () => undefined };

interface Judge {
  readonly disk: Disk;
  readonly storeId: string;
  readonly hashes: RememberedHashes;
  readonly manifests: RememberedManifests;
}

interface Generation {
  readonly key: string;
  readonly fence: Tick;
  readonly directory: string;
}

/** Where both files are as they were when they were found whole, that is all there is to know; else everything is read. */
async function glanceAt(judge: Judge, generation: Generation): Promise<Inspection> {
  const { disk, manifests } = judge;
  const { directory } = generation;
  const known = manifests.recall(directory);
  if (known !== null) {
    const { manifest, identity } = known;
    const [told, part] = await Promise.all([
      disk.identityOf(`${directory}/${MANIFEST_NAME}`),
      disk.revisit(`${directory}/${PART_NAME}`),
    ]);
    const isAsItWas = told !== null && isSameFile(told, identity);
    if (isAsItWas && part !== null && isAsSealed(part, manifest)) return { kind: 'whole', manifest };
    manifests.forget(directory);
  }
  return await judgeFiles(judge, generation, 'when-touched');
}

async function judgeFiles(judge: Judge, generation: Generation, hash: Hashing): Promise<Inspection> {
  const { disk, manifests } = judge;
  const { directory } = generation;
  const read = await readManifest(judge, generation);
  if ('kind' in read) return read;
  const { manifest } = read;
  const verdict = await judgePart(judge, generation, { manifest, hash });
  // A full check goes through all there is, once: what is asked for every second is not to make room for that.
  if (verdict?.kind === 'whole' && hash === 'when-touched') manifests.keep(directory, read);
  return verdict ?? absentOr(disk, directory, 'the part is missing');
}

/** null: it is not there. */
async function judgePart(
  { disk, hashes }: Judge,
  { key, fence, directory }: Generation,
  { manifest, hash }: { readonly manifest: Manifest; readonly hash: Hashing },
): Promise<Inspection | null> {
  const path = `${directory}/${PART_NAME}`;
  const judged = async (identity: FileIdentity, take: () => Promise<string> | string): Promise<Inspection> => {
    if (Number(identity.size) !== manifest.part.bytes)
      return damaged(`the part has ${identity.size} bytes, its manifest says ${manifest.part.bytes}`);
    return (await take()) === manifest.part.sha256
      ? { kind: 'whole', manifest }
      : damaged('the part does not match its hash');
  };
  if (hash === 'when-touched') {
    const told = await disk.find(path, 'read', (absolute) => disk.files.revisit(absolute));
    if (told === null) return null;
    if (isAsSealed(told, manifest)) return { kind: 'whole', manifest };
  } else {
    const small = await disk.find(path, 'read', (absolute) => disk.files.readSmall(absolute, SMALL_BYTES_MAX));
    if (small === null) return null;
    const { identity, bytes } = small;
    if (bytes !== null) return await judged(identity, () => sha256OfBytes(bytes, hash));
  }
  return await disk.read(path, async (file) => {
    const identity = await file.stat();
    if (hash !== 'when-touched') return await judged(identity, () => sha256Of(file, hash));
    return await judged(identity, () => hashes.of(`${key}/${fence}`, identity, () => sha256Of(file, UNWATCHED)));
  });
}

async function readManifest(
  { disk, storeId }: Judge,
  { key, fence, directory }: Generation,
): Promise<RememberedManifest | Inspection> {
  const file = await readText(disk, `${directory}/${MANIFEST_NAME}`);
  if (file === null) return absentOr(disk, directory, 'the manifest is missing');
  const reading = decodeManifest(file.text);
  if (!reading.ok) return damaged(reading.reason);
  const { manifest } = reading;
  const wrong = mismatch(manifest, { storeId, key, fence });
  return wrong === null ? { identity: file.identity, manifest, bytes: file.text.length } : damaged(wrong);
}

async function readText(
  disk: Disk,
  path: string,
): Promise<{ readonly identity: FileIdentity; readonly text: string } | null> {
  const small = await disk.find(path, 'read', (absolute) => disk.files.readSmall(absolute, SMALL_BYTES_MAX));
  if (small === null) return null;
  const { identity, bytes } = small;
  if (bytes !== null) return { identity, text: bytes.toString('utf8') };
  return await disk.read(path, async (file) => ({ identity: await file.stat(), text: await file.readText() }));
}

function isAsSealed({ size, mtimeNs }: FileIdentity, { part }: Manifest): boolean {
  return Number(size) === part.bytes && String(mtimeNs) === part.mtimeNs;
}

function mismatch(
  manifest: Manifest,
  expected: { readonly storeId: string; readonly key: string; readonly fence: Tick },
): string | null {
  if (manifest.storeId !== expected.storeId) return 'the manifest is of another store';
  if (manifest.key !== expected.key) return 'the manifest is of another key';
  if (manifest.fence !== expected.fence) return 'the manifest is of another fence';
  return null;
}

/**
 * A file may be missing because gc moved the whole directory away between two of our steps: that is a generation
 * that is gone, not one that is damaged. The directory's name decides, asked for afresh.
 */
async function absentOr(disk: Disk, directory: string, reason: string): Promise<Inspection> {
  const there = await disk.find(directory, 'opendir', async (absolute) => {
    await disk.files.revalidate(absolute);
    return true;
  });
  return there === null ? { kind: 'absent' } : damaged(reason);
}

function damaged(reason: string): Inspection {
  return { kind: 'damaged', reason };
}

async function sha256Of(file: OpenedFile, { signal, onBytes }: VerifyWatch): Promise<string> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(HASH_BUFFER_BYTES);
  for (let position = 0; ;) {
    const bytes = await file.read(buffer, position);
    if (bytes === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytes));
    position += bytes;
    onBytes(bytes);
    signal.throwIfAborted();
  }
}

function sha256OfBytes(bytes: Uint8Array, { signal, onBytes }: VerifyWatch): string {
  onBytes(bytes.length);
  signal.throwIfAborted();
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Keyed by generation and by the file's identity, ctime included, which nobody can set back: a file that changes
 * again is hashed again. Readers who come while a hash is being taken wait for that one.
 */
class RememberedHashes {
  readonly #hashes = new Map<string, Promise<string>>();

  async of(generation: string, identity: FileIdentity, take: () => Promise<string>): Promise<string> {
    const { dev, ino, size, mtimeNs, ctimeNs } = identity;
    const name = [generation, dev, ino, size, mtimeNs, ctimeNs].join(':');
    const known = this.#hashes.get(name);
    if (known !== undefined) return known;
    const taking = take();
    this.#hashes.set(name, taking);
    for (const oldest of this.#hashes.keys()) {
      if (this.#hashes.size <= REMEMBERED_HASHES_MAX) break;
      this.#hashes.delete(oldest);
    }
    try {
      return await taking;
    } catch (error) {
      // Everybody who waited fails with it; the next one tries afresh.
      this.#hashes.delete(name);
      throw error;
    }
  }
}

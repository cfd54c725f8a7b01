/**
 * Opens a store: gives a new root its identity, refuses one it does not understand, and hands out the adapters of the
 * store's ports. The identity keeps Redis and the store together: a Redis that served another store is not believed.
 */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { ParqueueError } from '../model/errors.ts';
import type { RandomId } from '../ports/clock.ts';
import type { EpochStore } from '../ports/epochs.ts';
import type {
  GenerationReader,
  GenerationWriter,
  KeyDirectories,
  PartReader,
  StoreMarks,
  StoreSpace,
} from '../ports/store.ts';
import { boundedFiles } from './bounded-files.ts';
import { StoreCalls, type StoreCallOptions } from './calls.ts';
import { Disk } from './disk.ts';
import { epochClaims } from './epoch-claims.ts';
import { nodeFiles, type Files } from './files.ts';
import { encodeIdentity, NEEDS, readIdentity, STORE_FORMAT, type StoreIdentity } from './format.ts';
import { generationReader } from './generation-reader.ts';
import { generationWriter } from './generation-writer.ts';
import { keyDirectories } from './key-directories.ts';
import { KeyFolders } from './key-folders.ts';
import { ENTRIES, IDENTITY_FILE, TOP_DIRECTORIES, TRASH } from './layout.ts';
import { storeMarks } from './marks.ts';
import { migrateStore, sweepClaims, type Migration, type MigrationProgress } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { partReader } from './part-reader.ts';
import { refusal } from './refusals.ts';
import { storeSpace } from './space.ts';
import { Trash } from './trash.ts';

export interface OpenStoreOptions {
  /** Made if it does not exist; everything else below it is the store's own. */
  readonly root: string;
  /** Mode of every file, e.g. 0o640; directories get the matching search bits. */
  readonly fileMode: number;
  readonly files?: Files;
  readonly randomId?: RandomId;
  /** How many calls to the filesystem there may be at once, and how long one is waited for; or who bounds them already. */
  readonly calls?: Partial<StoreCallOptions> | StoreCalls;
  /** What becomes of a store of an older format: it is brought up to this release's (default), or not opened. */
  readonly older?: 'migrate' | 'refuse';
  /** What becomes of a root that is no store yet: it is made one (default), or not opened. */
  readonly absent?: 'make' | 'refuse';
  /** Hears how far a migration is, however far that is. */
  readonly onMigration?: (progress: MigrationProgress) => void;
  /** For tests: the steps there are, how waiting for another process's migration is done, and time. */
  readonly migrations?: readonly Migration[];
  readonly sleep?: (ms: number) => Promise<void>;
  /** Monotonic. */
  readonly now?: () => number;
}

export interface FileStore {
  readonly root: string;
  readonly storeId: string;
  readonly writer: GenerationWriter;
  readonly reader: GenerationReader;
  readonly parts: PartReader;
  readonly directories: KeyDirectories;
  readonly marks: StoreMarks;
  readonly space: StoreSpace;
  readonly epochs: EpochStore;
  /** What the filesystem owes an answer to. */
  readonly calls: Pick<StoreCalls, 'stuck' | 'waiting' | 'run'>;
}

/** @throws ParqueueError PQ_CONFIG where the root is not a store this release can use; PQ_STORE_IO, PQ_STORE_FULL. */
export async function openStore(options: OpenStoreOptions): Promise<FileStore> {
  const root = resolve(options.root);
  const calls = options.calls instanceof StoreCalls ? options.calls : new StoreCalls(options.calls);
  const files = boundedFiles(options.files ?? nodeFiles, calls);
  const disk = new Disk({ root, files, fileMode: options.fileMode, randomId: options.randomId ?? randomHex });
  if (options.absent !== 'refuse') await makeRoot(disk);
  const { storeId } = await currentIdentity(disk, options);
  for (const directory of TOP_DIRECTORIES) await disk.makeDirectory(directory);
  await disk.syncDirectory('');
  const folders = new KeyFolders(disk);
  const trash = new Trash(disk);
  return {
    root,
    storeId,
    writer: generationWriter({ disk, folders, trash, storeId }),
    reader: generationReader(disk, storeId),
    parts: partReader(disk),
    directories: keyDirectories({ disk, folders, trash }),
    marks: storeMarks(disk, folders),
    space: storeSpace(disk),
    epochs: epochClaims(disk, storeId),
    calls,
  };
}

/** Looks, and changes nothing. @returns null where no store is. @throws ParqueueError PQ_CONFIG, PQ_STORE_IO */
export async function readStoreIdentity(root: string): Promise<StoreIdentity | null> {
  return await readIdentity(new Disk({ root: resolve(root), files: nodeFiles, fileMode: 0o640, randomId: randomHex }));
}

/** The store's identity, given to a new root; when it returns, the store is of this release's format or a later one. */
async function currentIdentity(
  disk: Disk,
  {
    migrations = MIGRATIONS,
    older = 'migrate',
    absent = 'make',
    onMigration = () => undefined,
    sleep = pause,
    now = () => performance.now(),
  }: OpenStoreOptions,
): Promise<StoreIdentity> {
  const newest = Math.max(STORE_FORMAT, ...migrations.map(({ to }) => to));
  const known = await readIdentity(disk, newest);
  if (known === null && absent === 'refuse') {
    throw new ParqueueError(
      'PQ_CONFIG',
      `there is no store at ${disk.root}: is its filesystem mounted? Where it is right that there is none yet, start a server`,
    );
  }
  const found = known ?? (await giveIdentity(disk));
  if (found.storeFormat >= newest) {
    if (older === 'migrate') await sweepClaims(disk, found);
    return found;
  }
  if (older === 'refuse') {
    throw new ParqueueError(
      'PQ_CONFIG',
      `the store has the older format ${found.storeFormat}: start a server of this release once, which brings it to format ${newest}`,
    );
  }
  await migrateStore({ disk, migrations, from: found, onProgress: onMigration, sleep, now });
  return found;
}

async function makeRoot(disk: Disk): Promise<void> {
  try {
    await disk.files.mkdir(disk.root, { mode: 0o777, recursive: true });
  } catch (error) {
    throw refusal('mkdir', 'the root', error);
  }
}

/**
 * Two processes may open a new root at once. Each writes an identity aside and links it to the one name: link refuses
 * an existing name, so one wins whole, with its text durable before it can be seen. Whoever lost, or cannot tell
 * because the reply got lost, reads what is there.
 */
async function giveIdentity(disk: Disk): Promise<StoreIdentity> {
  if (await hasEntries(disk)) {
    throw new ParqueueError(
      'PQ_CONFIG',
      `store.root has ${ENTRIES}/ but no ${IDENTITY_FILE}: is the right filesystem mounted? `
        + `Restore ${IDENTITY_FILE}, or point store.root at an empty directory`,
    );
  }
  await disk.makeDirectory(TRASH);
  const temporary = disk.temporaryPath();
  const own = { storeFormat: STORE_FORMAT, needs: NEEDS, storeId: disk.randomId() };
  await disk.writeNew(temporary, encodeIdentity(own));
  const refused = await linkRefusal(disk, temporary);
  const given = await readIdentity(disk);
  if (given === null) {
    throw (
      refused
      ?? new ParqueueError(
        'PQ_STORE_IO',
        `${IDENTITY_FILE} was written and is not there: look at the mount of store.root`,
      )
    );
  }
  await disk.remove(temporary);
  return given;
}

async function linkRefusal(disk: Disk, temporary: string): Promise<unknown> {
  try {
    await disk.files.link(disk.absolute(temporary), disk.absolute(IDENTITY_FILE));
    return null;
  } catch (error) {
    return refusal('link', IDENTITY_FILE, error);
  }
}

/** A new root, or a mount that shows nothing of the store it is meant to show. */
async function hasEntries(disk: Disk): Promise<boolean> {
  try {
    const names = await disk.files.readdir(disk.root);
    return names.includes(ENTRIES) && !names.includes(IDENTITY_FILE);
  } catch (error) {
    throw refusal('readdir', 'the root', error);
  }
}

const pause = (ms: number): Promise<void> => sleepFor(ms);

function randomHex(): string {
  return randomBytes(16).toString('hex');
}

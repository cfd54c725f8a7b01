/**
 * Opens a store: gives a new root its identity, refuses one it does not understand, and hands out the adapters of the
 * store's ports. The identity keeps Redis and the store together: a Redis that served another store is not believed.
 */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import * as z from 'zod';
import { ParqueueError } from '../model/errors.ts';
import type { RandomId } from '../ports/clock.ts';
import type { EpochStore } from '../ports/epochs.ts';
import type { GenerationReader, GenerationWriter, KeyDirectories, PartReader, StoreMarks } from '../ports/store.ts';
import { Disk } from './disk.ts';
import { epochClaims } from './epoch-claims.ts';
import { nodeFiles, type Files } from './files.ts';
import { generationReader } from './generation-reader.ts';
import { generationWriter } from './generation-writer.ts';
import { keyDirectories } from './key-directories.ts';
import { KeyFolders } from './key-folders.ts';
import { ENTRIES, IDENTITY_FILE, TOP_DIRECTORIES, TRASH } from './layout.ts';
import { storeMarks } from './marks.ts';
import { partReader } from './part-reader.ts';
import { refusal } from './refusals.ts';
import { Trash } from './trash.ts';

export const STORE_FORMAT = 1;

export interface OpenStoreOptions {
  /** Made if it does not exist; everything else below it is the store's own. */
  readonly root: string;
  /** Mode of every file, e.g. 0o640; directories get the matching search bits. */
  readonly fileMode: number;
  readonly files?: Files;
  readonly randomId?: RandomId;
}

export interface FileStore {
  readonly root: string;
  readonly storeId: string;
  readonly writer: GenerationWriter;
  readonly reader: GenerationReader;
  readonly parts: PartReader;
  readonly directories: KeyDirectories;
  readonly marks: StoreMarks;
  readonly epochs: EpochStore;
}

/** @throws ParqueueError PQ_CONFIG where the root is not a store this release can use; PQ_STORE_IO, PQ_STORE_FULL. */
export async function openStore(options: OpenStoreOptions): Promise<FileStore> {
  const root = resolve(options.root);
  const files = options.files ?? nodeFiles;
  const disk = new Disk({ root, files, fileMode: options.fileMode, randomId: options.randomId ?? randomHex });
  await makeRoot(disk);
  const storeId = (await readIdentity(disk)) ?? (await giveIdentity(disk));
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
    epochs: epochClaims(disk, storeId),
  };
}

async function makeRoot(disk: Disk): Promise<void> {
  try {
    await disk.files.mkdir(disk.root, { mode: 0o777, recursive: true });
  } catch (error) {
    throw refusal('mkdir', 'the root', error);
  }
}

const formatSchema = z.object({ storeFormat: z.number().int() });
const identitySchema = formatSchema.extend({ storeId: z.string().regex(/^[0-9a-f]{32}$/) });

async function readIdentity(disk: Disk): Promise<string | null> {
  const text = await disk.readText(IDENTITY_FILE);
  if (text === null) return null;
  const json = jsonOrNull(text);
  // The format is judged first: a later one may write all else differently.
  const storeFormat = formatSchema.safeParse(json).data?.storeFormat;
  if (storeFormat !== undefined && storeFormat !== STORE_FORMAT) {
    throw new ParqueueError(
      'PQ_CONFIG',
      `the store has format ${storeFormat}, this release of Parqueue understands format ${STORE_FORMAT}: `
        + 'run the release that wrote it, or point store.root at another directory',
    );
  }
  const identity = identitySchema.safeParse(json);
  if (identity.success) return identity.data.storeId;
  throw new ParqueueError(
    'PQ_CONFIG',
    `${IDENTITY_FILE} in store.root is not readable as a store's identity: `
      + 'restore it from a backup, or point store.root at another directory',
  );
}

/**
 * Two processes may open a new root at once. Each writes an identity aside and links it to the one name: link refuses
 * an existing name, so one wins whole, with its text durable before it can be seen. Whoever lost, or cannot tell
 * because the reply got lost, reads what is there.
 */
async function giveIdentity(disk: Disk): Promise<string> {
  if (await hasEntries(disk)) {
    throw new ParqueueError(
      'PQ_CONFIG',
      `store.root has ${ENTRIES}/ but no ${IDENTITY_FILE}: is the right filesystem mounted? `
        + `Restore ${IDENTITY_FILE}, or point store.root at an empty directory`,
    );
  }
  await disk.makeDirectory(TRASH);
  const temporary = disk.temporaryPath();
  await disk.writeNew(temporary, `${JSON.stringify({ storeFormat: STORE_FORMAT, storeId: disk.randomId() })}\n`);
  const refused = await linkRefusal(disk, temporary);
  const storeId = await readIdentity(disk);
  if (storeId === null) {
    throw (
      refused
      ?? new ParqueueError(
        'PQ_STORE_IO',
        `${IDENTITY_FILE} was written and is not there: look at the mount of store.root`,
      )
    );
  }
  await disk.remove(temporary);
  return storeId;
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

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function randomHex(): string {
  return randomBytes(16).toString('hex');
}

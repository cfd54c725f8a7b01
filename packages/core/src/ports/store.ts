/**
 * The store keeps generations on a shared filesystem. What is published never changes (I5); what is committed was
 * durable before (I4). All methods throw ParqueueError PQ_STORE_IO or PQ_STORE_FULL for what the filesystem refuses.
 */
import type { Manifest } from '../model/manifest.ts';
import type { Space } from '../model/retention.ts';
import type { Tick } from '../model/ticks.ts';
import type { Mark, MarkTarget } from './coordination.ts';

export interface Staging {
  readonly key: string;
  readonly fence: Tick;
  readonly fillId: string;
  /** Where the source writes the part. The file does not exist yet. */
  readonly partPath: string;
}

/** The sealed part as the filesystem reports it after fsync. */
export interface SealedPart {
  readonly bytes: number;
  readonly mtimeNs: string;
}

export interface GenerationWriter {
  readonly storeId: string;
  /** Makes the staging directory (and the key's), fails if it exists. Before the snapshot is opened: marks rely on it. */
  stage(key: string, fence: Tick, fillId: string): Promise<Staging>;
  /** fsyncs the part. */
  seal(staging: Staging): Promise<SealedPart>;
  /** Writes and fsyncs the manifest and the staging directory. */
  describe(staging: Staging, manifest: Manifest): Promise<void>;
  /** One rename to `g<fence>`, then fsync of the key directory. A failed rename is settled by the fillId in what is there. */
  publish(staging: Staging): Promise<void>;
  /** Moves the staging directory to trash and removes it; nothing happens where it is gone. */
  discard(staging: Pick<Staging, 'key' | 'fence' | 'fillId'>): Promise<void>;
}

/** A generation as its files tell. `whole`: manifest sound, part of the right size and untouched since it was sealed. */
export type Inspection =
  | { readonly kind: 'whole'; readonly manifest: Manifest }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'absent' };

export interface StagingRef {
  readonly key: string;
  readonly fence: Tick;
  readonly fillId: string;
}

export interface KeyListing {
  readonly generations: readonly Tick[];
  readonly staging: readonly StagingRef[];
}

/** A full check of a large part takes minutes. */
export interface VerifyWatch {
  readonly signal: AbortSignal;
  /** Called with the number of bytes just read, as they are. */
  readonly onBytes: (bytes: number) => void;
}

export interface GenerationReader {
  /** Cheap check of one generation: manifest digest, size and time of the part; a full hash only when the time differs. */
  inspect(key: string, fence: Tick): Promise<Inspection>;
  /** Full check: SHA-256 of the part against the manifest. */
  verify(key: string, fence: Tick, watch?: VerifyWatch): Promise<Inspection>;
  /**
   * After a full check found a part damaged that the cheap one takes for whole: gives it a time that no manifest names.
   * From then on the cheap check hashes it, in every process and whatever Redis forgets, and finds the same.
   */
  distrust(key: string, fence: Tick): Promise<void>;
  /** Path of the part, relative to the store's root and absolute on this host. */
  partPath(key: string, fence: Tick): { readonly relative: string; readonly absolute: string };
}

/** A part that was opened, with its beginning read. */
export interface OpenedPart extends AsyncDisposable {
  /** Size of the file. */
  readonly bytes: number;
  /** The beginning of what is wanted; shorter than asked for only at the end of the file. */
  readonly first: Uint8Array;
  /** Fills the buffer from `position`. @returns bytes read, fewer only at the end of the file. Rejects with Node's errors. */
  read(buffer: Uint8Array, position: number): Promise<number>;
}

export interface PartReader {
  /**
   * Opens the part and fills `into` from `start`, which `first` then is. A name this host remembers as absent, or a handle that went
   * stale, is looked up afresh first. Where it rejects, a read that was given up may still write there.
   * @returns null where there is no such file
   */
  open(
    key: string,
    fence: Tick,
    wanted: { readonly start: number; readonly into: Uint8Array },
  ): Promise<OpenedPart | null>;
}

export interface KeyDirectories {
  /** Makes the key's directories, then lists them afresh (NFS clients remember what was not there). */
  list(key: string): Promise<KeyListing>;
  /**
   * `list` and the key's mark (`StoreMarks.readMark`) in fewer calls: what the mark's names came to after what is listed.
   * `wasSeen`: the key's directory was among `keys` a moment ago, and is made only where it has gone since.
   */
  listWithMark(key: string, told: { readonly wasSeen: boolean }): Promise<KeyListing & { readonly mark: Mark | null }>;
  /** As this host remembers them, which may be a minute old: two calls to the filesystem where `list` takes eight. */
  glance(key: string): Promise<KeyListing>;
  /** Keys of one shard (two hex digits) that have a directory. */
  keys(shard: string): Promise<readonly string[]>;
  /**
   * Removes the key's directory where it holds nothing but marks, which then forbid nothing any more; else, and where a fill
   * begins in it meanwhile, it stays. @returns whether it went
   */
  removeEmpty(key: string): Promise<boolean>;
  moveToTrash(ref: { readonly key: string; readonly fence: Tick } | StagingRef): Promise<void>;
  /** Removes what is in trash. @returns how many directories went. */
  emptyTrash(): Promise<number>;
}

/** How much room there is, and what things take. */
export interface StoreSpace {
  free(): Promise<Space>;
  /** What the fill has written so far; 0 where nothing is. */
  stagedBytes(staging: StagingRef): Promise<number>;
  /** The part's size; 0 where it is not there. */
  generationBytes(ref: { readonly key: string; readonly fence: Tick }): Promise<number>;
}

/** head.json: a hint for path readers and degraded reading, replaced by rename. */
export interface HeadFile {
  readonly key: string;
  readonly fence: Tick;
  readonly version: string;
  readonly sha256: string;
  readonly verified: Tick;
  readonly verifiedAtMs: number;
}

export interface StoreMarks {
  readHead(key: string): Promise<HeadFile | null>;
  writeHead(head: HeadFile): Promise<void>;
  /** Removes head.json if it still names that generation. */
  clearHead(key: string, fence: Tick): Promise<void>;
  readMark(key: string): Promise<Mark | null>;
  /** Of keys and scopes, those that have one, listed afresh: whatever was acknowledged before the call is in it. */
  readMarks(targets: readonly MarkTarget[]): Promise<readonly Mark[]>;
  /** Raises the mark durably (fsync of file and directory) before it returns; key or scope. */
  raiseMark(mark: Mark): Promise<void>;
}

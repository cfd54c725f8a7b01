/**
 * The store's ports in memory, for use cases run under a simulated scheduler (I4, I5, I6). It keeps what the disk
 * would show to other hosts and nothing else: an operation awaits `beforeOperation`, then happens in one step. All
 * interleavings are therefore the scheduler's choice; there is no timer, no clock and no randomness in here.
 */
import { shardOf } from '../model/cache-key.ts';
import { assertInvariant } from '../model/errors.ts';
import { generationName } from '../model/generation.ts';
import { PART_NAME, encodeManifest } from '../model/manifest.ts';
import type { Tick } from '../model/ticks.ts';
import type { Mark } from '../ports/coordination.ts';
import type { EpochStore } from '../ports/epochs.ts';
import type {
  GenerationReader,
  GenerationWriter,
  KeyDirectories,
  Staging,
  StagingRef,
  StoreMarks,
  StoreSpace,
} from '../ports/store.ts';
import {
  gone,
  judgeMemory,
  listingOf,
  manifestOf,
  memoryPartSha256,
  partText,
  refOf,
  refused,
  stagingName,
  stagingPartPath,
  type Corruption,
  type MemoryDirectory,
  type MemoryKey,
} from './memory-directory.ts';
import type { BeforeOperation, MemoryOperation } from './memory-operations.ts';
import { memorySpace } from './memory-space.ts';

export type { BeforeOperation, MemoryOperation } from './memory-operations.ts';
export { memoryPartSha256, type Corruption, type MemoryDirectory, type MemoryPart } from './memory-directory.ts';

export interface MemoryStoreOptions {
  readonly storeId: string;
  readonly beforeOperation?: BeforeOperation;
}

export class MemoryStore {
  readonly storeId: string;
  readonly writer: GenerationWriter;
  readonly reader: GenerationReader;
  readonly directories: KeyDirectories;
  readonly marks: StoreMarks;
  readonly space: StoreSpace;
  readonly epochs: EpochStore;
  beforeOperation: BeforeOperation | null;
  /** Of the filesystem. */
  capacityBytes = Number.MAX_SAFE_INTEGER;
  /** What emptyTrash has not removed yet, oldest first. */
  readonly trash: MemoryDirectory[] = [];
  readonly claimedEpochs = new Set<number>();
  readonly #keys = new Map<string, MemoryKey>();
  readonly #shards = new Map<string, Set<string>>();
  readonly #marks = new Map<string, Mark>();
  #mtimeNs = 1_000_000_000n;

  constructor(options: MemoryStoreOptions) {
    this.storeId = options.storeId;
    this.beforeOperation = options.beforeOperation ?? null;
    this.writer = this.#makeWriter();
    this.reader = this.#makeReader();
    this.directories = this.#makeDirectories();
    this.marks = this.#makeMarks();
    this.space = memorySpace({
      begin: (name, details) => this.#begin(name, details),
      capacityBytes: () => this.capacityBytes,
      all: () => [...this.allGenerations(), ...this.allStaging(), ...this.trash],
      staged: (ref) => this.#staged(ref),
      published: (key, fence) => this.#find(key, fence),
    });
    this.epochs = this.#makeEpochs();
  }

  /** What a source does in a thread: writes the part of a staging directory. Fails when the directory was moved away. */
  async writePart(
    partPath: string,
    content: unknown,
    size: { readonly bytes?: number; readonly rows?: number } = {},
  ): Promise<{ readonly bytes: number; readonly rows: number; readonly sha256: string }> {
    await this.#begin('writePart', { partPath });
    const directory = this.allStaging().find((candidate) => stagingPartPath(candidate) === partPath);
    if (directory === undefined) throw gone('write-part', partPath);
    assertInvariant(!directory.sealed, 'I5: a sealed part is not written again');
    const bytes = size.bytes ?? Buffer.byteLength(partText(content));
    const rows = size.rows ?? (Array.isArray(content) ? content.length : 1);
    directory.part = { content, bytes, rows, mtimeNs: this.#nextMtimeNs() };
    return { bytes, rows, sha256: memoryPartSha256(content) };
  }

  /** What a reader that knows the path would get; null where there is none. Not an operation of the port. */
  readPart(key: string, fence: Tick): unknown {
    return this.#keys.get(key)?.generations.get(fence)?.part?.content ?? null;
  }

  generation(key: string, fence: Tick): MemoryDirectory | null {
    return this.#find(key, fence) ?? null;
  }

  allGenerations(): readonly MemoryDirectory[] {
    return [...this.#keys.values()].flatMap((entry) => [...entry.generations.values()]);
  }

  allStaging(): readonly MemoryDirectory[] {
    return [...this.#keys.values()].flatMap((entry) => [...entry.staging.values()]);
  }

  allMarks(): readonly Mark[] {
    return [...this.#marks.values()];
  }

  corruptPart(key: string, fence: Tick, how: Corruption = 'rewrite'): void {
    const directory = this.#published(key, fence);
    const part = directory.part;
    assertInvariant(part !== null, 'there is a part to corrupt');
    const content = how === 'touch' ? part.content : { corrupted: part.content };
    const bytes = how === 'truncate' ? Math.floor(part.bytes / 2) : part.bytes;
    directory.part = { ...part, content, bytes, mtimeNs: how === 'flip' ? part.mtimeNs : this.#nextMtimeNs() };
  }

  dropPart(key: string, fence: Tick): void {
    this.#published(key, fence).part = null;
  }

  dropManifest(key: string, fence: Tick): void {
    this.#published(key, fence).manifestText = null;
  }

  /** Changes one digit of the manifest behind its digest's back. */
  corruptManifest(key: string, fence: Tick): void {
    const directory = this.#published(key, fence);
    directory.manifestText = directory.manifestText?.replace(/"rows":/, '"rows":1') ?? null;
  }

  #makeWriter(): GenerationWriter {
    return {
      storeId: this.storeId,
      stage: async (key, fence, fillId) => {
        await this.#begin('stage', { key, fence, fillId });
        const { staging } = this.#entry(key);
        const name = stagingName({ fence, fillId });
        if (staging.has(name)) throw refused('stage', `entries/${shardOf(key)}/${key}/staging/${name}`, 'EEXIST');
        const directory: MemoryDirectory = { key, fence, fillId, part: null, sealed: false, manifestText: null };
        staging.set(name, directory);
        return { key, fence, fillId, partPath: stagingPartPath(directory) };
      },
      seal: async (staging) => {
        await this.#begin('seal', refOf(staging));
        const directory = this.#staged(staging);
        if (directory?.part == null) throw gone('seal', staging.partPath);
        directory.sealed = true;
        return { bytes: directory.part.bytes, mtimeNs: directory.part.mtimeNs };
      },
      describe: async (staging, manifest) => {
        await this.#begin('describe', refOf(staging));
        assertInvariant(
          manifest.key === staging.key
            && manifest.fence === staging.fence
            && manifest.fillId === staging.fillId
            && manifest.storeId === this.storeId,
          'I4: a manifest describes the staging directory it is written to',
        );
        const directory = this.#staged(staging);
        if (directory === undefined) throw gone('describe', staging.partPath);
        assertInvariant(directory.sealed, 'I4: the part is durable before the manifest is written');
        directory.manifestText = encodeManifest(manifest);
      },
      publish: async (staging) => {
        await this.#begin('publish', refOf(staging));
        this.#publish(staging);
      },
      discard: async (staging) => {
        await this.#begin('discard', refOf(staging));
        const directory = this.#staged(staging);
        if (directory !== undefined) this.#keys.get(staging.key)?.staging.delete(stagingName(staging));
      },
    };
  }

  #publish(staging: Staging): void {
    const entry = this.#entry(staging.key);
    const path = `entries/${shardOf(staging.key)}/${staging.key}/${generationName(staging.fence)}`;
    const there = entry.generations.get(staging.fence);
    if (there !== undefined) {
      // As on disk: the rename failed, and what is there tells by its fillId whether an earlier one of ours succeeded.
      if (manifestOf(there)?.fillId === staging.fillId) return;
      throw refused('publish', path, 'ENOTEMPTY');
    }
    const directory = this.#staged(staging);
    if (directory === undefined) throw gone('publish', path);
    assertInvariant(
      directory.sealed && directory.manifestText !== null,
      'I4: only sealed and described work is published',
    );
    entry.staging.delete(stagingName(staging));
    entry.generations.set(staging.fence, directory);
  }

  #makeReader(): GenerationReader {
    return {
      inspect: async (key, fence) => {
        await this.#begin('inspect', { key, fence });
        return judgeMemory(this.#find(key, fence), { storeId: this.storeId, key, fence }, 'when-touched');
      },
      verify: async (key, fence) => {
        await this.#begin('verify', { key, fence });
        return judgeMemory(this.#find(key, fence), { storeId: this.storeId, key, fence }, 'always');
      },
      distrust: async (key, fence) => {
        await this.#begin('distrust', { key, fence });
        const directory = this.#find(key, fence);
        if (directory?.part != null) directory.part = { ...directory.part, mtimeNs: '0' };
      },
      partPath: (key, fence) => {
        const relative = `entries/${shardOf(key)}/${key}/${generationName(fence)}/${PART_NAME}`;
        return { relative, absolute: `/memory/${relative}` };
      },
    };
  }

  #makeDirectories(): KeyDirectories {
    return {
      list: async (key) => {
        await this.#begin('list', { key });
        return listingOf(this.#entry(key));
      },
      listWithMark: async (key) => ({ ...(await this.directories.list(key)), mark: await this.marks.readMark(key) }),
      glance: async (key) => {
        await this.#begin('glance', { key });
        const entry = this.#keys.get(key);
        return entry === undefined ? { generations: [], staging: [] } : listingOf(entry);
      },
      keys: async (shard) => {
        await this.#begin('keys', { shard });
        return [...(this.#shards.get(shard) ?? [])].toSorted();
      },
      moveToTrash: async (ref) => {
        await this.#begin('moveToTrash', { ...ref });
        const entry = this.#keys.get(ref.key);
        const directory = 'fillId' in ref ? entry?.staging.get(stagingName(ref)) : entry?.generations.get(ref.fence);
        if (entry === undefined || directory === undefined) return;
        if ('fillId' in ref) entry.staging.delete(stagingName(ref));
        else entry.generations.delete(ref.fence);
        this.trash.push(directory);
      },
      removeEmpty: async (key) => {
        await this.#begin('removeEmpty', { key });
        const entry = this.#keys.get(key);
        if (entry === undefined || entry.staging.size + entry.generations.size > 0 || entry.head !== null) return false;
        this.#marks.delete(`key:${key}`);
        this.#shards.get(shardOf(key))?.delete(key);
        return this.#keys.delete(key);
      },
      emptyTrash: async () => {
        await this.#begin('emptyTrash', {});
        return this.trash.splice(0).length;
      },
    };
  }

  #makeMarks(): StoreMarks {
    return {
      readHead: async (key) => {
        await this.#begin('readHead', { key });
        return this.#keys.get(key)?.head ?? null;
      },
      writeHead: async (head) => {
        await this.#begin('writeHead', { key: head.key, fence: head.fence });
        this.#entry(head.key).head = head;
      },
      clearHead: async (key, fence) => {
        await this.#begin('clearHead', { key, fence });
        const entry = this.#entry(key);
        if (entry.head?.fence === fence) entry.head = null;
      },
      readMark: async (key) => {
        await this.#begin('readMark', { key });
        return this.#marks.get(`key:${key}`) ?? null;
      },
      readMarks: async (targets) => {
        await this.#begin('readMarks', { targets });
        return targets.flatMap((target) => this.#marks.get(target) ?? []);
      },
      raiseMark: async (mark) => {
        await this.#begin('raiseMark', { ...mark });
        const before = this.#marks.get(mark.target) ?? { target: mark.target, hard: 0, purge: 0 };
        const purge = Math.max(before.purge, mark.purge);
        this.#marks.set(mark.target, { target: mark.target, hard: Math.max(before.hard, mark.hard, purge), purge });
        if (mark.target.startsWith('key:')) this.#entry(mark.target.slice('key:'.length));
      },
    };
  }

  #makeEpochs(): EpochStore {
    return {
      storeId: this.storeId,
      latest: async () => {
        await this.#begin('latestEpoch', {});
        return Math.max(0, ...this.claimedEpochs);
      },
      claim: async (epoch) => {
        await this.#begin('claimEpoch', { epoch });
        if (this.claimedEpochs.has(epoch)) return false;
        this.claimedEpochs.add(epoch);
        return true;
      },
      scopeMarks: async () => {
        await this.#begin('scopeMarks', {});
        return this.allMarks().filter(({ target }) => !target.startsWith('key:'));
      },
    };
  }

  async #begin(name: MemoryOperation, details: Readonly<Record<string, unknown>>): Promise<void> {
    await this.beforeOperation?.(name, details);
  }

  #entry(key: string): MemoryKey {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const entry: MemoryKey = { staging: new Map(), generations: new Map(), head: null };
    this.#keys.set(key, entry);
    const shard = shardOf(key);
    const keys = this.#shards.get(shard) ?? new Set();
    this.#shards.set(shard, keys.add(key));
    return entry;
  }

  #staged(ref: StagingRef): MemoryDirectory | undefined {
    return this.#keys.get(ref.key)?.staging.get(stagingName(ref));
  }

  #find(key: string, fence: Tick): MemoryDirectory | undefined {
    return this.#keys.get(key)?.generations.get(fence);
  }

  #published(key: string, fence: Tick): MemoryDirectory {
    const directory = this.#find(key, fence);
    assertInvariant(directory !== undefined, `${key} ${generationName(fence)} is published`);
    return directory;
  }

  #nextMtimeNs(): string {
    this.#mtimeNs += 1n;
    return String(this.#mtimeNs);
  }
}

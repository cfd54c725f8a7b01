/**
 * Memory before disk, and what both forget together. Nothing here asks a server: whether an entry may be used is the
 * caller's business.
 */
import type { CacheOptions } from '../client-options.ts';
import type { InvalidateTarget } from '../types.ts';
import type { DiskCache } from './disk-cache.ts';
import { mayConcern, type Facts, type Kept } from './kept.ts';
import { MemoryCache } from './memory-cache.ts';

const MEMORY_BYTES = 128 * 1024 * 1024;

export interface CacheStats {
  readonly memory: { readonly entries: number; readonly bytes: number };
  /** Writes to the disk cache that failed; the answers were right all the same. */
  readonly diskFailures: number;
}

export interface Found {
  readonly kept: Kept;
  readonly from: 'memory' | 'disk';
}

export class ClientCache {
  readonly #memory: MemoryCache;
  readonly #options: CacheOptions;
  readonly #owner: { readonly url: string; readonly apiKey: string };
  #disk: Promise<DiskCache> | null = null;
  #invalidations = 0;
  #failures = (): number => 0;

  constructor(options: false | CacheOptions = {}, owner: { readonly url: string; readonly apiKey: string }) {
    this.#options = options === false ? { memoryBytes: 0 } : options;
    this.#owner = owner;
    this.#memory = new MemoryCache(this.#options.memoryBytes ?? MEMORY_BYTES);
  }

  /** Grows with every invalidation: what was asked for before one is not kept after it. */
  get invalidations(): number {
    return this.#invalidations;
  }

  get stats(): CacheStats {
    return { memory: this.#memory.size, diskFailures: this.#failures() };
  }

  async facts(id: string): Promise<Facts | null> {
    return this.#memory.get(id)?.facts ?? (await (await this.#opened())?.peek(id)) ?? null;
  }

  async find(id: string): Promise<Found | null> {
    const inMemory = this.#memory.get(id);
    if (inMemory !== null) return { kept: inMemory, from: 'memory' };
    const since = this.#invalidations;
    const onDisk = await (await this.#opened())?.read(id);
    if (onDisk === null || onDisk === undefined) return null;
    // Two may have read the same: the first one is everybody's object.
    const meanwhile = this.#memory.get(id);
    if (meanwhile !== null) return { kept: meanwhile, from: 'memory' };
    // Dropped while it was read: it is for who asked before that, and not kept.
    if (since === this.#invalidations) this.#memory.put(id, onDisk);
    return { kept: onDisk, from: 'disk' };
  }

  /** @param since `invalidations` when this was asked for */
  async keep(id: string, kept: Kept, since: number): Promise<void> {
    if (since !== this.#invalidations || this.#isOlder(id, kept.facts)) return;
    this.#memory.put(id, kept);
    const disk = await this.#opened();
    await disk?.put(id, kept);
    // Dropped while it was written: what was written just now was not there to be dropped.
    if (since !== this.#invalidations) await disk?.removeWhere(({ key }) => key === kept.facts.key);
  }

  /** The same bytes, proved right again. */
  async prove(id: string, kept: Kept, facts: Facts): Promise<void> {
    if (facts.provenAtMs < kept.facts.provenAtMs) return;
    kept.facts = facts;
    await (await this.#opened())?.touch(id, facts);
  }

  weighAgain(id: string, kept: Kept): void {
    this.#memory.weighAgain(id, kept);
  }

  async drop(target: InvalidateTarget | 'all'): Promise<void> {
    this.#invalidations += 1;
    const concerned = (facts: Facts): boolean => target === 'all' || mayConcern(target, facts);
    this.#memory.removeWhere(concerned);
    const disk = await this.#opened();
    if (disk === null) return;
    await disk.removeWhere(concerned);
    // Read meanwhile, before it was removed.
    this.#invalidations += 1;
    this.#memory.removeWhere(concerned);
  }

  /** A slow answer must not replace a later one: within `maxAge` that would be a step back in time. */
  #isOlder(id: string, { provenAtMs }: Facts): boolean {
    const present = this.#memory.get(id);
    return present !== null && present.facts.provenAtMs > provenAtMs;
  }

  /** The part of this package that needs a file system is loaded where there is something for it to do. */
  async #opened(): Promise<DiskCache | null> {
    const { disk } = this.#options;
    if (disk === undefined) return null;
    this.#disk ??= import('./disk-cache.ts').then(({ DiskCache }) => new DiskCache(disk, this.#owner));
    const opened = await this.#disk;
    this.#failures = () => opened.failures;
    await opened.open();
    return opened;
  }
}

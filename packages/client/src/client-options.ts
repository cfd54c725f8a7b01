/** What a client is made of. Types only. */
import type { TransportOptions } from './transport.ts';

export interface DiskCacheOptions {
  /** Made where it is missing, readable by this user only. Several processes may share one. */
  readonly directory: string;
  /** What all files in it may have together; the least recently used are removed first. */
  readonly bytes: number;
}

export interface CacheOptions {
  /** What bytes and decoded objects may have together. Default 128 MiB; 0 keeps nothing in memory. */
  readonly memoryBytes?: number;
  readonly disk?: DiskCacheOptions;
}

/** The store and the Redis of a cluster, for functions of this process that load into it (`cached.wrap`). */
export interface StoreOptions {
  readonly root: string;
  readonly redis: string;
}

export interface ParqueueOptions extends TransportOptions {
  /** Where the store is mounted on this machine, for `as: 'path'`. */
  readonly mount?: string;
  /** `false`: nothing is kept. Default: memory only. */
  readonly cache?: false | CacheOptions;
  readonly store?: StoreOptions;
}

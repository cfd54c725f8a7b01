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
  /** The folder of the store, as this machine has it mounted. */
  readonly root: string;
  /** The address of its Redis. */
  readonly redis: string;
  /** Mode of new files, as `store.fileMode` of the workers. Default 0o640. */
  readonly fileMode?: number;
  /** A load whose process is silent this long may be taken over by another. Default 30. */
  readonly leaseSeconds?: number;
  /** Loads of wrapped functions that run here at a time. Default 8. */
  readonly loads?: number;
}

export interface ParqueueOptions extends TransportOptions {
  /** Where the store is mounted on this machine, for `as: 'path'`. */
  readonly mount?: string | undefined;
  /** `false`: nothing is kept. Default: memory only. */
  readonly cache?: false | CacheOptions;
  readonly store?: StoreOptions;
}

/** What every thread of a pool is told once, as its workerData. It may hold credentials of sources; it is never logged. */
import type { SourceConfig } from '@parqueue/core/config';

export interface ThreadSetup {
  /** Made and migrated before there are threads. null: sources are asked and nothing is filled; no store is looked at. */
  readonly store: { readonly root: string; readonly fileMode: number } | null;
  readonly sources: Readonly<Record<string, SourceConfig>>;
  /** Folder for private copies of files while they are loaded. */
  readonly scratch: string;
  /** Heap of this thread; libraries that allocate outside of it are given a limit of their own from it. */
  readonly threadMemoryBytes: number;
  readonly host: string;
  /** Name and release of the program, for manifests. */
  readonly program: string;
}

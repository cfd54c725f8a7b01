/** Fills of a file: private copy or copy, Parquet, hash, fsync, manifest, publication. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileFormat } from '@parqueue/core';
import { openFileSource } from '@parqueue/core/sources/file';
import { forgetEntries, openPublishing } from '../publishing.ts';
import type { DuckDbSettings } from './duckdb.ts';

export interface FileFills {
  /** Of the file of this name in `lake`, never loaded before. @returns its rows */
  fill(name: string, format: FileFormat): Promise<number>;
  /** Removes what was filled. */
  forget(): Promise<void>;
}

/** `lake`: where the files are. The store and the scratch directory are made beside it. */
export async function openFills(base: string, lake: string, duckdb: DuckDbSettings): Promise<FileFills> {
  const root = join(base, 'store');
  await mkdir(root, { recursive: true });
  const source = await openFileSource({ root: lake, scratch: join(base, 'scratch'), duckdb });
  const publish = await openPublishing(root, source);
  return {
    async fill(path, format) {
      const { part } = await publish({
        sourceKind: 'file',
        versionKind: 'checksum',
        question: { kind: 'file', path, format, csv: null },
      });
      return part.rows;
    },
    forget: async () => await forgetEntries(root),
  };
}

/** Fills of a file as a worker's thread does them: private copy or copy, Parquet, hash, fsync, manifest, publication. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  cacheKey,
  DEFAULT_PARQUET,
  materialize,
  type CanonicalRequest,
  type Clock,
  type FileFormat,
} from '@parqueue/core';
import { openFileSource } from '@parqueue/core/sources/file';
import { openStore } from '@parqueue/core/store';
import type { DuckDbSettings } from './duckdb.ts';

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
const limits = { rowsMax: 1e9, bytesMax: 1e12, timeoutMs: 600_000 };

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
  const { writer, reader } = await openStore({ root, fileMode: 0o640 });
  const source = await openFileSource({ root: lake, scratch: join(base, 'scratch'), duckdb });
  return {
    async fill(path, format) {
      // A key of its own for every fill.
      const sourceIdentity = randomBytes(16).toString('hex');
      const question = { kind: 'file', path, format, csv: null } as const;
      const canonical: CanonicalRequest = {
        keyFormat: 1,
        sourceKind: 'file',
        sourceIdentity,
        columns: null,
        columnTypes: {},
        parquet: DEFAULT_PARQUET,
        question,
      };
      const request = {
        key: cacheKey(canonical),
        canonical,
        source: 'bench',
        dataset: null,
        scopes: [],
        probeTargets: [],
        versionKind: 'checksum',
        limits,
      } as const;
      const task = { request, fence: 1, fillId: sourceIdentity, startedAtMs: clock.now(), current: null };
      const context = {
        signal: new AbortController().signal,
        onProgress: () => undefined,
        onStep: () => undefined,
      };
      const memo = { get: async () => null, put: async () => undefined };
      const report = await materialize(task, {
        source,
        memo,
        writer,
        reader,
        clock,
        host: 'bench',
        program: 'bench',
        context,
      });
      if (report.kind !== 'published') throw new Error(JSON.stringify(report));
      return report.manifest.part.rows;
    },
    async forget() {
      const entries = join(root, 'entries');
      for (const prefix of await readdir(entries)) {
        // The store knows the folders of prefixes that it made once.
        for (const key of await readdir(join(entries, prefix)))
          await rm(join(entries, prefix, key), { recursive: true });
      }
    },
  };
}

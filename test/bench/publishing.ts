/** Fills as a worker's thread does them: snapshot, rows, Parquet, hash, fsync, manifest, publication; and the removal of what they published. */
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  cacheKey,
  DEFAULT_PARQUET,
  materialize,
  type CanonicalRequest,
  type Clock,
  type FillTask,
  type Manifest,
  type Source,
} from '@parqueue/core';
import { openStore } from '@parqueue/core/store';

export const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

export const randomId = (): string => randomBytes(16).toString('hex');

export type Asked = Pick<CanonicalRequest, 'sourceKind' | 'question'> & Pick<FillTask['request'], 'versionKind'>;

/** Each call fills a key of its own, in the store under `root`. */
export async function openPublishing(root: string, source: Source): Promise<(asked: Asked) => Promise<Manifest>> {
  const { writer, reader } = await openStore({ root, fileMode: 0o640 });
  return async ({ versionKind, ...asked }) => {
    const fillId = randomId();
    const canonical: CanonicalRequest = {
      ...asked,
      keyFormat: 1,
      sourceIdentity: fillId,
      columns: null,
      columnTypes: {},
      parquet: DEFAULT_PARQUET,
    };
    const request = {
      key: cacheKey(canonical),
      canonical,
      source: 'bench',
      dataset: null,
      scopes: [],
      probeTargets: [],
      versionKind,
      limits: { rowsMax: 1e9, bytesMax: 1e12, timeoutMs: 600_000 },
    };
    const report = await materialize(
      { request, fence: 1, fillId, startedAtMs: clock.now(), current: null },
      {
        source,
        memo: { get: async () => null, put: async () => undefined },
        writer,
        reader,
        clock,
        host: 'bench',
        program: 'bench',
        context: { signal: new AbortController().signal, onProgress: () => undefined, onStep: () => undefined },
      },
    );
    if (report.kind !== 'published') throw new Error(JSON.stringify(report));
    return report.manifest;
  };
}

/** Removes all entries of the store under `root`. */
export async function forgetEntries(root: string): Promise<void> {
  const entries = join(root, 'entries');
  for (const prefix of await readdir(entries)) {
    // The store knows the folders of prefixes that it made once.
    for (const key of await readdir(join(entries, prefix))) await rm(join(entries, prefix, key), { recursive: true });
  }
}

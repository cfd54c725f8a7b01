/** A fill as a worker's thread does it, a thread for the Parquet file beside it: snapshot, rows, Parquet, hash, fsync, manifest, publication. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { cacheKey, DEFAULT_PARQUET, materialize, type CanonicalRequest, type Clock } from '@parqueue/core';
import { FileThread } from '@parqueue/core/parquet';
import { openMysqlSource } from '@parqueue/core/sources/mysql';
import { openPostgresSource } from '@parqueue/core/sources/postgres';
import { openStore } from '@parqueue/core/store';
import { serve, type ThreadData } from './work.ts';

const { kind, login, root } = workerData as ThreadData;
const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
const randomId = (): string => randomBytes(16).toString('hex');
const { writer, reader } = await openStore({ root, fileMode: 0o640 });
const options = {
  ...login,
  schema: kind === 'postgres' ? 'public' : login.database,
  session: kind === 'postgres' ? { timezone: 'UTC' } : { time_zone: '+00:00' },
  tls: { mode: 'off', ca: null },
  pool: { max: 1 },
  connectTimeoutMs: 10_000,
  randomId,
  chance: () => 0.5,
  clock,
  files: new FileThread(),
} as const;
const source = kind === 'postgres' ? await openPostgresSource(options) : await openMysqlSource(options);
const limits = { rowsMax: 1e9, bytesMax: 1e12, timeoutMs: 600_000 };

serve(parentPort, async ({ sql }) => {
  const canonical: CanonicalRequest = {
    keyFormat: 1,
    sourceKind: kind,
    // A key of its own for every fill.
    sourceIdentity: randomId(),
    columns: null,
    columnTypes: {},
    parquet: DEFAULT_PARQUET,
    question: {
      kind: 'sql',
      statement: sql,
      binds: {},
      session: options.session,
      version: { kind: 'ttl' },
      numbers: 'exact',
      split: null,
    },
  };
  const request = {
    key: cacheKey(canonical),
    canonical,
    source: 'bench',
    dataset: null,
    scopes: [],
    probeTargets: [],
    versionKind: 'ttl',
    limits,
  } as const;
  const report = await materialize(
    { request, fence: 1, fillId: randomId(), startedAtMs: clock.now(), current: null },
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
  return report.manifest.part.rows;
});

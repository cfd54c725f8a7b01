/** A fill as a worker's thread does it: snapshot, rows, Parquet, hash, fsync, manifest, publication. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { cacheKey, materialize, type CanonicalRequest, type Clock } from '@parqueue/core';
import { FileThread } from '@parqueue/core/parquet';
import { openOracleSource } from '@parqueue/core/sources/oracle';
import { openStore } from '@parqueue/core/store';
import { serve, type ThreadData, type Work } from './work.ts';

const { connectString, root } = workerData as ThreadData;
const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
const randomId = (): string => randomBytes(16).toString('hex');
const { writer, reader } = await openStore({ root, fileMode: 0o640 });
const source = await openOracleSource({
  connectString,
  user: 'APP',
  password: 'secret',
  schema: 'APP',
  session: {},
  pool: { max: 2 },
  connectTimeoutMs: 10_000,
  configDir: null,
  walletLocation: null,
  walletPassword: null,
  randomId,
  chance: () => 0.5,
  clock,
  files: new FileThread(),
});
const limits = { rowsMax: 1e9, bytesMax: 1e12, timeoutMs: 600_000 };

serve(parentPort, async ({ table, sessions }: Work) => {
  const canonical: CanonicalRequest = {
    keyFormat: 1,
    sourceKind: 'oracle',
    // A key of its own for every fill.
    sourceIdentity: randomId(),
    columns: null,
    columnTypes: {},
    parquet: { compression: 'zstd', rowGroupRows: 1_000_000 },
    question: {
      kind: 'sql',
      statement: `SELECT * FROM ${table}`,
      binds: {},
      session: {},
      version: { kind: 'ttl' },
      numbers: 'double',
      split: sessions > 1 ? { column: 'ORDER_ID', into: sessions } : null,
    },
  };
  const report = await materialize(
    {
      request: {
        key: cacheKey(canonical),
        canonical,
        source: 'bench',
        dataset: null,
        scopes: [],
        probeTargets: [],
        versionKind: 'ttl',
        limits,
      },
      fence: 1,
      fillId: randomId(),
      startedAtMs: Date.now(),
      current: null,
    },
    {
      source,
      memo: { get: async () => null, put: async () => undefined },
      writer,
      reader,
      clock,
      host: 'bench',
      program: 'bench',
      context: {
        signal: new AbortController().signal,
        onProgress: () => undefined,
        onStep: () => undefined,
      },
    },
  );
  if (report.kind !== 'published') throw new Error(JSON.stringify(report));
  const { split } = report.manifest.sourceDetails as { readonly split: { readonly sessions?: number } | null };
  if ((split?.sessions ?? 1) !== sessions) throw new Error(`the fill was not split: ${JSON.stringify(split)}`);
  return report.manifest.part.rows;
});

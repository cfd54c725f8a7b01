/** Fills from PostgreSQL and MariaDB, a thread for the Parquet file beside. */
import { parentPort, workerData } from 'node:worker_threads';
import { FileThread } from '@parqueue/core/parquet';
import { openMysqlSource } from '@parqueue/core/sources/mysql';
import { openPostgresSource } from '@parqueue/core/sources/postgres';
import { clock, openPublishing, randomId } from '../publishing.ts';
import { serve } from '../row-thread.ts';
import type { ThreadData, Work } from './work.ts';

const { kind, login, root } = workerData as ThreadData;
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
const publish = await openPublishing(root, source);

serve(parentPort, async ({ sql }: Work) => {
  const { part } = await publish({
    sourceKind: kind,
    versionKind: 'ttl',
    question: {
      kind: 'sql',
      statement: sql,
      binds: {},
      session: options.session,
      version: { kind: 'ttl' },
      numbers: 'exact',
      split: null,
    },
  });
  return part.rows;
});

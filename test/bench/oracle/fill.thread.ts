/** Fills from the protocol server, in one session or two, a thread for the Parquet file beside. */
import { parentPort, workerData } from 'node:worker_threads';
import { FileThread } from '@parqueue/core/parquet';
import { openOracleSource } from '@parqueue/core/sources/oracle';
import { clock, openPublishing, randomId } from '../publishing.ts';
import { serve } from '../row-thread.ts';
import type { ThreadData, Work } from './work.ts';

const { connectString, root } = workerData as ThreadData;
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
const publish = await openPublishing(root, source);

serve(parentPort, async ({ table, sessions }: Work) => {
  const { part, sourceDetails } = await publish({
    sourceKind: 'oracle',
    versionKind: 'ttl',
    question: {
      kind: 'sql',
      statement: `SELECT * FROM ${table}`,
      binds: {},
      session: {},
      version: { kind: 'ttl' },
      numbers: 'double',
      split: sessions > 1 ? { column: 'ORDER_ID', into: sessions } : null,
    },
  });
  const { split } = sourceDetails as { readonly split: { readonly sessions?: number } | null };
  if ((split?.sessions ?? 1) !== sessions) throw new Error(`the fill was not split: ${JSON.stringify(split)}`);
  return part.rows;
});

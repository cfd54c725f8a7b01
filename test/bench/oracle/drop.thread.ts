/** The floor: node-oracledb in Thin mode, in the form that its makers' advice and our own measurements make the fastest, whose rows are dropped. */
import { parentPort, workerData } from 'node:worker_threads';
import oracledb from 'oracledb';
import { serve } from '../row-thread.ts';
import type { ThreadData, Work } from './work.ts';

/** Fewer are slower; 5,000 and 10,000 are slower as well. */
const FETCH_ROWS = 1000;

/** The server answers whatever has a TO_CHAR in it with times as texts, as this source's statements have. */
const asSelected = (table: string): string =>
  `SELECT O.*,TO_CHAR(ORDERED) ORDERED,TO_CHAR(CHANGED) CHANGED FROM ${table} O`;

const { connectString } = workerData as ThreadData;
const connection = await oracledb.getConnection({ user: 'APP', password: 'secret', connectString, sdu: 512 * 1024 });

serve(parentPort, async ({ kind, table }: Work) => {
  const isAsSelected = kind === 'drop-as-selected';
  const { resultSet } = await connection.execute<unknown[]>(
    isAsSelected ? asSelected(table) : `SELECT * FROM ${table}`,
    {},
    {
      resultSet: true,
      prefetchRows: FETCH_ROWS,
      fetchArraySize: FETCH_ROWS,
      ...(isAsSelected ? { fetchTypeHandler: asTexts } : {}),
    },
  );
  if (resultSet === undefined) throw new Error('no result set');
  let rows = 0;
  for (;;) {
    const { length } = await resultSet.getRows(FETCH_ROWS);
    if (length === 0) break;
    rows += length;
  }
  await resultSet.close();
  return rows;
});

/** Parsing them as doubles is work that the driver does on top. */
function asTexts({ dbType }: { readonly dbType?: oracledb.DbType | undefined }): { type: oracledb.DbType } | undefined {
  return dbType === oracledb.DB_TYPE_NUMBER ? { type: oracledb.DB_TYPE_VARCHAR } : undefined;
}

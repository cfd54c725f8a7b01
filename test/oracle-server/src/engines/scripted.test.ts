/** Rows for volume: what is sent again and again is what would be encoded each time. */
import oracledb from 'oracledb';
import { expect, it } from 'vitest';
import type { Column } from '../engine.ts';
import { startOracleServer } from '../server.ts';
import { scriptedEngine } from './scripted.ts';

const COLUMNS: readonly Column[] = [
  { name: 'ID', type: { kind: 'NUMBER', precision: 9, scale: 0 }, nullable: false },
  { name: 'NAME', type: { kind: 'VARCHAR2', chars: 20 }, nullable: true },
];

it.each([
  ['a cycle of whole batches, which is encoded once', 2000, 1000],
  ['a cycle of any other length', 1700, 1000],
  ['a cycle of whole batches, asked for in other pieces', 2000, 300],
])('%s gives the rows of its cycle in order, to the last, twice', async (_, length, fetchRows) => {
  const cycle = Array.from({ length }, (__, row) => [String(row), row % 3 === 0 ? null : `name ${row}`]);
  const engine = scriptedEngine({ answers: [{ statements: () => true, columns: COLUMNS, rows: 5300, cycle }] });
  await using server = await startOracleServer({ engine, users: { APP: 'secret' }, service: 'PARQ' });
  const { connectString } = server;
  const connection = await oracledb.getConnection({ user: 'APP', password: 'secret', connectString });
  try {
    const expected = Array.from({ length: 5300 }, (__, row) => [
      row % length,
      (row % length) % 3 === 0 ? null : `name ${row % length}`,
    ]);
    for (let time = 0; time < 2; time += 1) {
      const { resultSet } = await connection.execute<unknown[]>(
        'SELECT * FROM T',
        {},
        { resultSet: true, prefetchRows: fetchRows, fetchArraySize: fetchRows },
      );
      const rows: unknown[][] = [];
      for (let more = [[]] as unknown[][]; more.length > 0; rows.push(...more))
        more = (await resultSet?.getRows(fetchRows)) ?? [];
      await resultSet?.close();
      expect(rows).toEqual(expected);
    }
  } finally {
    await connection.close();
  }
});

/**
 * What COUNT(*) and MAX(ORA_ROWSCN) do not see, and what they see without need. These are no wishes: they say what
 * docs/oracle-sources.md says, and fail when that is no longer so.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Source } from '../../ports/source.ts';
import { openOracleTestDatabase, oracleRequest, type OracleTestDatabase } from '../../testing/oracle-database.ts';
import { sourceContext } from '../../testing/source-contract.ts';

let database: OracleTestDatabase;
let source: Source;

beforeAll(async () => {
  database = await openOracleTestDatabase();
  source = await database.source();
});

afterAll(() => database[Symbol.asyncDispose]());

beforeEach(() => database.drop('TABLE PQ_BLIND', 'TABLE PQ_BLIND_OTHER'));

async function version(sql: string): Promise<string> {
  return (await source.probe(oracleRequest(sql), sourceContext())).version;
}

it('does not see a partition that was exchanged for as many rows of older SCN', async () => {
  await database.execute('CREATE TABLE PQ_BLIND_OTHER (ID NUMBER(9), K NUMBER(9))');
  await database.execute('INSERT INTO PQ_BLIND_OTHER SELECT LEVEL + 100, 1 FROM DUAL CONNECT BY LEVEL <= 10');
  await database.execute(
    'CREATE TABLE PQ_BLIND (ID NUMBER(9), K NUMBER(9)) PARTITION BY LIST (K) (PARTITION P1 VALUES (1), PARTITION P2 VALUES (2))',
  );
  await database.execute('INSERT INTO PQ_BLIND SELECT LEVEL, 1 FROM DUAL CONNECT BY LEVEL <= 10');
  await database.execute('INSERT INTO PQ_BLIND SELECT LEVEL, 2 FROM DUAL CONNECT BY LEVEL <= 10');
  const sql = 'SELECT SUM(ID) FROM PQ_BLIND';
  const [before, [rowsBefore]] = [await version(sql), await database.query(sql)];
  await database.execute('ALTER TABLE PQ_BLIND EXCHANGE PARTITION P1 WITH TABLE PQ_BLIND_OTHER');
  const [after, [rowsAfter]] = [await version(sql), await database.query(sql)];
  expect(rowsAfter).not.toEqual(rowsBefore);
  expect(after).toBe(before);
});

it('does not see a column that was added under SELECT *, until a row changes', async () => {
  await database.execute('CREATE TABLE PQ_BLIND (ID NUMBER(9))');
  await database.execute('INSERT INTO PQ_BLIND SELECT LEVEL FROM DUAL CONNECT BY LEVEL <= 10');
  const before = await version('SELECT * FROM PQ_BLIND');
  await database.execute('ALTER TABLE PQ_BLIND ADD (MORE VARCHAR2(10))');
  expect(await version('SELECT * FROM PQ_BLIND')).toBe(before);
  await database.execute("UPDATE PQ_BLIND SET MORE = 'x' WHERE ID = 1");
  expect(await version('SELECT * FROM PQ_BLIND')).not.toBe(before);
});

it('sees a change of the table although the statement reads none of the changed rows', async () => {
  await database.execute('CREATE TABLE PQ_BLIND (ID NUMBER(9))');
  await database.execute('INSERT INTO PQ_BLIND SELECT LEVEL FROM DUAL CONNECT BY LEVEL <= 10');
  const sql = 'SELECT ID FROM PQ_BLIND WHERE ID > 5';
  const before = await version(sql);
  await database.execute('DELETE FROM PQ_BLIND WHERE ID = 1');
  expect(await version(sql)).not.toBe(before);
});

it.each([
  ['of the block, without ROWDEPENDENCIES', '', 'moved'],
  ['of the row, with ROWDEPENDENCIES', 'ROWDEPENDENCIES', 'the same'],
])('takes the SCN %s, and its maximum is a change all the same', async (_, clause, neighbour) => {
  await database.execute(`CREATE TABLE PQ_BLIND (ID NUMBER(9)) ${clause}`);
  await database.execute('INSERT INTO PQ_BLIND SELECT LEVEL FROM DUAL CONNECT BY LEVEL <= 10');
  const scnOf = async (id: number): Promise<unknown> =>
    (await database.query('SELECT TO_CHAR(ORA_ROWSCN) FROM PQ_BLIND WHERE ID = :ID', { ID: id }))[0]?.[0];
  const [before, scnBefore] = [await version('SELECT ID FROM PQ_BLIND'), await scnOf(2)];
  await database.execute('UPDATE PQ_BLIND SET ID = 1 WHERE ID = 1');
  expect((await scnOf(2)) === scnBefore ? 'the same' : 'moved').toBe(neighbour);
  expect(await version('SELECT ID FROM PQ_BLIND')).not.toBe(before);
});

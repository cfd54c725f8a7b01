/** The Oracle source under the contract of all sources: over the real driver, against the test server or a real database. */
import { afterAll, beforeAll } from 'vitest';
import { openOracleTestDatabase, oracleRequest, type OracleTestDatabase } from '../../testing/oracle-database.ts';
import { sourceContract, type SourceFixture } from '../../testing/source-contract.ts';

const ROWS = 3000;

let database: OracleTestDatabase;

beforeAll(async () => {
  database = await openOracleTestDatabase();
  await database.drop('VIEW PQ_CONTRACT_ALL', 'TABLE PQ_CONTRACT', 'TABLE PQ_CONTRACT_NAMES');
  await database.execute('CREATE TABLE PQ_CONTRACT (ID NUMBER(9), REVISION NUMBER(9))');
  await database.execute('CREATE TABLE PQ_CONTRACT_NAMES (ID NUMBER(9), NAME VARCHAR2(40), AT TIMESTAMP(6))');
  await database.execute(`INSERT INTO PQ_CONTRACT SELECT LEVEL, 0 FROM DUAL CONNECT BY LEVEL <= ${ROWS}`);
  await database.execute(
    'INSERT INTO PQ_CONTRACT_NAMES '
      + `SELECT LEVEL, 'name ' || LEVEL, TIMESTAMP '2024-02-29 12:34:56.123456' FROM DUAL CONNECT BY LEVEL <= ${ROWS}`,
  );
  await database.execute(
    'CREATE VIEW PQ_CONTRACT_ALL AS SELECT C.ID, C.REVISION, N.NAME, N.AT FROM PQ_CONTRACT C JOIN PQ_CONTRACT_NAMES N ON N.ID = C.ID',
  );
});

afterAll(() => database[Symbol.asyncDispose]());

async function fixture(statement: string): Promise<SourceFixture> {
  const source = await database.source();
  return {
    source,
    request: oracleRequest(statement),
    missing: { request: oracleRequest('SELECT * FROM PQ_CONTRACT_MISSING'), code: 'PQ_SOURCE_REJECTED' },
    rows: ROWS,
    // An SCN never comes back.
    versionsRecur: false,
    async write(revision) {
      await database.execute('UPDATE PQ_CONTRACT SET REVISION = :R', { R: revision });
    },
    async leftovers() {
      return (database.server?.hooks.openResults ?? 0) === 0 ? [] : ['a result that is still open in the server'];
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

const ORDERED = 'ORDER BY ID';

sourceContract('an Oracle table', () => fixture(`SELECT ID, REVISION AS "revision" FROM PQ_CONTRACT ${ORDERED}`));

sourceContract('an Oracle join with dates', () =>
  fixture(
    'SELECT C.ID, C.REVISION AS "revision", N.NAME, N.AT FROM PQ_CONTRACT C, PQ_CONTRACT_NAMES N WHERE N.ID = C.ID '
      + 'ORDER BY C.ID',
  ),
);

sourceContract('an Oracle view', () => fixture(`SELECT NAME, REVISION AS "revision" FROM PQ_CONTRACT_ALL ${ORDERED}`));

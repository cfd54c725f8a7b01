/** The MySQL source under the contract of all sources, on a real server. */
import { afterAll, beforeAll } from 'vitest';
import type { RowDataPacket } from 'mysql2/promise';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { sourceContract, type SourceFixture } from '../../testing/source-contract.ts';
import { mysqlRequest } from '../../testing/sql-request.ts';

const ROWS = 3000;

let database: MysqlTestDatabase;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
  await database.execute('CREATE TABLE sales (id int PRIMARY KEY, revision int)');
  await database.execute(`INSERT INTO sales SELECT seq, 0 FROM seq_1_to_${ROWS}`);
  await database.execute('CREATE TABLE names (id int PRIMARY KEY, name varchar(40), noted datetime(6))');
  await database.execute(
    `INSERT INTO names SELECT seq, CONCAT('name ', seq), '2024-02-29 12:34:56.123456' FROM seq_1_to_${ROWS}`,
  );
  await database.execute(
    'CREATE VIEW everything AS SELECT s.id, s.revision, n.name, n.noted FROM sales s JOIN names n USING (id)',
  );
});

afterAll(() => database[Symbol.asyncDispose]());

async function fixture(sql: string): Promise<SourceFixture> {
  const source = await database.source();
  return {
    source,
    request: mysqlRequest(sql),
    missing: { request: mysqlRequest('SELECT * FROM missing'), code: 'PQ_SOURCE_REJECTED' },
    rows: ROWS,
    // A checksum says what the rows are, not when they became so.
    versionsRecur: true,
    async write(revision) {
      await database.execute(`UPDATE sales SET revision = ${revision}`);
    },
    async leftovers() {
      const [rows] = await database.admin.query<RowDataPacket[]>(
        'SELECT info FROM information_schema.processlist WHERE user = ? AND info IS NOT NULL',
        [database.user],
      );
      return rows.map(({ info }) => String(info));
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

sourceContract('a MySQL table', () => fixture('SELECT id, revision FROM sales ORDER BY id'));

sourceContract('a MySQL join with dates', () =>
  fixture('SELECT s.id, s.revision, n.name, n.noted FROM sales s JOIN names n ON n.id = s.id ORDER BY s.id'),
);

sourceContract('a MySQL view', () => fixture('SELECT name, revision FROM everything ORDER BY id'));

/** Several sessions, one snapshot: the same rows as one session gives, and one session where it cannot be. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SqlQuestion } from '../../model/request.ts';
import type { Extract } from '../../ports/source.ts';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { openPostgresTransaction } from '../../testing/postgres-transactions.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { postgresQuestion, postgresRequest } from '../../testing/sql-request.ts';
import { faultKindOf } from '../sql/faults.ts';
import { PostgresSplits } from './split.ts';

const ROWS = 3000;

let database: PostgresTestDatabase;
let out: string;
let files = 0;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'pq-postgres-split-'));
  database = await openPostgresTestDatabase();
  await database.execute(`CREATE TABLE t AS SELECT g AS id, CASE WHEN g % 10 > 0 THEN g % 97 END AS k, g / 7.0 AS x,
    timestamptz '2024-02-29' + g * interval '1 minute' AS at, md5(g::text)::bytea AS b, ARRAY[g] AS a
    FROM generate_series(1, ${ROWS}) g`);
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(out, { recursive: true });
});

async function load(
  sql: string,
  more: Partial<SqlQuestion>,
): Promise<{ extract: Extract; sha256: string; ids: number[] }> {
  await using source = await database.source();
  await using snapshot = await source.open(postgresRequest(sql, more), sourceContext());
  const path = join(out, `${(files += 1)}.parquet`);
  const extract = await snapshot.extract({ path });
  const table = tableFromIPC(readParquet(await readFile(path)).intoIPCStream());
  return { extract, sha256: extract.sha256, ids: [...(table.getChild('id') ?? [])].map(Number) };
}

const all = 'SELECT * FROM t';
const EVERY = Array.from({ length: ROWS }, (_, i) => i + 1);

describe('a load by several sessions', () => {
  it.each(['id', 'k', 'x', 'at', 'b', 'a'])(
    'spread by %s has each row once, and says that it is one state',
    async (column) => {
      const { extract, ids } = await load(all, { split: { column, into: 3 } });
      expect(ids.toSorted((a, b) => a - b)).toEqual(EVERY);
      expect(extract).toMatchObject({
        consistency: 'exact',
        details: { split: { sessions: 3, column }, standby: false },
      });
      expect(extract.details['snapshot']).toMatch(/^[0-9]+:[0-9]+:/);
    },
  );

  it('takes binds, and uses them in every session', async () => {
    const more = { binds: { FIRST: { type: 'integer', value: '1000' } as const }, split: { column: 'id', into: 4 } };
    const { ids } = await load('SELECT * FROM t WHERE id >= :first', more);
    expect(ids.toSorted((a, b) => a - b)).toEqual(EVERY.slice(999));
  });

  it('gives equal bytes for equal states', async () => {
    const split = { column: 'id', into: 3 };
    expect((await load(all, { split })).sha256).toBe((await load(all, { split })).sha256);
  });

  it.each([
    ['LIMIT', 'SELECT * FROM t LIMIT 10', 10],
    ['OFFSET', `SELECT * FROM t OFFSET ${ROWS - 10}`, 10],
    ['FETCH', 'SELECT * FROM t FETCH FIRST 10 ROWS ONLY', 10],
    ['LIMIT', 'SELECT * FROM (SELECT * FROM t LIMIT 10) AS few', 10],
    ['TABLESAMPLE', 'SELECT * FROM t TABLESAMPLE BERNOULLI (100) REPEATABLE (1)', ROWS],
  ])('stays with one session where each would choose other rows: %s', async (word, sql, rows) => {
    const { extract, ids } = await load(sql, { split: { column: 'id', into: 3 } });
    expect(ids).toHaveLength(rows);
    expect(extract.details['split']).toEqual({ reason: `${word} may choose other rows in each session` });
  });

  it('stays with one session where the snapshot may not be exported', async () => {
    await database.admin.query('REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC');
    try {
      const { extract, ids } = await load(all, { split: { column: 'id', into: 3 } });
      expect(ids).toHaveLength(ROWS);
      expect(extract.details['split']).toEqual({ reason: 'EXECUTE on pg_export_snapshot() is not granted' });
    } finally {
      await database.admin.query('GRANT EXECUTE ON FUNCTION pg_export_snapshot() TO PUBLIC');
    }
  });
});

describe('a session that is to join', () => {
  it('does not wait behind who waits for the first one', async () => {
    const question = postgresQuestion(all);
    await using first = await openPostgresTransaction(database);
    await using other = await openPostgresTransaction(database);
    await first.begin();
    await first.ask(question);
    const split = { column: 'id', into: 2 };
    const way = await new PostgresSplits().plan(first.session, {
      question: { ...question, asked: { ...question.asked, split } },
      split,
      sessionsMax: 2,
      statement: (text, condition) => `SELECT * FROM (${text}) AS s WHERE ${condition('id')}`,
    });
    if ('reason' in way) return expect.unreachable(way.reason);
    const impatient = await database.connect();
    const truncated = impatient.query('TRUNCATE t').catch(() => undefined);
    await expect
      .poll(async () => await database.query("SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"))
      .toHaveLength(1);
    await expect(way.join(other.session)).rejects.toSatisfy((error) => faultKindOf(error) === 'rejected');
    const { rows } = await database.admin.query<{ pid: number }>('SELECT pid FROM pg_locks WHERE NOT granted');
    await database.admin.query('SELECT pg_cancel_backend($1)', [rows[0]?.pid]);
    await truncated;
  });
});

/** Rows as they come from a real server: whole, in order, the same however they are cut, and never too many at once. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { poolOn } from '../../testing/postgres-sessions.ts';
import { useOf } from '../../testing/sql-sessions.ts';
import { faultKindOf } from '../sql/faults.ts';
import type { SessionPool } from '../sql/session-pool.ts';
import type { PostgresConnection } from './connection.ts';
import { ask } from './query.ts';
import { rowsOf, type RowsWish } from './rows.ts';

let database: PostgresTestDatabase;
let pool: SessionPool<PostgresConnection>;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
  pool = poolOn(database);
});

afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const wish = (text: string, columns: number, binds: readonly (string | null)[] = []): RowsWish => ({
  text,
  columns,
  binds,
});

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

async function chunksOf(asked: RowsWish): Promise<readonly unknown[][][]> {
  await using session = await pool.take(useOf());
  return await all(rowsOf(session, asked));
}

describe('rows', () => {
  it('are the texts that the server writes, NULL and empty told apart', async () => {
    const text = `SELECT * FROM (VALUES (1, 'a', NULL), (2, '', 1.50), (3, 'žluť 🦆 ' || chr(1) || E'\\n', 'NaN'::numeric)) AS v(a, b, c)`;
    expect((await chunksOf(wish(text, 3))).flat()).toEqual([
      ['1', 'a', null],
      ['2', '', '1.50'],
      ['3', 'žluť 🦆 \u0001\n', 'NaN'],
    ]);
  });

  it('come in chunks of a thousand, all of them, in their order, and the connection is good for more', async () => {
    await using session = await pool.take(useOf());
    const chunks = await all(rowsOf(session, wish('SELECT g FROM generate_series(1, 2500) AS s(g)', 1)));
    expect(chunks.map(({ length }) => length)).toEqual([1000, 1000, 500]);
    expect(chunks.flat().map(([value]) => Number(value))).toEqual(Array.from({ length: 2500 }, (_, at) => at + 1));
    expect(await ask(session, 'SELECT 1')).toEqual([['1']]);
  });

  it('that are none are none, with and without columns', async () => {
    expect(await chunksOf(wish('SELECT 1 WHERE false', 1))).toEqual([]);
    expect((await chunksOf(wish('SELECT FROM generate_series(1, 3)', 0))).flat()).toEqual([[], [], []]);
  });

  it('are the same whatever the sizes of their values, and so wherever the network cut them', async () => {
    const text = `SELECT g, CASE g % 4 WHEN 0 THEN repeat('x', g * 37 % 9001) WHEN 1 THEN repeat('é', g * 13 % 7001)
      WHEN 2 THEN repeat('🦆', g % 3001) END FROM generate_series(1, 3000) AS s(g)`;
    const rows = (await chunksOf(wish(text, 2))).flat();
    const filler = (g: number): string | null =>
      ['x'.repeat((g * 37) % 9001), 'é'.repeat((g * 13) % 7001), '🦆'.repeat(g % 3001), null][g % 4] ?? null;
    expect(rows).toHaveLength(3000);
    expect(rows.findIndex(([g, value], at) => g !== String(at + 1) || value !== filler(at + 1))).toBe(-1);
  });

  it('take the binds that are given, NULL among them', async () => {
    const text = 'SELECT g FROM generate_series(1, 10) AS s(g) WHERE g > $1 AND ($2::date IS NULL) LIMIT $3';
    expect((await chunksOf(wish(text, 1, ['4', null, '2']))).flat()).toEqual([['5'], ['6']]);
  });

  it('of other columns than expected are a lost snapshot', async () => {
    const error: unknown = await chunksOf(wish('SELECT 1, 2', 3)).catch((thrown: unknown) => thrown);
    expect(faultKindOf(error)).toBe('snapshot-lost');
  });

  it('end with the error that ends them on the server, after those before it', async () => {
    await using session = await pool.take(useOf());
    const rows = rowsOf(session, wish('SELECT 10 / (5000 - g) FROM generate_series(1, 10000) AS s(g)', 1));
    expect((await rows.next()).done).toBe(false);
    await expect(all(rows)).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      details: { database: '22012' },
    });
  });
});

describe('large rows', () => {
  it('come in small chunks, and wait in the server until they are wanted', async () => {
    await using session = await pool.take(useOf());
    const text = 'SELECT g, repeat(chr(65 + g % 26), 1024 * 1024) FROM (SELECT generate_series(1, 300) AS g) AS s';
    const received = (): Promise<number> =>
      session.call(async ({ wire }) => Number(Reflect.get(wire.stream, 'bytesRead')));
    const before = await received();
    let rows = 0;
    let heldMax = 0;
    for await (const chunk of rowsOf(session, wish(text, 2))) {
      rows += chunk.length;
      expect(chunk.length).toBeLessThanOrEqual(17);
      expect((chunk[0] as string[])[1]).toHaveLength(1024 * 1024);
      // What would pile up has time to.
      if (rows % 5 === 0) await pause(5);
      heldMax = Math.max(heldMax, (await received()) - before - rows * 1024 * 1024);
    }
    expect(rows).toBe(300);
    // Without a bound all 300 MB would come as fast as they can. Three chunks of 16 MB do.
    expect(heldMax).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('a connection whose rows are being read', () => {
  it('refuses another statement, which would wait behind them for ever', async () => {
    await using session = await pool.take(useOf());
    const rows = rowsOf(session, wish('SELECT g FROM generate_series(1, 100000) AS s(g)', 1));
    await rows.next();
    await expect(ask(session, 'SELECT 1')).rejects.toMatchObject({ code: 'PQ_INTERNAL' });
    await rows.return();
  });
});

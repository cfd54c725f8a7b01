import { expect, it } from 'vitest';
import { openPostgresTestDatabase } from '../../testing/postgres-database.ts';
import { readStatement } from '../read-statement.ts';
import { HARMLESS_FUNCTIONS } from './functions.ts';
import { NO_FUNCTIONS, RESERVED, RESERVED_BUT_FOR_FUNCTIONS } from './words.ts';

it('what the server calls VOLATILE is harmless nowhere in the lists', async () => {
  await using database = await openPostgresTestDatabase();
  const rows = await database.query(
    "select proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace and provolatile = 'v'",
  );
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.map(([name]) => String(name)).filter((name) => HARMLESS_FUNCTIONS.has(name))).toEqual([]);
});

it('what the server calls VOLATILE is refused, an obstacle, or left to the database', async () => {
  await using database = await openPostgresTestDatabase();
  const rows = await database.query(
    "select proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace and provolatile = 'v'",
  );
  for (const [name] of rows) {
    expect(isPassed(`select "${String(name)}"(1)`), String(name)).toBe(false);
  }
});

function isPassed(sql: string): boolean {
  try {
    const { calls, obstacles } = readStatement(sql, 'postgres');
    return obstacles.length === 0 && calls.every(({ isKnown }) => isKnown);
  } catch (error) {
    expect(error).toMatchObject({
      code: 'PQ_INVALID_REQUEST',
      message: expect.stringContaining('does more than read'),
    });
    return false;
  }
}

it('the words that the server reserves are in the lists', async () => {
  await using database = await openPostgresTestDatabase();
  const rows = await database.query('select upper(word), catcode::text from pg_get_keywords()');
  const lists = new Map([
    ['R', RESERVED],
    ['T', RESERVED_BUT_FOR_FUNCTIONS],
    ['C', NO_FUNCTIONS],
  ]);
  const missing = rows.filter(([word, kind]) => lists.get(String(kind))?.has(String(word)) === false);
  expect(missing).toEqual([]);
});

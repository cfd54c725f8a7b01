/** Types that somebody made and may change: behind a view they are in its version; a statement may name those of its tables. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { postgresVersion } from '../../testing/postgres-transactions.ts';
import { typesNamed } from './statement-types.ts';

let database: PostgresTestDatabase;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
  await database.admin.query('CREATE EXTENSION citext');
});

afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  await database.execute(`
    DROP SCHEMA IF EXISTS facts CASCADE; CREATE SCHEMA facts; SET search_path = facts;
    CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TYPE size AS ENUM ('s', 'm');
    CREATE TYPE pair AS (a int); CREATE DOMAIN cents AS numeric(10,2);
    CREATE TABLE people (id int, mood text, size size);
    INSERT INTO people VALUES (1, 'sad', 's'), (2, 'glad', 'm');
    CREATE TABLE rates (rate int)`);
});

const version = (sql: string): Promise<string> => postgresVersion(database, sql);

describe('a view', () => {
  it.each([
    [
      'an enum, whose labels change places',
      'SELECT id, rank() OVER (ORDER BY mood::mood) FROM people',
      `ALTER TYPE mood RENAME VALUE 'sad' TO 'x'; ALTER TYPE mood RENAME VALUE 'glad' TO 'sad'; ALTER TYPE mood RENAME VALUE 'x' TO 'glad'`,
    ],
    [
      'an enum without a table',
      "SELECT max(m)::text FROM (VALUES ('sad'::mood), ('glad')) v(m)",
      "ALTER TYPE mood ADD VALUE 'mad'",
    ],
    [
      'a composite type',
      `SELECT json_populate_record(NULL::pair, '{"a":1,"b":2}')::text FROM people`,
      'ALTER TYPE pair ADD ATTRIBUTE b int',
    ],
    [
      'the rows of another table',
      `SELECT json_populate_record(NULL::rates, '{"rate":1,"b":2}')::text FROM people`,
      'ALTER TABLE rates ADD COLUMN b int',
    ],
  ])('that names %s is another one when that changes', async (_, definition, change) => {
    await database.execute(`CREATE VIEW v AS ${definition}`);
    const before = await version('SELECT * FROM facts.v');
    expect(await version('SELECT * FROM facts.v')).toBe(before);
    await database.execute(change);
    expect(await version('SELECT * FROM facts.v')).not.toBe(before);
  });
});

describe('a statement', () => {
  it.each([
    ['SELECT id FROM facts.people ORDER BY mood::facts.mood', 'facts.mood'],
    ['SELECT id FROM facts.people ORDER BY CAST(mood AS facts.mood)', 'facts.mood'],
    ["SELECT id FROM facts.people WHERE '{sad}'::facts.mood[] IS NULL", 'facts.mood'],
    ["SELECT id FROM facts.people WHERE '{sad}'::facts._mood IS NULL", 'facts._mood'],
    ["SELECT id, facts.mood 'sad' > 'glad' FROM facts.people", 'facts.mood'],
    ['SELECT id FROM facts.people ORDER BY facts.mood(mood)', 'facts.mood'],
    ['SELECT id::facts.cents FROM facts.people', 'facts.cents'],
    [`SELECT x.* FROM facts.people, json_to_record('{"a":"sad"}') AS x(a facts.mood)`, 'facts.mood'],
    [`SELECT x.* FROM facts.people, json_to_record('{"a":"sad"}') AS x(b int, a facts.mood)`, 'facts.mood'],
    [`SELECT json_populate_record(NULL::facts.rates, '{"rate":1}')::text FROM facts.people`, 'facts.rates'],
  ])('is refused where a type that it names is behind none of its tables: %s', async (sql, type) => {
    await expect(version(sql)).rejects.toMatchObject({ code: 'PQ_UNTRACKABLE' });
    await expect(version(sql)).rejects.toThrow(`names the type ${type}, which may get another definition`);
  });

  it.each([
    "SELECT id FROM facts.people WHERE size = 's'::facts.size",
    "SELECT id FROM facts.people WHERE size = ANY ('{s}'::facts.size[])",
    'SELECT (p::facts.people).id FROM facts.people p',
    "SELECT id FROM facts.people WHERE mood::public.citext = 'SAD'",
    'SELECT p.mood, max(id) AS cents FROM facts.people p WHERE (NOT mood IS NULL) GROUP BY p.mood',
    'WITH rates(a) AS (SELECT id FROM facts.people) SELECT * FROM rates',
  ])('may name those of its tables, of extensions, and use their names otherwise: %s', async (sql) => {
    expect(await version(sql)).toMatch(/^row-version:/);
  });
});

it('types are found where they stand', () => {
  const found = typesNamed(
    `SELECT a::x, CAST(b AS "Y"[]), s.z 'a', f(1), c AS d FROM t u, LATERAL g() AS r(k v, l w.q) WHERE e::s.n(3)`,
  );
  // Words of the grammar as well: there is no type of that name.
  const named = found.map(({ schema, name, called }) => [schema, name, called]);
  expect(named).toEqual([
    [null, 'x', false],
    [null, 'cast', true],
    [null, 'as', false],
    [null, 'Y', false],
    ['s', 'z', false],
    [null, 'f', true],
    [null, 'as', false],
    [null, 'g', true],
    [null, 'r', true],
    [null, 'v', false],
    ['w', 'q', false],
    ['s', 'n', false],
  ]);
});

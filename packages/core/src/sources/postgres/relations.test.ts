/** The planner's word on what a query reads, and that our own reading of the text never names less. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStatement } from '../../sql/index.ts';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { plannedReads, readsOfPlan, type Ask } from './relations.ts';

let database: PostgresTestDatabase;
let ask: Ask;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
  await database.execute(`
    CREATE TABLE a (id int PRIMARY KEY, v int, t text, j jsonb, arr int[]);
    CREATE TABLE b (id int PRIMARY KEY, a_id int, v int);
    CREATE TABLE c (id int, v int);
    CREATE TABLE "Mixed Case" (id int);
    CREATE TABLE p (id int, at int) PARTITION BY RANGE (at);
    CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10);
    CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (10) TO (20);
    INSERT INTO a SELECT g, g, g::text FROM generate_series(1, 1000) g;
    INSERT INTO b SELECT g, g, g FROM generate_series(1, 1000) g;
    ANALYZE a, b`);
  ask = async (sql, values) =>
    (await database.query(sql, values)).map((row) =>
      row.map((value) => (value === null ? null : typeof value === 'string' ? value : JSON.stringify(value))),
    );
});

afterAll(() => database[Symbol.asyncDispose]());

describe('a plan', () => {
  it('names relations with their schemas, partitions for the whole, and whatever stands in subqueries', async () => {
    const reads = await plannedReads(
      ask,
      'SELECT * FROM p WHERE id IN (SELECT v FROM a) AND at = (SELECT max(v) FROM b)',
    );
    expect(reads.relations.map(({ schema, name }) => `${schema}.${name}`)).toEqual([
      'public.a',
      'public.b',
      'public.p_1',
      'public.p_2',
    ]);
  });

  it('takes bound values, and leaves out what they exclude', async () => {
    const reads = await plannedReads(ask, 'SELECT * FROM p WHERE at = $1', ['5']);
    expect(reads.relations.map(({ name }) => name)).toEqual(['p_1']);
    expect((await plannedReads(ask, 'SELECT * FROM a WHERE false')).relations).toEqual([]);
  });

  it('tells functions that give rows', async () => {
    const { functions } = await plannedReads(ask, 'SELECT * FROM generate_series(1, 2), a');
    expect(functions).toEqual([{ schema: 'pg_catalog', name: 'generate_series' }]);
  });

  it('tells what is read elsewhere, however deep it stands', () => {
    const scan = { 'Node Type': 'Foreign Scan', 'Relation Name': 'r', Schema: 's', Alias: 'r' };
    const joined = { 'Node Type': 'Foreign Scan', Relations: '(s.r) INNER JOIN (s.q)' };
    const custom = { 'Node Type': 'Custom Scan', 'Custom Plan Provider': 'Citus Adaptive' };
    const plan = [{ Plan: { 'Node Type': 'Append', Plans: [scan, { 'Node Type': 'Sort', Plans: [joined, custom] }] } }];
    expect(readsOfPlan(plan)).toEqual({
      relations: [{ schema: 's', name: 'r' }],
      functions: [],
      elsewhere: [
        '(s.r) INNER JOIN (s.q) is read from another server',
        'a plan of the extension Citus Adaptive reads it',
        's.r is read from another server',
      ],
    });
  });
});

describe('our reading of a statement', () => {
  it.each([
    'SELECT * FROM a',
    'SELECT * FROM public.a',
    'SELECT * FROM ONLY a',
    'SELECT * FROM ONLY (a)',
    'SELECT * FROM a *',
    'SELECT * FROM "Mixed Case"',
    'SELECT * FROM public."Mixed Case" AS "m c"',
    'SELECT * FROM a, b',
    'SELECT * FROM a, LATERAL (SELECT * FROM b WHERE b.a_id = a.id LIMIT 1) x',
    'SELECT * FROM a JOIN b ON b.a_id = a.id LEFT JOIN c ON c.id = a.id',
    'SELECT * FROM (a JOIN b USING (id)) AS j',
    'SELECT * FROM ((a CROSS JOIN b) LEFT JOIN c ON true)',
    'SELECT * FROM a x(k, l) WHERE k > 3',
    'SELECT * FROM (SELECT * FROM a UNION ALL SELECT id, a_id, v::text, NULL, NULL FROM b) u',
    'SELECT id FROM a EXCEPT SELECT id FROM b INTERSECT SELECT id FROM c',
    '(SELECT id FROM a) UNION (SELECT id FROM b ORDER BY 1 LIMIT 1)',
    'SELECT (SELECT count(*) FROM b WHERE b.a_id = a.id) FROM a',
    'SELECT ARRAY(SELECT id FROM b) FROM a',
    'SELECT * FROM a WHERE EXISTS (SELECT FROM b WHERE b.id = a.id)',
    'SELECT * FROM a WHERE id = ANY (SELECT id FROM b)',
    'SELECT * FROM a WHERE (id, v) IN (SELECT id, v FROM b)',
    'SELECT CASE WHEN id > (SELECT min(id) FROM b) THEN 1 END FROM a',
    'SELECT * FROM a ORDER BY (SELECT max(id) FROM b)',
    'SELECT v, count(*) FROM a GROUP BY v HAVING count(*) > (SELECT count(*) FROM c)',
    'SELECT * FROM a LIMIT (SELECT 3 FROM b LIMIT 1)',
    'WITH x AS (SELECT * FROM a) SELECT * FROM x, b',
    'WITH a AS (SELECT * FROM b) SELECT * FROM a',
    'WITH a AS (SELECT * FROM a) SELECT * FROM a',
    'WITH x AS MATERIALIZED (SELECT * FROM a), y AS NOT MATERIALIZED (SELECT * FROM x JOIN b USING (id)) SELECT * FROM y',
    'WITH RECURSIVE x AS (SELECT id FROM a UNION SELECT b.id FROM x JOIN b ON b.a_id = x.id) SELECT * FROM x',
    'WITH x AS (WITH y AS (SELECT * FROM c) SELECT * FROM y) SELECT * FROM x, a',
    'SELECT * FROM (VALUES (1, (SELECT max(id) FROM b))) v(k, l), a',
    'SELECT * FROM generate_series(1, (SELECT count(*)::int FROM b)) g, a',
    'SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY(SELECT id FROM b))) r, a',
    'SELECT * FROM a, jsonb_to_recordset(a.j) AS x(k int)',
    'SELECT sum(v) FILTER (WHERE id IN (SELECT id FROM b)) OVER (PARTITION BY t ORDER BY id) FROM a',
    'SELECT a.arr[(SELECT min(id) FROM b):2] FROM a',
    "SELECT 'x' || $$ FROM c $$ FROM a -- FROM c\n/* FROM c /* nested */ */",
    "SELECT E'it\\'s FROM c', U&'d\\0061t' FROM a",
    "SELECT extract(year FROM date '2024-01-01'), substring(t FROM 2 FOR 3), trim(BOTH ' ' FROM t), position('x' IN t) FROM a",
    'SELECT id IS DISTINCT FROM v, t COLLATE "C", id::bigint FROM a',
    'SELECT * FROM p WHERE at < 10',
    'SELECT * FROM a TABLESAMPLE SYSTEM (50) REPEATABLE (1), b',
    'TABLE a',
    'VALUES (1, (SELECT count(*) FROM a))',
    'SELECT * FROM a WHERE id = 1 UNION ALL TABLE a',
    'SELECT GROUPING(v), v FROM a GROUP BY GROUPING SETS ((v), ())',
    'SELECT count(*) OVER w FROM a WINDOW w AS (ORDER BY id)',
    'SELECT a FROM a',
    'SELECT * FROM a WHERE (id, v, v) IN (TABLE b)',
    'SELECT * FROM (TABLE b) x, LATERAL (VALUES (x.id)) y CROSS JOIN (a JOIN c ON true)',
    "SELECT * FROM a, XMLTABLE('/r' PASSING (SELECT '<r/>'::xml FROM b LIMIT 1) COLUMNS x text PATH '.') AS z",
    'WITH RECURSIVE x(id) AS (SELECT id FROM a UNION ALL SELECT b.id FROM x JOIN b ON b.a_id = x.id) SEARCH DEPTH FIRST BY id SET o CYCLE id SET y USING z SELECT * FROM x',
    'WITH x AS (SELECT * FROM c) SELECT (SELECT max(id) FROM x) + (SELECT max(id) FROM public.b) FROM a',
    'WITH b AS (SELECT * FROM a) SELECT * FROM public.b, b AS other',
    'SELECT * FROM a WHERE id > ALL (SELECT id FROM b) OR NOT EXISTS (SELECT * FROM c WHERE c.id = a.id)',
    'SELECT array_agg(id ORDER BY (SELECT max(id) FROM b)) FROM a GROUP BY CUBE (v, (SELECT 1 FROM c LIMIT 1))',
    'SELECT row(a.*), a.id AS "from" FROM a AS "from b" (id), c a',
    'SELECT 1 AS join FROM a NATURAL FULL JOIN b',
    'SELECT $tag$ $$ FROM c $tag$ FROM a',
    'select*from a,b;',
    'SELECT (a).v, a.* FROM a',
  ])('names all that the planner reads: %s', async (sql) => {
    const planned = await plannedReads(ask, sql);
    const named = new Set(readStatement(sql, 'postgres').reads.map(({ name }) => name));
    for (const { name } of planned.relations) expect(named).toContain(name.replace(/^p_.$/, 'p'));
  });
});

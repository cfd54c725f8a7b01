/** What the HTTP interface says about a database that answers: parts, their versions and costs, binds, invalidations. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openOracleStage, type OracleStage } from './oracle-stage.ts';

const DATASETS = `
  joined:
    source: db
    sql: select /*+ x_joined */ o.id as id, c.name as name from x_orders o join x_customers c on c.id = o.customer_id where o.amount > :least order by o.id
    params: { least: { type: number } }
  through_view: { source: db, sql: select id from x_open_orders order by id, freshness: { maxAge: 1h } }
  by_key: { source: db, sql: select id from x_orders, freshness: { version: { refresh-key: { sql: select max(id) from x_customers } } } }
`;

const SECRET_BIND = 0.125_987;

interface Part {
  readonly part: string;
  readonly headVersion: string | null;
  readonly latest: { readonly version: string; readonly costMs: number; readonly probedAt: string } | null;
  readonly changed: boolean | null;
}

let stage: OracleStage;

beforeAll(async () => {
  stage = await openOracleStage({ datasets: DATASETS, source: 'adhoc: true' });
  const { db } = stage;
  await db.fresh('TABLE', 'x_orders', 'CREATE TABLE x_orders (id NUMBER(9), customer_id NUMBER(9), amount NUMBER)');
  await db.fresh('TABLE', 'x_customers', 'CREATE TABLE x_customers (id NUMBER(9), name VARCHAR2(40))');
  await db.commit(
    'INSERT INTO x_orders SELECT LEVEL, MOD(LEVEL, 3), LEVEL / 8 FROM DUAL CONNECT BY LEVEL <= 30',
    "INSERT INTO x_customers SELECT LEVEL - 1, 'customer ' || LEVEL FROM DUAL CONNECT BY LEVEL <= 3",
  );
  await db.fresh('VIEW', 'x_open_orders', 'CREATE VIEW x_open_orders AS SELECT id FROM x_orders WHERE amount < 2');
  await stage.startWorker();
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

async function explain(key: string): Promise<Readonly<Record<string, unknown>> & { readonly parts: readonly Part[] }> {
  const answer = await stage.get(`/v1/entries/${key}/explain`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Readonly<Record<string, unknown>> & { readonly parts: readonly Part[] };
}

test('explain tells of each table what it was read at, what a probe found since, and what that cost; no bind value', async () => {
  const ask = (): Promise<Response> => stage.get(`/v1/datasets/joined.json?least=${SECRET_BIND}`);
  const key = (await ask()).headers.get('parqueue-key') ?? '';
  await stage.db.commit("UPDATE x_customers SET name = 'other' WHERE id = 1");
  const { user } = stage.db;
  const before = await explain(key);
  expect(before).toMatchObject({
    versionedBy: 'rowscn',
    tables: [`${user}.X_CUSTOMERS`, `${user}.X_ORDERS`],
    constructs: [],
    snapshot: { consistency: 'exact' },
  });
  expect(before.parts.map(({ part, headVersion }) => [part, typeof headVersion])).toEqual([
    [`${user}.X_CUSTOMERS`, 'string'],
    [`${user}.X_ORDERS`, 'string'],
  ]);

  await ask();
  const after = await explain(key);
  const { parts } = after;
  for (const { latest, headVersion, changed } of parts) {
    expect(latest).toMatchObject({ version: headVersion, costMs: expect.any(Number), probedAt: expect.any(String) });
    expect(changed).toBe(false);
  }
  expect(parts[0]?.headVersion).not.toBe(before.parts[0]?.headVersion);
  expect(parts[1]?.headVersion).toBe(before.parts[1]?.headVersion);
  expect(JSON.stringify([before, after])).not.toContain(String(SECRET_BIND));
});

test('a refresh key is one part, and the tables are told beside it', async () => {
  const { key } = await stage.ask('by_key');
  expect(await explain(key)).toMatchObject({
    versionedBy: 'refresh-key',
    tables: [`${stage.db.user}.X_ORDERS`],
    parts: [{ part: expect.stringMatching(/^refresh-key:[0-9a-f]{12}$/) }],
  });
});

test('an invalidation of a table reaches what reads it through a view', async () => {
  const first = await stage.ask('through_view');
  expect((await stage.ask('through_view')).cache).toBe('hit');
  const answer = await stage.post('/v1/invalidate', { source: 'db', table: 'x_orders', mode: 'hard' });
  const { user } = stage.db;
  expect(await answer.json()).toMatchObject({
    target: `table:db/${user}.X_ORDERS`,
    reached: expect.arrayContaining([`table:db/${user}.X_OPEN_ORDERS`]),
  });
  const again = await stage.ask('through_view');
  expect(again).toMatchObject({ cache: 'fwd=miss', key: first.key, rows: first.rows });
});

test('binds of every type reach the database, by name or by position; another type or value is another question', async () => {
  const { db } = stage;
  await db.fresh(
    'TABLE',
    'x_binds',
    'CREATE TABLE x_binds (s VARCHAR2(9), i NUMBER(19), n NUMBER, b NUMBER(1), d DATE, t TIMESTAMP(6), z VARCHAR2(9))',
  );
  await db.commit(
    `INSERT INTO x_binds SELECT 'it''s', 9007199254740993, 0.5, 1, TO_DATE('2026-01-31', 'YYYY-MM-DD'),
       TO_TIMESTAMP('2026-01-31 08:00:00.000001', 'YYYY-MM-DD HH24:MI:SS.FF6'), NULL FROM DUAL`,
  );
  const sql = `select s from x_binds where s = :s and i = :i and n = :n and b = :b and d = :d and t = :t
    and nvl(z, 'none') = nvl(:z, 'none')`;
  const named = {
    s: "it's",
    i: { type: 'integer', value: '9007199254740993' },
    n: 0.5,
    b: true,
    d: { type: 'date', value: '2026-01-31' },
    t: { type: 'timestamp', value: '2026-01-31T09:00:00.000001+01:00' },
    z: null,
  };
  const first = await stage.query({ source: 'db', sql, binds: named });
  expect(first).toMatchObject({ cache: 'fwd=miss', rows: [{ S: "it's" }] });
  const again = await stage.query({ source: 'db', sql: `${sql};`, binds: Object.values(named) });
  expect(again).toMatchObject({ cache: 'hit; detail=revalidated', key: first.key });
  const other = await stage.query({
    source: 'db',
    sql,
    binds: { ...named, i: { type: 'integer', value: '9007199254740992' } },
  });
  expect(other.rows).toEqual([]);
});

test('a statement of no table never changes', async () => {
  const ask = () => stage.query({ source: 'db', sql: 'select 1 n from dual' });
  expect((await ask()).cache).toBe('fwd=miss');
  expect((await ask()).cache).toBe('hit; detail=revalidated');
});

test('a purge of a table ends every generation that was read from it, also under its immutable URL', async () => {
  const asked = await stage.get('/v1/datasets/joined.parquet?least=1');
  const generation = asked.headers.get('content-location') ?? '';
  const key = asked.headers.get('parqueue-key') ?? '';
  expect((await stage.get(generation)).status).toBe(200);
  await stage.post('/v1/invalidate', { table: 'db/x_customers', mode: 'purge' });
  expect((await stage.get(generation)).status).toBe(410);
  expect((await stage.get(`/v1/entries/${key}/data`)).status).toBe(404);
  expect((await stage.get('/v1/datasets/joined.parquet?least=1')).headers.get('cache-status')).toContain('fwd=miss');
});

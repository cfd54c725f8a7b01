/**
 * The promises over the Oracle protocol, with real worker processes: what is asked for, what is run at the server, by the
 * server's own count. With ORACLE_TEST_URL the same on a real database.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problemOf } from './api-stage.ts';
import { openOracleStage, type OracleStage, type Asked } from './oracle-stage.ts';

const DATASETS = `
  orders: { source: db, sql: "select /*+ e2e_orders */ id, customer_id, amount from e2e_orders order by id" }
  joined:
    source: db
    sql: >
      select /*+ e2e_joined */ o.id as id, c.name as name
      from e2e_orders o join e2e_customers c on c.id = o.customer_id order by o.id
  through_view:
    source: db
    sql: select /*+ e2e_view */ id, amount from e2e_open_orders order by id
    freshness: { version: rowscn, maxAge: 1h }
`;

const NOTHING: Asked = { status: 0, cache: '', key: '', version: '', rows: [] };

let stage: OracleStage;

beforeEach(async () => {
  stage = await openOracleStage({ datasets: DATASETS, source: 'adhoc: true, maxConcurrentProbes: 1' });
  const { db } = stage;
  await db.fresh(
    'TABLE',
    'e2e_orders',
    'CREATE TABLE e2e_orders (id NUMBER(9) NOT NULL, customer_id NUMBER(9) NOT NULL, amount NUMBER(12,2)) ROWDEPENDENCIES',
  );
  await db.fresh(
    'TABLE',
    'e2e_customers',
    'CREATE TABLE e2e_customers (id NUMBER(9) NOT NULL, name VARCHAR2(40)) ROWDEPENDENCIES',
  );
  await db.commit(
    'INSERT INTO e2e_orders SELECT LEVEL, MOD(LEVEL, 3), LEVEL + 0.5 FROM DUAL CONNECT BY LEVEL <= 3000',
    "INSERT INTO e2e_customers SELECT LEVEL - 1, 'customer ' || LEVEL FROM DUAL CONNECT BY LEVEL <= 3",
  );
  await db.fresh(
    'VIEW',
    'e2e_open_orders',
    'CREATE VIEW e2e_open_orders AS SELECT id, amount FROM e2e_orders WHERE amount < 100',
  );
});

afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

/** Runs `act` and tells how often the statement with this hint ran meanwhile. */
async function executionsDuring(hint: string, act: () => Promise<unknown>): Promise<number> {
  const before = await stage.db.executions(hint);
  await act();
  return (await stage.db.executions(hint)) - before;
}

describe('a statement over one table', () => {
  test('is run once when it is cold, not at all while the table stays as it is, and again after a committed change', async () => {
    const { db } = stage;
    await stage.startWorker();
    let asked: Asked = NOTHING;
    const cold = await executionsDuring('/*+ e2e_orders */', async () => {
      asked = await stage.ask('orders');
    });
    expect([asked.status, asked.cache, cold]).toEqual([200, 'fwd=miss', 1]);
    expect(asked.rows[0]).toEqual({ ID: 1, CUSTOMER_ID: 1, AMOUNT: 1.5 });

    const warm = await executionsDuring('/*+ e2e_orders */', async () => {
      asked = await stage.ask('orders');
    });
    expect([asked.cache, warm]).toEqual(['hit; detail=revalidated', 0]);

    await db.commit('UPDATE e2e_orders SET amount = 9.25 WHERE id = 1');
    const changed = await executionsDuring('/*+ e2e_orders */', async () => {
      asked = await stage.ask('orders');
    });
    expect([asked.cache, asked.rows[0]?.['AMOUNT'], changed]).toEqual(['fwd=miss', 9.25, 1]);
  });

  test('a change that was not committed, or was taken back, is nobody else’s', async () => {
    await stage.startWorker();
    const before = await stage.ask('orders');
    const loads = await executionsDuring('/*+ e2e_orders */', async () => {
      await stage.db.rolledBack('UPDATE e2e_orders SET amount = 0', async () => {
        expect((await stage.ask('orders')).version).toBe(before.version);
      });
      expect((await stage.ask('orders')).cache).toBe('hit; detail=revalidated');
    });
    expect(loads).toBe(0);
  });
});

describe('a join', () => {
  test('has a version of both tables, and is loaded again when the second one changed', async () => {
    await stage.startWorker();
    const first = await stage.ask('joined');
    expect(first.version).toMatch(/E2E_CUSTOMERS=.*E2E_ORDERS=/);
    await stage.db.commit("UPDATE e2e_customers SET name = 'somebody else' WHERE id = 1");
    const loads = await executionsDuring('/*+ e2e_joined */', async () => {
      expect((await stage.ask('joined')).rows[0]).toEqual({ ID: 1, NAME: 'somebody else' });
    });
    expect(loads).toBe(1);
  });

  test('and another dataset over one of its tables share the question for that table’s version', async () => {
    const first = await stage.startWorker();
    await Promise.all([stage.ask('orders'), stage.ask('joined')]);
    await first.kill();
    // Both ask while nobody works, so that neither comes after the other's probe.
    const jobs: string[] = [];
    for (const dataset of ['orders', 'joined']) {
      const response = await stage.get(`/v1/datasets/${dataset}/data`, { prefer: 'respond-async' });
      expect(response.status).toBe(202);
      jobs.push(response.headers.get('location') ?? '');
    }
    const probes = await executionsDuring(`MAX(ORA_ROWSCN) FROM "${stage.db.user}"."E2E_ORDERS"`, async () => {
      await stage.startWorker();
      const finished = { state: 'finished', kind: 'probe', outcome: { kind: 'verified' } };
      for (const job of jobs) await expect.poll(async () => await jsonOf(job)).toMatchObject(finished);
    });
    expect(probes).toBe(1);
  });
});

test('fifty callers at once after a change are one execution at the server', async () => {
  await stage.startWorker();
  await stage.startWorker();
  await stage.ask('joined');
  await stage.db.commit('UPDATE e2e_orders SET customer_id = 2 WHERE id = 3');
  const loads = await executionsDuring('/*+ e2e_joined */', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, async () => await stage.ask('joined')));
    expect(new Set(answers.map(({ version }) => version)).size).toBe(1);
    expect(answers.every(({ rows }) => rows[2]?.['NAME'] === 'customer 3')).toBe(true);
  });
  expect(loads).toBe(1);
});

describe('a view', () => {
  test('is versioned by its table, and an invalidation of the table reaches who reads only the view', async () => {
    await stage.startWorker();
    const first = await stage.ask('through_view');
    expect(first.rows).toHaveLength(99);
    await stage.db.commit('UPDATE e2e_orders SET amount = 7 WHERE id = 1');
    expect((await stage.ask('through_view')).cache, 'an hour old is allowed').toMatch(/^hit/);

    const response = await stage.post('/v1/invalidate', { source: 'db', table: 'e2e_orders', mode: 'soft' });
    expect(response.status).toBe(200);
    const after = await stage.ask('through_view');
    expect([after.cache, after.rows[0]]).toEqual(['fwd=miss', { ID: 1, AMOUNT: 7 }]);
  });
});

describe('SQL that nobody declared', () => {
  test('is answered where the source allows it, and spelled otherwise is the same entry', async () => {
    await stage.startWorker();
    const binds = { customer: 2, from: { type: 'integer', value: '10' } };
    const sql =
      "select /*+ e2e_adhoc */ id, 'A  b' as text from e2e_orders where customer_id = :customer and id > :from";
    const loads = await executionsDuring('/*+ e2e_adhoc */', async () => {
      const first = await stage.query({ source: 'db', sql, binds });
      expect(first).toMatchObject({ status: 200, cache: 'fwd=miss' });
      expect(first.rows).toHaveLength(997);
      const spelled =
        "SELECT /*+ e2e_adhoc */ ID,\n 'A  b' AS TEXT FROM E2E_ORDERS -- orders\n WHERE CUSTOMER_ID=:customer AND ID>:from;";
      const second = await stage.query({ source: 'db', sql: spelled, binds });
      expect([second.key, second.cache]).toEqual([first.key, 'hit; detail=revalidated']);
      const other = await stage.query({ source: 'db', sql: sql.replace('A  b', 'A b'), binds });
      expect(other.key, 'white space in a text is no spelling').not.toBe(first.key);
    });
    expect(loads).toBe(2);
  });

  test('is refused where it cannot be tracked: the construct is named, and what to set', async () => {
    const response = await stage.post('/v1/query', { source: 'db', sql: 'select id, sysdate from e2e_orders' });
    expect(response.status).toBe(422);
    const { code, detail } = await problemOf(response);
    expect(code).toBe('PQ_UNTRACKABLE');
    expect(detail).toMatch(/SYSDATE/);
    expect(detail).toMatch(/ttl|refresh-key/);
  });

  test('is refused where it is anything but one query', async () => {
    for (const sql of [
      'delete from e2e_orders',
      'select 1 from dual; select 2 from dual',
      'select * from e2e_orders for update',
    ]) {
      const response = await stage.post('/v1/query', { source: 'db', sql });
      expect([sql, response.status]).toEqual([sql, 400]);
    }
  });

  test('reaches the database’s own words where that refuses it', async () => {
    await stage.startWorker();
    const response = await stage.post('/v1/query', { source: 'db', sql: 'select nothing_such from e2e_orders' });
    expect(response.status).toBe(502);
    const { code, detail } = await problemOf(response);
    expect([code, detail]).toEqual(['PQ_SOURCE_REJECTED', expect.stringContaining('ORA-00904')]);
  });
});

async function jsonOf(path: string): Promise<unknown> {
  return await (await stage.get(path)).json();
}

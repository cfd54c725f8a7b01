/**
 * The promises over a real database, with real worker processes: what is asked for, what is run at the server, by the
 * server's own count. One suite for every product (sql-subject.ts).
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problemOf } from './api-stage.ts';
import { SqlStage, type Asked } from './sql-stage.ts';
import type { SqlSubject, SubjectDatabase } from './sql-subject.ts';

/** Columns that statements are counted by: a server's own count may not keep comments, nor our normal form hints. */
const DATASETS = `
  orders: { source: db, sql: "select id, customer_id, amount, 1 as m_orders from e2e_orders order by id" }
  joined:
    source: db
    sql: >
      select o.id as id, c.name as name, 1 as m_joined
      from e2e_orders o join e2e_customers c on c.id = o.customer_id order by o.id
  through_view:
    source: db
    sql: select id, amount, 1 as m_view from e2e_open_orders order by id
    freshness: { maxAge: 1h }
`;

const NOTHING: Asked = { status: 0, cache: '', key: '', version: '', rows: [] };

export function sqlPromises(subject: SqlSubject): void {
  let stage: SqlStage<SubjectDatabase>;

  beforeEach(async () => {
    const db = await subject.open();
    stage = await SqlStage.open(db, { datasets: DATASETS, source: 'adhoc: true, maxConcurrentProbes: 1' });
    await db.commit(
      'create table e2e_orders (id int primary key, customer_id int not null, amount decimal(12,2))',
      'create table e2e_customers (id int primary key, name varchar(40))',
      'create view e2e_open_orders as select id, amount from e2e_orders where amount < 100',
    );
    await db.commit(
      `insert into e2e_orders select seq, mod(seq, 3), seq + 0.5 from ${subject.series(3000)}`,
      `insert into e2e_customers select seq - 1, concat('customer ', seq) from ${subject.series(3)}`,
    );
  });

  afterEach(async () => {
    await stage[Symbol.asyncDispose]();
  });

  /** Runs `act` and tells how often the statement with this in it ran meanwhile. */
  async function executionsDuring(fragment: string, act: () => Promise<unknown>): Promise<number> {
    const before = await stage.db.executions(fragment);
    await act();
    return (await stage.db.executions(fragment)) - before;
  }

  const jsonOf = async (path: string): Promise<unknown> => await (await stage.get(path)).json();

  describe('a statement over one table', () => {
    test('is run once when it is cold, not at all while the table stays as it is, and again after a commit', async () => {
      await stage.startWorker();
      let asked = NOTHING;
      const ask = async (): Promise<void> => {
        asked = await stage.ask('orders');
      };
      const cold = await executionsDuring('m_orders', ask);
      expect([asked.status, asked.cache, cold]).toEqual([200, 'fwd=miss', 1]);
      expect(asked.rows[0]).toEqual({ id: 1, customer_id: 1, amount: 1.5, m_orders: 1 });

      const warm = await executionsDuring('m_orders', ask);
      expect([asked.cache, warm]).toEqual(['hit; detail=revalidated', 0]);

      await stage.db.commit('update e2e_orders set amount = 9.25 where id = 1');
      const changed = await executionsDuring('m_orders', ask);
      expect([asked.cache, asked.rows[0]?.['amount'], changed]).toEqual(['fwd=miss', 9.25, 1]);
    });

    test('a change that was not committed, or was taken back, is nobody else’s', async () => {
      await stage.startWorker();
      const before = await stage.ask('orders');
      const loads = await executionsDuring('m_orders', async () => {
        await stage.db.rolledBack('update e2e_orders set amount = 0', async () => {
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
      expect(first.version).toMatch(/e2e_customers=.*e2e_orders=/);
      await stage.db.commit("update e2e_customers set name = 'somebody else' where id = 1");
      const loads = await executionsDuring('m_joined', async () => {
        expect((await stage.ask('joined')).rows[0]).toMatchObject({ id: 1, name: 'somebody else' });
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
      const probes = await executionsDuring(subject.versionQuery('e2e_orders'), async () => {
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
    await stage.db.commit('update e2e_orders set customer_id = 2 where id = 3');
    const loads = await executionsDuring('m_joined', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, async () => await stage.ask('joined')));
      expect(new Set(answers.map(({ version }) => version)).size).toBe(1);
      expect(answers.every(({ rows }) => rows[2]?.['name'] === 'customer 3')).toBe(true);
    });
    expect(loads).toBe(1);
  });

  test('a view is versioned by its table, and an invalidation of the table reaches who reads only the view', async () => {
    await stage.startWorker();
    const first = await stage.ask('through_view');
    expect(first.rows).toHaveLength(99);
    await stage.db.commit('update e2e_orders set amount = 7 where id = 1');
    expect((await stage.ask('through_view')).cache, 'an hour old is allowed').toMatch(/^hit/);

    const response = await stage.post('/v1/invalidate', { source: 'db', table: 'e2e_orders', mode: 'soft' });
    expect(response.status).toBe(200);
    const after = await stage.ask('through_view');
    expect([after.cache, after.rows[0]]).toEqual(['fwd=miss', { id: 1, amount: 7, m_view: 1 }]);
  });

  test('explain tells of each table what it was read at and what a probe found since; no bind value', async () => {
    await stage.startWorker();
    const sql = 'select o.id from e2e_orders o join e2e_customers c on c.id = o.customer_id where o.amount > :least';
    const least = 0.125_987;
    const { key } = await stage.query({ source: 'db', sql, binds: { least } });
    const explain = async () => (await jsonOf(`/v1/entries/${key}/explain`)) as Explained;
    const before = await explain();
    const tables = [stage.db.label('e2e_customers'), stage.db.label('e2e_orders')];
    expect(before).toMatchObject({
      versionedBy: subject.tracks,
      tables,
      constructs: [],
      snapshot: { consistency: 'exact' },
    });
    expect(before.parts.map(({ part }) => part)).toEqual(tables);

    await stage.db.commit("update e2e_customers set name = 'other' where id = 1");
    expect((await stage.query({ source: 'db', sql, binds: { least } })).cache).toBe('fwd=miss');
    const after = await explain();
    expect(after.parts.map(({ changed }) => changed)).toEqual([false, false]);
    expect(after.parts[0]?.headVersion).not.toBe(before.parts[0]?.headVersion);
    expect(after.parts[1]?.headVersion).toBe(before.parts[1]?.headVersion);
    expect(JSON.stringify([before, after])).not.toContain(String(least));
  });

  describe('SQL that nobody declared', () => {
    test('is answered where the source allows it, and spelled otherwise is the same entry', async () => {
      await stage.startWorker();
      const binds = { customer: 2, least: { type: 'integer', value: '10' } };
      const sql =
        "select id, 'A  b' as text, 1 as m_adhoc from e2e_orders where customer_id = :customer and id > :least";
      const loads = await executionsDuring('m_adhoc', async () => {
        const first = await stage.query({ source: 'db', sql, binds });
        expect(first).toMatchObject({ status: 200, cache: 'fwd=miss' });
        expect(first.rows).toHaveLength(997);
        const tail = ' -- orders\n WHERE customer_id=:Customer AND id>:Least;';
        const spelled = `SELECT\n id , 'A  b' AS text,1 AS m_adhoc /* all */ FROM e2e_orders${tail}`;
        const asFirst = (text: string): string => text.replaceAll(/\b[A-Z]{2,}\b/g, (word) => word.toLowerCase());
        const respelled = { source: 'db', sql: subject.foldsCase ? spelled : asFirst(spelled), binds };
        const second = await stage.query(respelled);
        expect([second.key, second.cache]).toEqual([first.key, 'hit; detail=revalidated']);
        const other = await stage.query({ source: 'db', sql: sql.replace('A  b', 'A b'), binds });
        expect(other.key, 'white space in a text is no spelling').not.toBe(first.key);
      });
      expect(loads).toBe(2);
    });

    test('takes binds of every type as they are, by name and by position', async () => {
      await stage.startWorker();
      const { db } = stage;
      await db.commit(
        'create table e2e_binds (s varchar(9), i bigint, n decimal(9,3), b boolean, d date, t timestamp(6) null)',
      );
      await db.commit("insert into e2e_binds values ('it''s', 9007199254740993, 0.5, true, '2026-01-31', null)");
      const sql = 'select s from e2e_binds where s = :s and i = :i and n = :n and b = :b and d = :d';
      const named = {
        s: "it's",
        i: { type: 'integer', value: '9007199254740993' },
        n: 0.5,
        b: true,
        d: { type: 'date', value: '2026-01-31' },
      };
      const first = await stage.query({ source: 'db', sql, binds: named });
      expect(first).toMatchObject({ cache: 'fwd=miss', rows: [{ s: "it's" }] });
      const again = await stage.query({ source: 'db', sql: `${sql};`, binds: Object.values(named) });
      expect(again).toMatchObject({ cache: 'hit; detail=revalidated', key: first.key });
      const other = { ...named, i: { type: 'integer', value: '9007199254740992' } };
      expect((await stage.query({ source: 'db', sql, binds: other })).rows).toEqual([]);
    });

    test('is refused where it cannot be tracked: the construct is named, and what to set', async () => {
      const response = await stage.post('/v1/query', { source: 'db', sql: 'select id, now() from e2e_orders' });
      expect(response.status).toBe(422);
      const { code, detail } = await problemOf(response);
      expect([code, detail]).toEqual(['PQ_UNTRACKABLE', expect.stringMatching(/now/i)]);
      expect(detail).toMatch(/ttl|refresh-key/);
    });

    test('is refused where it is anything but one query', async () => {
      for (const sql of ['delete from e2e_orders', 'select 1; select 2', 'select * from e2e_orders for update']) {
        const response = await stage.post('/v1/query', { source: 'db', sql });
        expect([sql, response.status]).toEqual([sql, 400]);
      }
    });

    test('reaches the database’s own words where that refuses it', async () => {
      await stage.startWorker();
      const response = await stage.post('/v1/query', { source: 'db', sql: 'select nothing_such from e2e_orders' });
      expect(response.status).toBe(502);
      const { code, detail } = await problemOf(response);
      expect([code, detail]).toEqual(['PQ_SOURCE_REJECTED', expect.stringContaining('nothing_such')]);
    });
  });
}

interface Explained {
  readonly parts: readonly {
    readonly part: string;
    readonly headVersion: string | null;
    readonly changed: boolean | null;
  }[];
}

/**
 * What goes wrong between a worker and a real database: sessions that are killed, workers that die, callers who give up,
 * loads that take too long, servers that are away. One suite for every product (sql-subject.ts).
 */
import { afterEach, describe, expect, test } from 'vitest';
import { problemOf } from './api-stage.ts';
import { SqlStage, type StageOptions } from './sql-stage.ts';
import type { SqlSubject, SubjectDatabase, SubjectOptions } from './sql-subject.ts';

const ROWS = 5000;
/** Statements are counted by a column's name. */
const GATED = 'm_gated';

export function sqlTroubles(subject: SqlSubject): void {
  let stage: SqlStage<SubjectDatabase>;

  afterEach(async () => {
    await stage.db.openGate();
    await stage[Symbol.asyncDispose]();
  });

  async function open(options: Partial<StageOptions> & SubjectOptions = {}): Promise<void> {
    const db = await subject.open(options);
    const gated = `select id, word, case when id = 3000 then ${db.gate} end as ${GATED} from trouble order by id`;
    const datasets = `
  words: { source: db, sql: "select id, word from trouble order by id" }
  relaxed: { source: db, sql: "select id, word from trouble order by id", freshness: { staleIfError: 1h } }
  gated: { source: db, sql: "${gated}", freshness: { version: ttl, maxAge: 1h } }
`;
    stage = await SqlStage.open(db, { datasets, ...options });
    await db.commit('create table trouble (id int primary key, word varchar(20))');
    await db.commit(`insert into trouble select seq, concat('word ', seq) from ${subject.series(ROWS)}`);
  }

  async function countRows(dataset: string): Promise<number> {
    const rows = await rowsOrCode(dataset);
    if (typeof rows === 'string') throw new Error(rows);
    return rows;
  }

  /** The rows, or the code of the refusal. */
  async function rowsOrCode(dataset: string): Promise<number | string> {
    const response = await stage.get(`/v1/datasets/${dataset}.parquet`);
    if (response.status !== 200) return (await problemOf(response)).code;
    await response.arrayBuffer();
    return Number(response.headers.get('parqueue-rows'));
  }

  /** Whoever loads `gated` while the gate is closed comes to stand in the middle of its rows. */
  async function gateReached(): Promise<void> {
    await expect.poll(running).toBe(1);
  }

  const running = async (): Promise<number> => await stage.db.running(GATED);
  const sessions = async (): Promise<number> => await stage.db.sessions();

  /** The address of the one load of `gated`; empty before there is one. */
  async function theFill(): Promise<string> {
    const { fills } = (await (await stage.get('/v1/fills')).json()) as {
      fills: readonly { readonly kind: string; readonly dataset: string | null; readonly url: string }[];
    };
    return fills.find(({ kind, dataset }) => kind === 'fill' && dataset === 'gated')?.url ?? '';
  }

  describe('a load in trouble', () => {
    test('whose session is killed in the middle of the rows starts again whole: the caller gets all of them', async () => {
      await open();
      await stage.startWorker();
      await stage.db.closeGate();
      const asked = countRows('gated');
      await gateReached();
      expect(await stage.db.killSessions()).toBeGreaterThan(0);
      await stage.db.openGate();
      expect(await asked).toBe(ROWS);
    });

    test('whose worker is killed in the middle of the rows: its sessions end at the server, and the next worker loads', async () => {
      await open({ mortal: true });
      const doomed = await stage.startWorker();
      await stage.db.closeGate();
      const asked = countRows('gated');
      await gateReached();
      expect(await sessions()).toBeGreaterThan(0);
      await doomed.kill();
      await stage.db.openGate();
      await expect.poll(sessions).toBe(0);
      await stage.startWorker();
      expect(await asked).toBe(ROWS);
    });

    test('that is cancelled ends at the server too, and the next ask loads', async () => {
      await open();
      await stage.startWorker();
      await stage.db.closeGate();
      expect((await stage.get('/v1/datasets/gated/data', { prefer: 'respond-async' })).status).toBe(202);
      await gateReached();
      const fill = await theFill();
      expect((await stage.get(fill, {}, 'DELETE')).status).toBe(202);
      await expect.poll(running).toBe(0);
      await expect
        .poll(async () => (await (await stage.get(fill)).json()) as unknown)
        .toMatchObject({ state: 'finished', outcome: { kind: 'cancelled' } });
      await stage.db.openGate();
      expect(await countRows('gated')).toBe(ROWS);
    });

    test('that takes longer than its limit ends with PQ_FILL_TIMEOUT, and its statement ends at the server', async () => {
      await open({ more: 'limits: { fillTimeout: 10s }' });
      await stage.startWorker();
      // A worker that has asked before has its threads and sessions: the limit is spent on the statement.
      await rowsOrCode('words');
      await stage.db.closeGate();
      expect((await stage.get('/v1/datasets/gated/data', { prefer: 'respond-async' })).status).toBe(202);
      await expect.poll(theFill).not.toBe('');
      const fill = await theFill();
      await expect
        .poll(async () => (await (await stage.get(fill)).json()) as unknown)
        .toMatchObject({ state: 'finished', outcome: { kind: 'failed', failure: { code: 'PQ_FILL_TIMEOUT' } } });
      await expect.poll(running).toBe(0);
    });
  });

  describe('sessions between two asks', () => {
    test('that died while nobody used them are replaced, and no caller notices', async () => {
      await open();
      await stage.startWorker();
      expect(await countRows('words')).toBe(ROWS);
      expect(await stage.db.killSessions()).toBeGreaterThan(0);
      expect((await stage.ask('words')).cache).toBe('hit; detail=revalidated');
      await stage.db.commit('delete from trouble where id = 1');
      await stage.db.killSessions();
      expect(await countRows('words')).toBe(ROWS - 1);
    });

    test('are given back: fifty asks and five loads need no more than a few, and none is left when the worker drains', async () => {
      await open();
      const worker = await stage.startWorker();
      for (let round = 0; round < 5; round += 1) {
        await stage.db.commit(`update trouble set word = 'round ${round}' where id = 1`);
        const rounds = await Promise.all(Array.from({ length: 10 }, async () => await stage.ask('words')));
        expect(rounds.every(({ rows }) => rows[0]?.['word'] === `round ${round}`)).toBe(true);
      }
      // Two threads with a pool of four each, and as many for probes.
      expect(await sessions()).toBeLessThanOrEqual(16);
      expect(await worker.terminate()).toBe(0);
      await expect.poll(sessions).toBe(0);
    });
  });

  describe('a database that refuses', () => {
    test('a wrong password is 502 in its own words, at once, and no secret stands anywhere', async () => {
      const wrong = 'not the password 7f3a';
      await open({ password: wrong });
      await stage.startWorker();
      const response = await stage.get('/v1/datasets/words.parquet');
      expect(response.status).toBe(502);
      const text = await response.text();
      expect(text).toMatch(subject.wrongPassword);
      expect(text).toContain('PQ_SOURCE_REJECTED');
      const said = `${text}\n${await stage.everythingSaid()}\n${await (await stage.get('/v1/sources')).text()}`;
      expect(said).not.toContain(wrong);
      expect(said).not.toContain(stage.db.password);
    });

    test('binds stand in no log, whatever becomes of the statement', async () => {
      await open({ source: 'adhoc: true' });
      await stage.startWorker();
      const secret = 'bind 51c9';
      for (const [column, status] of [
        ['id', 200],
        ['nothing', 502],
      ] as const) {
        const sql = `select ${column} from trouble where word = :w`;
        const response = await stage.post('/v1/query', { source: 'db', sql, binds: { w: secret } });
        expect([sql, response.status]).toEqual([sql, status]);
        if (status === 200) await response.arrayBuffer();
        else expect(await response.text()).not.toContain(secret);
      }
      expect(await stage.everythingSaid()).not.toContain(secret);
    });
  });

  describe.skipIf(!subject.mayOwn)(subject.mayOwn ? 'a server' : 'a server (skipped: none can be started)', () => {
    test('that is away cools down: callers hear so at once or get an old answer, marked, and it is asked again when it is back', async () => {
      await open({ own: true });
      await stage.startWorker();
      expect([await countRows('relaxed'), await countRows('words')]).toEqual([ROWS, ROWS]);
      await stage.db.down();
      const answers: string[] = [];
      for (let ask = 0; ask < 5; ask += 1) {
        if (ask === 3) await stage.coolUntil(Date.now() + 600_000);
        const response = await stage.get('/v1/datasets/words.parquet');
        const { code, detail } = await problemOf(response);
        const cools = /cools down/.test(detail);
        if (cools) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
        answers.push(`${response.status} ${code} ${cools ? 'cools down' : 'unreachable'}`);
      }
      expect(answers).toEqual([
        ...Array.from({ length: 3 }, () => '503 PQ_SOURCE_UNAVAILABLE unreachable'),
        ...Array.from({ length: 2 }, () => '503 PQ_SOURCE_UNAVAILABLE cools down'),
      ]);
      const relaxed = await stage.ask('relaxed');
      expect([relaxed.status, relaxed.rows[0]]).toEqual([200, { id: 1, word: 'word 1' }]);
      expect(relaxed.cache).toMatch(/fwd=stale/);

      await stage.db.comeBack();
      await stage.coolUntil(1);
      await stage.db.commit("update trouble set word = 'back' where id = 1");
      const first = async (): Promise<unknown> => (await stage.ask('words')).rows[0];
      await expect.poll(first).toEqual({ id: 1, word: 'back' });
    });

    // How soon is soon depends on the machine: a load tries again for about a second, then its caller is told 503.
    test('that crashes in the middle of the rows and is back soon: the caller gets all of them, or is told to ask again', async () => {
      await open({ own: true });
      await stage.startWorker();
      await stage.db.closeGate();
      const asked = rowsOrCode('gated');
      await gateReached();
      await stage.db.down();
      await stage.db.openGate();
      await stage.db.comeBack();
      expect(await asked).toSatisfy((answer) => answer === ROWS || answer === 'PQ_SOURCE_UNAVAILABLE');
      await expect.poll(async () => await rowsOrCode('gated')).toBe(ROWS);
    });
  });
}

/**
 * What goes wrong between a worker and its database: wrong passwords, sessions that die, workers that die, callers who
 * give up, databases that are away or left in peace. Faults are made at the server, so these run on ours only.
 */
import { afterEach, describe, expect, test } from 'vitest';
import {
  faultyEngine,
  OraError,
  type ArmedFault,
  type Engine,
  type FaultAction,
  type FaultyEngine,
} from '@parqueue/oracle-server';
import { problemOf } from './api-stage.ts';
import { REAL_DATABASE } from './oracle-database.ts';
import { openOracleStage, type OracleStage, type OracleStageOptions } from './oracle-stage.ts';

const HINT = '/*+ trouble */';
const ROWS = 5000;
const STATEMENT = `select ${HINT} id, word from trouble order by id`;
const DATASETS = `
  words: { source: db, sql: "${STATEMENT}" }
  relaxed: { source: db, sql: "${STATEMENT}", freshness: { version: rowscn, staleIfError: 1h } }
`;

let stage: OracleStage;
let engine: FaultyEngine;
/** Breaks that reached a running statement. */
let interrupts: number;

afterEach(async () => {
  engine.disarmAll();
  await stage[Symbol.asyncDispose]();
});

async function open(options: Partial<OracleStageOptions> = {}): Promise<void> {
  interrupts = 0;
  const around = (inner: Engine): Engine => (engine = faultyEngine(countingBreaks(inner)));
  stage = await openOracleStage({ datasets: DATASETS, around, ...options });
  await stage.db.commit(
    'CREATE TABLE trouble (id NUMBER(9) NOT NULL, word VARCHAR2(20)) ROWDEPENDENCIES',
    `INSERT INTO trouble SELECT LEVEL, 'word ' || LEVEL FROM DUAL CONNECT BY LEVEL <= ${ROWS}`,
  );
}

function countingBreaks(inner: Engine): Engine {
  return {
    close: async () => await inner.close(),
    open: async (user) => {
      const session = await inner.open(user);
      const interrupt = session.interrupt.bind(session);
      session.interrupt = () => {
        interrupts += 1;
        interrupt();
      };
      return session;
    },
  };
}

/** In the middle of the load's rows. */
function armed(action: FaultAction, times = 1): ArmedFault {
  return engine.arm({ statements: (sql) => sql.includes(HINT), at: { afterRows: 1500 }, action, times });
}

/** Sessions of workers; the test's own has another program name. */
function workerSessions(): number {
  return stage.db.server.sessions().filter(({ program }) => program === 'parqueue').length;
}

/** The address of the one load that runs. A cold ask is a probe first, which hands on to it. */
async function runningFill(): Promise<string> {
  const { fills } = (await (await stage.get('/v1/fills?state=running')).json()) as {
    fills: readonly { readonly kind: string; readonly url: string }[];
  };
  return fills.find(({ kind }) => kind === 'fill')?.url ?? '';
}

async function countRows(dataset = 'words'): Promise<number> {
  const response = await stage.get(`/v1/datasets/${dataset}.parquet`);
  if (response.status !== 200) throw new Error(await response.text());
  await response.arrayBuffer();
  return Number(response.headers.get('parqueue-rows'));
}

describe.skipIf(REAL_DATABASE !== null)('a load in trouble', () => {
  test('a session killed in the middle of the rows: the load starts again whole, and the caller gets all of them', async () => {
    await open();
    const fault = armed({ kind: 'hold' });
    await stage.startWorker();
    const asked = countRows();
    await fault.reached;
    const killing = stage.db.server.killSessions(({ program }) => program === 'parqueue');
    fault.disarm();
    await killing;
    expect(await asked).toBe(ROWS);
    expect(await stage.db.executions(HINT)).toBe(2);
  });

  test('ORA-01555 in the middle of the rows: rows of two moments are never mixed, the load starts again whole', async () => {
    await open();
    const error = new OraError(1555, 'snapshot too old: rollback segment number 9 with name "X" too small');
    const fault = armed({ kind: 'error', error });
    await stage.startWorker();
    expect([await countRows(), fault.hits]).toEqual([ROWS, 1]);
    expect(await stage.db.executions(HINT)).toBe(2);
  });

  test('a worker killed in the middle of the rows: its session is gone at the server, and the next worker loads', async () => {
    await open({ mortal: true });
    const fault = armed({ kind: 'hold' });
    const doomed = await stage.startWorker();
    const asked = countRows();
    await fault.reached;
    expect(workerSessions()).toBeGreaterThan(0);
    await doomed.kill();
    fault.disarm();
    await expect.poll(workerSessions).toBe(0);
    await stage.startWorker();
    expect(await asked).toBe(ROWS);
    expect(await stage.db.executions(HINT)).toBe(2);
  });

  test('a load that is cancelled: the break reaches the statement at the server, and the next ask loads', async () => {
    await open();
    const fault = armed({ kind: 'hold' });
    await stage.startWorker();
    const asked = stage.get('/v1/datasets/words/data', { prefer: 'respond-async' });
    await fault.reached;
    const told = await asked;
    expect(told.status).toBe(202);
    const fill = await runningFill();
    // The address may be that of the probe which began the fill: giving it up gives up the fill.
    expect((await stage.get(told.headers.get('location') ?? '', {}, 'DELETE')).status).toBe(202);
    await expect.poll(() => interrupts).toBe(1);
    await expect
      .poll(async () => (await (await stage.get(fill)).json()) as unknown)
      .toMatchObject({ state: 'finished', outcome: { kind: 'cancelled' } });
    expect(await countRows()).toBe(ROWS);
  });
});

describe.skipIf(REAL_DATABASE !== null)('sessions between two asks', () => {
  test('that died while nobody used them are replaced, and no caller notices', async () => {
    await open();
    await stage.startWorker();
    expect(await countRows()).toBe(ROWS);
    expect(await stage.db.server.killSessions(({ program }) => program === 'parqueue')).toBeGreaterThan(0);
    expect((await stage.ask('words')).cache).toBe('hit; detail=revalidated');
    await stage.db.commit('DELETE FROM trouble WHERE id = 1');
    await stage.db.server.killSessions(({ program }) => program === 'parqueue');
    expect(await countRows()).toBe(ROWS - 1);
  });

  test('are given back: fifty asks and five loads need no more than a few', async () => {
    await open();
    await stage.startWorker();
    for (let round = 0; round < 5; round += 1) {
      await stage.db.commit(`UPDATE trouble SET word = 'round ${round}' WHERE id = 1`);
      const rounds = await Promise.all(Array.from({ length: 10 }, async () => await stage.ask('words')));
      expect(rounds.every(({ rows }) => rows[0]?.['WORD'] === `round ${round}`)).toBe(true);
    }
    // Two threads with a pool of four each.
    expect(workerSessions()).toBeLessThanOrEqual(8);
    expect(stage.db.server.counters.defects, 'mistakes of the server or its engine').toBe(0);
  });
});

describe.skipIf(REAL_DATABASE !== null)('a database that refuses', () => {
  test('a wrong password is 502 with ORA-01017, at once, and no secret stands anywhere', async () => {
    const wrong = 'not the password 7f3a';
    await open({ password: wrong });
    await stage.startWorker();
    const response = await stage.get('/v1/datasets/words.parquet');
    expect(response.status).toBe(502);
    const text = await response.text();
    expect(text).toContain('ORA-01017');
    expect(text).toContain('PQ_SOURCE_REJECTED');
    const said = `${text}\n${await stage.everythingSaid()}\n${await (await stage.get('/v1/sources')).text()}`;
    expect(said).not.toContain(wrong);
    expect(said).not.toContain(stage.db.password);
  });

  test('binds stand in no log, whatever becomes of the statement', async () => {
    await open({ source: 'adhoc: true' });
    await stage.startWorker();
    const secret = 'bind 51c9';
    for (const sql of ['select id from trouble where word = :w', 'select nothing from trouble where word = :w']) {
      const response = await stage.post('/v1/query', { source: 'db', sql, binds: { w: secret } });
      expect([sql, response.status]).toEqual([sql, sql.includes('nothing') ? 502 : 200]);
      if (response.status !== 200) expect(await response.text()).not.toContain(secret);
      else await response.arrayBuffer();
    }
    expect(await stage.everythingSaid()).not.toContain(secret);
  });
});

describe.skipIf(REAL_DATABASE !== null)('a database that is left in peace', () => {
  test('a paused source is not asked: who allows age after errors gets the old answer, marked; others hear why', async () => {
    await open();
    await stage.startWorker();
    expect([await countRows('relaxed'), await countRows('words')]).toEqual([ROWS, ROWS]);
    await stage.db.commit("UPDATE trouble SET word = 'new' WHERE id = 1");
    expect((await stage.post('/v1/sources/db/pause')).status).toBe(200);
    const before = await stage.db.executions('ORA_ROWSCN');

    const relaxed = await stage.ask('relaxed');
    expect([relaxed.status, relaxed.rows[0]]).toEqual([200, { ID: 1, WORD: 'word 1' }]);
    expect(relaxed.cache).toMatch(/fwd=stale/);
    const strict = await stage.get('/v1/datasets/words.parquet');
    expect([strict.status, (await problemOf(strict)).code]).toEqual([503, 'PQ_SOURCE_PAUSED']);
    expect(await stage.db.executions('ORA_ROWSCN')).toBe(before);

    expect((await stage.post('/v1/sources/db/resume')).status).toBe(200);
    expect((await stage.ask('words')).rows[0]).toEqual({ ID: 1, WORD: 'new' });
  });

  test('a database that is away cools down: callers hear so at once, it is not hammered, and asked again when it is back', async () => {
    await open();
    await stage.startWorker();
    await countRows('relaxed');
    const { server } = stage.db;
    await server.close();
    const answers: string[] = [];
    for (let ask = 0; ask < 5; ask += 1) {
      if (ask === 3) await stage.coolUntil(Date.now() + 600_000);
      const { status, headers, detail } = await failureOf('words');
      answers.push(`${status} ${/cools down/.test(detail) ? 'cools down' : 'unreachable'}`);
      if (/cools down/.test(detail)) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(answers).toEqual([
      '503 unreachable',
      '503 unreachable',
      '503 unreachable',
      '503 cools down',
      '503 cools down',
    ]);
    const relaxed = await stage.ask('relaxed');
    expect([relaxed.status, relaxed.rows.length > 0]).toEqual([200, true]);
    expect(relaxed.cache).toMatch(/fwd=stale/);

    await stage.db.comeBack();
    await stage.coolUntil(1);
    await stage.db.commit("UPDATE trouble SET word = 'back' WHERE id = 1");
    const first = async (): Promise<unknown> => (await stage.ask('words')).rows[0];
    await expect.poll(first).toEqual({ ID: 1, WORD: 'back' });
  });
});

async function failureOf(dataset: string): Promise<{ status: number; headers: Headers; detail: string }> {
  const response = await stage.get(`/v1/datasets/${dataset}.parquet`);
  const { code, detail } = await problemOf(response);
  expect(code).toBe('PQ_SOURCE_UNAVAILABLE');
  return { status: response.status, headers: response.headers, detail };
}

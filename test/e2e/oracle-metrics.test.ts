/** What a worker tells of the databases it asks: questions, connections, and that one cools down. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { REAL_DATABASE } from './oracle-database.ts';
import { openOracleStage, type OracleStage } from './oracle-stage.ts';

const OF_DB = { source: 'db' };

let stage: OracleStage;

beforeEach(async () => {
  stage = await openOracleStage({ datasets: '  counted: { source: db, sql: "select id from counted order by id" }' });
  await stage.db.fresh('TABLE', 'counted', 'CREATE TABLE counted (id NUMBER(9) NOT NULL) ROWDEPENDENCIES');
  await stage.db.commit('INSERT INTO counted SELECT LEVEL FROM DUAL CONNECT BY LEVEL <= 10');
});

afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

describe.skipIf(REAL_DATABASE !== null)('a worker', () => {
  test('tells of questions and loads, of connections it keeps, of a database that cools down, and logs off when it drains', async () => {
    const worker = await stage.startWorker();
    const statements = (kind: string) => worker.metric('parqueue_source_statements_total', { ...OF_DB, kind });
    expect((await stage.ask('counted')).rows).toHaveLength(10);
    expect((await stage.ask('counted')).rows).toHaveLength(10);
    expect([await statements('load'), await statements('probe')]).toEqual([1, 1]);
    const idle = () => worker.metric('parqueue_source_connections', { ...OF_DB, state: 'idle' });
    await expect.poll(idle).toBeGreaterThan(0);

    const { server } = stage.db;
    const sessions = () => server.sessions().filter(({ program }) => program === 'parqueue').length;
    expect(sessions()).toBeGreaterThan(0);
    expect(await worker.terminate()).toBe(0);
    await expect.poll(sessions).toBe(0);

    const next = await stage.startWorker();
    await server.close();
    for (let ask = 0; ask < 4; ask += 1) {
      if (ask === 3) await stage.coolUntil(Date.now() + 600_000);
      expect((await stage.ask('counted')).status).toBe(503);
    }
    expect(await next.metric('parqueue_source_cooling', OF_DB)).toBe(1);
    expect(await next.metric('parqueue_source_statements_total', { ...OF_DB, kind: 'probe' })).toBe(3);
  });
});

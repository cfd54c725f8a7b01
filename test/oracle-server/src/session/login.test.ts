/** Who gets in, who does not, and what both are told. */
import oracledb from 'oracledb';
import { describe, expect, test } from 'vitest';
import { failureOf, numbered, startFixture } from '../testing/fixture.ts';

const answers = (): ReturnType<typeof numbered> => numbered(3);

describe.each(['11g', '12c'] as const)('with the verifier of %s', (verifier) => {
  test('a user logs on, is told the server version, and causes no statement', async () => {
    await using fixture = await startFixture(answers, { verifier });
    const connection = await fixture.connect();
    expect(connection.oracleServerVersionString).toBe('19.3.0.0.0');
    expect(fixture.engine.events).toEqual(['open APP']);
    expect(fixture.server.counters.executionsTotal).toBe(0);
    expect(fixture.server.sessions()).toMatchObject([{ id: 1, user: 'APP' }]);
  });

  test('names and passwords beyond ASCII are the same on both sides', async () => {
    const users = { ŽLUŤ: 'kůň ☃ 🦄', '"Mixed"': 'p' };
    await using fixture = await startFixture(answers, { verifier, users });
    await fixture.connect({ user: 'žluť', password: 'kůň ☃ 🦄' });
    await fixture.connect({ user: '"Mixed"', password: 'p' });
    expect(fixture.engine.events).toEqual(['open ŽLUŤ', 'open Mixed']);
    await failureOf(fixture.connect({ user: 'mixed', password: 'p' }));
  });

  test('a wrong password and an unknown user are told the same', async () => {
    await using fixture = await startFixture(answers, { verifier });
    const wrong = await failureOf(fixture.connect({ password: 'Secret' }));
    const empty = await failureOf(fixture.connect({ password: 'secret ' }));
    const unknown = await failureOf(fixture.connect({ user: 'nobody' }));
    expect(wrong.code).toBe('ORA-01017');
    expect([unknown.message, empty.message]).toEqual([wrong.message, wrong.message]);
    expect(fixture.engine.events).toEqual([]);
  });
});

test('another service, another SID and no server are told apart', async () => {
  await using fixture = await startFixture(answers);
  const { host, port } = fixture.server;
  const other = await failureOf(fixture.connect({ connectString: `${host}:${port}/OTHER` }));
  const sid = `(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=${host})(PORT=${port}))(CONNECT_DATA=(SID=OTHER)))`;
  expect(other.code).toBe('NJS-518');
  expect((await failureOf(fixture.connect({ connectString: sid }))).code).toBe('NJS-519');
  await fixture.connect({ connectString: sid.replace('OTHER', 'parq') });
  await fixture.server.close();
  expect((await failureOf(fixture.connect())).code).toBe('NJS-503');
});

test('connect data fits into its packet up to 230 bytes and follows it above, both are read', async () => {
  await using fixture = await startFixture(answers);
  const { host, port } = fixture.server;
  for (const program of ['p', 'p'.repeat(20), 'p'.repeat(60), 'p'.repeat(120)]) {
    for (let pad = 0; pad < 6; pad += 1) {
      const address = `(ADDRESS=(PROTOCOL=TCP)(HOST=${host})(PORT=${port}))`;
      const data = `(CONNECT_DATA=(SERVICE_NAME=PARQ)(PAD=${program}${'q'.repeat(pad)}))`;
      const connection = await fixture.connect({ connectString: `(DESCRIPTION=${address}${data})` });
      await connection.close();
    }
  }
  expect(fixture.server.counters.sessionsTotal).toBe(24);
});

test('a pool of 8 serves 40 tasks, pings, and replaces a session that was killed', async () => {
  await using fixture = await startFixture(answers);
  const pool = await oracledb.createPool({
    user: 'app',
    password: 'secret',
    connectString: fixture.server.connectString,
    poolMin: 0,
    poolMax: 8,
    poolPingInterval: 0,
  });
  const task = async (): Promise<number> => {
    const connection = await pool.getConnection();
    const { rows } = await connection.execute('select * from t');
    await connection.close();
    return rows?.length ?? 0;
  };
  expect(await Promise.all(Array.from({ length: 40 }, task))).toEqual(Array.from({ length: 40 }, () => 3));
  expect(fixture.server.counters.sessionsNow).toBeLessThanOrEqual(8);
  await fixture.server.killSessions();
  expect(fixture.server.counters.sessionsNow).toBe(0);
  expect(await task()).toBe(3);
  await pool.close(0);
});

test('what a client tells of itself is seen, and changing it disturbs no call', async () => {
  await using fixture = await startFixture(answers);
  const connection = await fixture.connect();
  connection.module = 'fill';
  connection.action = 'probe';
  connection.clientId = 'worker-1';
  connection.clientInfo = 'x'.repeat(60);
  connection.dbOp = 'load';
  connection.ecid = 'context';
  connection.currentSchema = 'SALES';
  expect((await connection.execute('select * from t')).rows).toHaveLength(3);
  connection.action = 'rows';
  expect((await connection.execute('select * from t')).rows).toHaveLength(3);
  expect(fixture.engine.events).toContain('schema SALES');
  const [session] = fixture.server.sessions();
  expect(Object.fromEntries(session?.identity ?? [])).toMatchObject({
    module: 'fill',
    action: 'rows',
    clientIdentifier: 'worker-1',
  });
});

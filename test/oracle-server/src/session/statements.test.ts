/** Queries, their batches and their cursors; DML, transactions; through the driver. */
import oracledb from 'oracledb';
import { describe, expect, test } from 'vitest';
import { OraError } from '../engine.ts';
import { Cursors } from './cursors.ts';
import { column, failureOf, INTEGER, numbered, startFixture, TEXT, values } from '../testing/fixture.ts';

describe.each([false, true])('with bit vectors: %s', (bitVectors) => {
  test.each([
    [10, 0],
    [10, 2],
    [10, 10],
    [1, 1],
  ])('batches of %d after a prefetch of %d bring all rows in order', async (fetchArraySize, prefetchRows) => {
    await using fixture = await startFixture((sql) => numbered(Number(/\d+/.exec(sql)?.[0])), { bitVectors });
    const connection = await fixture.connect();
    for (const count of [0, 1, 9, 10, 11, 100]) {
      for (const run of [1, 2]) {
        const { rows } = await connection.execute(`select ${count}`, [], { fetchArraySize, prefetchRows });
        expect([run, rows]).toEqual([run, Array.from({ length: count }, (_, i) => [i, `text ${Math.floor(i / 3)}`])]);
      }
    }
  });

  test('a result set is read in batches of any size', async () => {
    await using fixture = await startFixture(() => numbered(2500), { bitVectors });
    const connection = await fixture.connect();
    const options = { resultSet: true, prefetchRows: 1000, fetchArraySize: 1000 };
    const { resultSet } = await connection.execute<number[]>('select', [], options);
    const seen: (number | undefined)[] = [];
    for (let rows = await resultSet!.getRows(1000); rows.length > 0; rows = await resultSet!.getRows(1000)) {
      seen.push(...rows.map(([n]) => n));
    }
    await resultSet!.close();
    expect(seen).toEqual(Array.from({ length: 2500 }, (_, i) => i));
  });
});

test('a result that is closed early is cancelled with the next call, and the statement runs again', async () => {
  await using fixture = await startFixture(() => numbered(1000));
  const connection = await fixture.connect();
  for (let i = 0; i < 3; i += 1) {
    const { resultSet } = await connection.execute('select', [], { resultSet: true, prefetchRows: 5 });
    expect(await resultSet!.getRows(2)).toHaveLength(2);
    await resultSet!.close();
    await connection.ping();
    expect(fixture.engine.openRowSources).toBe(0);
  }
  expect(fixture.server.counters.openCursors).toBe(1);
  expect(fixture.server.counters.executionsOf('select')).toBe(3);
});

test('a changed table is described again under a cached statement', async () => {
  let wide = false;
  const narrow = { columns: [column('A', INTEGER)], rows: [['1']] };
  const wider = { columns: [column('A', TEXT), column('B', INTEGER)], rows: [['x', '2']] };
  await using fixture = await startFixture(() => (wide ? wider : narrow));
  const connection = await fixture.connect();
  expect((await connection.execute('select')).rows).toEqual([[1]]);
  wide = true;
  const { rows, metaData } = await connection.execute('select');
  expect(rows).toEqual([['x', 2]]);
  expect(metaData?.map(({ name }) => name)).toEqual(['A', 'B']);
});

test('describing a statement runs nothing, with placeholders or without', async () => {
  await using fixture = await startFixture((sql) => (sql.startsWith('select') ? numbered(3) : {}));
  const connection = await fixture.connect();
  for (let i = 0; i < 2; i += 1) {
    const { metaData, bindNames } = await connection.getStatementInfo('select n from t where n = :a or n = :b');
    expect(metaData?.map(({ name, dbTypeName }) => [name, dbTypeName])).toEqual([
      ['N', 'NUMBER'],
      ['T', 'VARCHAR2'],
    ]);
    expect(bindNames).toEqual(['A', 'B']);
  }
  expect(await connection.getStatementInfo('insert into t values (:1)')).toMatchObject({ bindNames: ['1'] });
  expect(fixture.server.counters.executionsTotal).toBe(0);
});

test('cursor numbers are used again: 100,000 statements stay within 16 bits', async () => {
  const gauge = { openCursors: 0 };
  const cursors = new Cursors(gauge, 1000);
  const kept = Array.from({ length: 500 }, () => cursors.open('select').id);
  let highest = 0;
  for (let i = 0; i < 100_000; i += 1) {
    const { id } = cursors.open('select');
    highest = Math.max(highest, id);
    await cursors.close(id);
  }
  expect(highest).toBe(501);
  expect(new Set(kept).size).toBe(500);
  await cursors.closeAll();
  expect(gauge.openCursors).toBe(0);
});

test('a client that keeps no statements leaves none open', async () => {
  await using fixture = await startFixture(() => values(INTEGER, '1'), { openCursorsMax: 3 });
  const connection = await fixture.connect({ stmtCacheSize: 0 });
  for (let i = 0; i < 200; i += 1) await connection.execute('select');
  expect(fixture.server.counters.openCursors).toBeLessThanOrEqual(2);
});

test('statements beyond the allowed cursors are ORA-01000, and closing makes room', async () => {
  await using fixture = await startFixture(() => numbered(3), { openCursorsMax: 2 });
  const connection = await fixture.connect({ stmtCacheSize: 2 });
  const open = async (sql: string): Promise<oracledb.ResultSet<unknown>> =>
    (await connection.execute(sql, [], { resultSet: true })).resultSet!;
  const results = [await open('select 1'), await open('select 2')];
  expect((await failureOf(connection.execute('select 3'))).code).toBe('ORA-01000');
  for (const result of results) await result.close();
  expect((await connection.execute('select 4')).rows).toHaveLength(3);
});

test('executeMany counts its rows; commit, rollback and autoCommit reach the engine', async () => {
  await using fixture = await startFixture(() => ({}));
  const connection = await fixture.connect();
  const insert = 'insert into t values (:1, :2)';
  const rows = Array.from({ length: 500 }, (_, i) => [i, `row ${i}`]);
  for (let run = 0; run < 2; run += 1) expect((await connection.executeMany(insert, rows)).rowsAffected).toBe(500);
  expect(fixture.engine.binds).toHaveLength(1000);
  expect(fixture.engine.binds[999]).toEqual([
    { kind: 'number', value: '499' },
    { kind: 'text', value: 'row 499' },
  ]);
  await connection.commit();
  await connection.execute(insert, [1, 'x']);
  await connection.rollback();
  await connection.execute(insert, [1, 'x'], { autoCommit: true });
  await connection.execute(insert, [1, 'x'], { autoCommit: true });
  expect(fixture.engine.events.slice(1)).toEqual(['commit', 'rollback', 'commit', 'commit']);
});

test('an open transaction is rolled back when the session ends, in whatever way', async () => {
  await using fixture = await startFixture(() => ({}));
  const polite = await fixture.connect();
  await polite.execute('insert');
  await polite.close();
  await (await fixture.connect()).execute('insert');
  await fixture.server.killSessions();
  expect(fixture.engine.events).toEqual(['open APP', 'rollback', 'close', 'open APP', 'rollback', 'close']);
});

describe('errors', () => {
  test('carry number, text and offset, and the session goes on', async () => {
    await using fixture = await startFixture((sql) => (sql.includes('nowhere') ? null : numbered(1)));
    const connection = await fixture.connect();
    const error = await failureOf(connection.execute('select * from nowhere'));
    expect(error).toMatchObject({ code: 'ORA-00942', offset: 14 });
    expect(error.message).toContain('ORA-00942: table or view does not exist');
    expect((await connection.execute('select')).rows).toHaveLength(1);
    expect(fixture.server.counters.openCursors).toBe(1);
  });

  const numbers = [900, 904, 918, 933, 1001, 1008, 1426, 1456, 1476, 1555, 1722, 8181, 3001, 1007, 932];
  test.each(numbers)('ORA-%d in execution leaves the session usable', async (number) => {
    const error = new OraError(number, 'as told');
    let failing = true;
    await using fixture = await startFixture((sql) =>
      sql === 'select' && failing ? { ...numbered(1), error } : numbered(2),
    );
    const connection = await fixture.connect();
    expect((await failureOf(connection.execute('select'))).message).toContain('as told');
    expect((await connection.execute('select 2')).rows).toHaveLength(2);
    failing = false;
    expect((await connection.execute('select')).rows).toHaveLength(2);
  });

  test('amid fetching are never the end of the data, however many rows came before', async () => {
    const error = new OraError(1555, 'snapshot too old');
    for (const row of [0, 1, 50, 150, 1000]) {
      await using fixture = await startFixture(() => ({ ...numbered(5000), errorAt: { row, error } }));
      const connection = await fixture.connect();
      const failed = await failureOf(connection.execute('select', [], { fetchArraySize: 100, prefetchRows: 100 }));
      expect([row, failed.code]).toEqual([row, 'ORA-01555']);
      await connection.ping();
      await connection.close();
    }
  });

  test('of binds are told before anything runs', async () => {
    await using fixture = await startFixture(() => ({}));
    const connection = await fixture.connect();
    expect((await failureOf(connection.execute('insert :a, :b'))).code).toBe('NJS-098');
    const clob = { val: true, type: oracledb.DB_TYPE_JSON };
    expect((await failureOf(connection.execute('insert :1', [clob]))).code).toBe('ORA-03115');
    await connection.execute('insert :1', ['x']);
    expect(fixture.engine.binds).toHaveLength(1);
  });

  test('that end a session are told before its socket closes', async () => {
    const error = new OraError(28, 'your session has been killed', { fatal: true });
    await using fixture = await startFixture((sql) => (sql === 'die' ? { error } : numbered(1)));
    const connection = await fixture.connect();
    expect((await failureOf(connection.execute('die'))).message).toContain('NJS-500');
    expect(connection.isHealthy()).toBe(false);
  });

  test('that are no ORA errors are defects: told, counted, and no other session is touched', async () => {
    const told: unknown[] = [];
    const mistake = new TypeError('a mistake of the engine');
    const answers = (sql: string): ReturnType<typeof numbered> & { errorAt?: { row: number; error: Error } } =>
      sql === 'select bad' ? { ...numbered(5), errorAt: { row: 2, error: mistake } } : numbered(1);
    const fixture = await startFixture(answers, { onDefect: (error) => told.push(error) });
    const other = await fixture.connect();
    const connection = await fixture.connect();
    expect((await failureOf(connection.execute('select bad'))).message).toContain('NJS-500');
    expect((await other.execute('select good')).rows).toHaveLength(1);
    expect(told).toEqual([mistake]);
    expect(fixture.server.counters.defects).toBe(1);
    await other.close();
    await fixture.server.close();
  });
});

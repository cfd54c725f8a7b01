/** Row versions, transactions and what sessions see of each other. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EngineSession } from '../engine.ts';
import { ask, askOne, number, refusal } from '../testing/ask.ts';
import type { DuckDbEngine } from './duckdb.ts';
import { openDuckDbEngine } from './duckdb.ts';

let engine: DuckDbEngine;
let reader: EngineSession;
let writer: EngineSession;

const VERSION = 'SELECT COUNT(*), MAX(ORA_ROWSCN) FROM T';

beforeAll(async () => {
  engine = await openDuckDbEngine({ blockRows: 10 });
  reader = await engine.open('APP');
  writer = await engine.open('APP');
});
afterAll(() => engine.close());
beforeEach(async () => {
  await ask(reader, 'ROLLBACK');
  await ask(writer, 'ROLLBACK');
  await engine.script(
    `DROP TABLE IF EXISTS T; DROP TABLE IF EXISTS B; DROP TABLE IF EXISTS P; DROP TABLE IF EXISTS U;
     CREATE TABLE T (ID NUMBER(9), V VARCHAR2(10)) ROWDEPENDENCIES;
     INSERT INTO T SELECT LEVEL, 'v' || LEVEL FROM DUAL CONNECT BY LEVEL <= 20;`,
    'APP',
  );
});

test('uncommitted rows are seen by their own session only, until the commit', async () => {
  await ask(writer, `INSERT INTO T VALUES (21, 'new')`);
  await ask(writer, `UPDATE T SET V = 'changed' WHERE ID IN (1, 21)`);
  await ask(writer, 'DELETE FROM T WHERE ID = 2');
  expect(await askOne(writer, `SELECT COUNT(*) FROM T WHERE V = 'changed'`)).toBe('2');
  expect(await ask(writer, 'SELECT COUNT(*) FROM T')).toEqual([['20']]);
  expect(await askOne(reader, `SELECT COUNT(*) FROM T WHERE V = 'changed'`)).toBe('0');
  expect(writer.inTransaction).toBe(true);
  await writer.commit();
  expect(writer.inTransaction).toBe(false);
  expect(await askOne(reader, `SELECT COUNT(*) FROM T WHERE V = 'changed'`)).toBe('2');
});

test('a rollback leaves no trace, not even in the version', async () => {
  const before = await ask(reader, VERSION);
  await ask(writer, `UPDATE T SET V = 'x'`);
  await ask(writer, 'DELETE FROM T WHERE ID > 5');
  await ask(writer, `INSERT INTO T SELECT LEVEL, 'y' FROM DUAL CONNECT BY LEVEL <= 7`);
  await writer.rollback();
  expect(await ask(reader, VERSION)).toEqual(before);
  expect(await askOne(reader, 'SELECT SUM(ID) FROM T')).toBe('210');
});

test('a commit takes the next SCN, which its rows and nothing else carry', async () => {
  const before = engine.currentScn;
  await ask(writer, `UPDATE T SET V = 'x' WHERE ID = 3`);
  await writer.commit();
  expect(engine.currentScn).toBe(before + 1n);
  expect(await ask(reader, `SELECT ID FROM T WHERE ORA_ROWSCN = ${engine.currentScn}`)).toEqual([['3']]);
  expect(await askOne(reader, 'SELECT CURRENT_SCN FROM V$DATABASE')).toBe(String(engine.currentScn));
});

test('a delete changes the count though MAX(ORA_ROWSCN) alone stays', async () => {
  const [before] = await ask(reader, VERSION);
  await ask(writer, 'DELETE FROM T WHERE ID = 20');
  await writer.commit();
  const [after] = await ask(reader, VERSION);
  expect(after?.[0]).toBe('19');
  expect(after?.[1]).toBe(before?.[1]);
});

test('AS OF SCN, literal or bound, gives what was read then while commits go on', async () => {
  const scn = engine.currentScn;
  const then = await ask(reader, 'SELECT * FROM T ORDER BY ID');
  for (let round = 0; round < 3; round += 1) {
    await ask(writer, `UPDATE T SET V = 'round${round}' WHERE MOD(ID, 3) = ${round}`);
    await ask(writer, `DELETE FROM T WHERE ID = ${round + 10}`);
    await writer.commit();
    expect(await ask(reader, `SELECT * FROM T AS OF SCN ${scn} ORDER BY ID`)).toEqual(then);
    expect(await ask(reader, 'SELECT * FROM T AS OF SCN :S ORDER BY ID', [number(String(scn))])).toEqual(then);
  }
  expect(await askOne(reader, 'SELECT COUNT(*) FROM T')).toBe('17');
});

test('a read only transaction sees the rows of its own SCN while commits never stop', async () => {
  await ask(writer, 'CREATE TABLE B (ID NUMBER(9), R NUMBER(9))');
  await ask(writer, 'INSERT INTO B SELECT LEVEL, 0 FROM DUAL CONNECT BY LEVEL <= 3000');
  await writer.commit();
  const first = engine.currentScn;
  let over = false;
  const writing = (async () => {
    for (let round = 1; !over; round += 1) {
      await ask(writer, `UPDATE B SET R = ${round}`);
      await writer.commit();
    }
  })();
  try {
    for (let look = 0; look < 100; look += 1) {
      await ask(reader, 'SET TRANSACTION READ ONLY');
      const [[count, newest] = []] = await ask(reader, 'SELECT COUNT(*), MAX(ORA_ROWSCN) FROM B');
      const rounds = new Set((await ask(reader, 'SELECT ID, R FROM B')).map(([, round]) => String(round)));
      await reader.rollback();
      expect([count, [...rounds]]).toEqual(['3000', [String(BigInt(String(newest)) - first)]]);
    }
  } finally {
    over = true;
    await writing;
  }
});

test('an SCN of the future is ORA-08181, one beyond the retained past ORA-01555, bound or literal', async () => {
  const scn = engine.currentScn;
  await ask(writer, 'DELETE FROM T WHERE ID = 1');
  await writer.commit();
  expect(await refusal(reader, `SELECT * FROM T AS OF SCN ${scn + 100n}`)).toBe(8181);
  expect(await refusal(reader, 'SELECT * FROM T AS OF SCN :S', [number(String(scn + 100n))])).toBe(8181);
  expect(await refusal(reader, `SELECT * FROM T AS OF SCN ${scn}`)).toBeNull();
  engine.forgetBefore(engine.currentScn);
  expect(await refusal(reader, `SELECT * FROM T AS OF SCN ${scn}`)).toBe(1555);
  expect(await refusal(reader, 'SELECT * FROM T AS OF SCN :S', [number(String(scn))])).toBe(1555);
});

test('a read only transaction sees one SCN until it ends, and takes no DML', async () => {
  for (const end of ['COMMIT', 'ROLLBACK', null]) {
    await ask(reader, 'SET TRANSACTION READ ONLY');
    const before = await ask(reader, VERSION);
    await ask(writer, `UPDATE T SET V = 'z' WHERE ID = 4`);
    await writer.commit();
    expect(await ask(reader, VERSION)).toEqual(before);
    expect(await refusal(reader, 'DELETE FROM T')).toBe(1456);
    expect(await refusal(reader, 'SELECT * FROM T FOR UPDATE')).toBe(1456);
    await (end === null ? reader.rollback() : ask(reader, end));
    expect(await ask(reader, VERSION)).not.toEqual(before);
  }
});

test('SELECT FOR UPDATE moves ORA_ROWSCN of the rows it locked, though nothing else of them', async () => {
  const before = await ask(reader, 'SELECT ID, V FROM T ORDER BY ID');
  expect(await ask(writer, 'SELECT ID FROM T WHERE ID <= 2 ORDER BY ID FOR UPDATE')).toEqual([['1'], ['2']]);
  await writer.commit();
  expect(await ask(reader, 'SELECT ID, V FROM T ORDER BY ID')).toEqual(before);
  expect(await askOne(reader, `SELECT COUNT(*) FROM T WHERE ORA_ROWSCN = ${engine.currentScn}`)).toBe('2');
});

test('without ROWDEPENDENCIES the rows of a block share the newest SCN of it, deletions included', async () => {
  await engine.script(
    `CREATE TABLE B (ID NUMBER(9)); INSERT INTO B SELECT LEVEL FROM DUAL CONNECT BY LEVEL <= 40;`,
    'APP',
  );
  await ask(writer, 'UPDATE B SET ID = ID WHERE ID = 15');
  await writer.commit();
  const touched = Number(await askOne(reader, `SELECT COUNT(*) FROM B WHERE ORA_ROWSCN = ${engine.currentScn}`));
  expect(touched).toBe(10);
  await ask(writer, 'DELETE FROM B WHERE ID = 15');
  await writer.commit();
  expect(await askOne(reader, `SELECT COUNT(*) FROM B WHERE ORA_ROWSCN = ${engine.currentScn}`)).toBe('9');
});

test('an exchanged partition of equal count and older rows leaves COUNT and MAX(ORA_ROWSCN) as they were', async () => {
  await engine.script(
    `CREATE TABLE P (ID NUMBER(9), V VARCHAR2(10)) ROWDEPENDENCIES PARTITION BY RANGE (ID) (PARTITION LOW VALUES LESS THAN (100), PARTITION HIGH VALUES LESS THAN (MAXVALUE));
     CREATE TABLE U (ID NUMBER(9), V VARCHAR2(10)) ROWDEPENDENCIES;
     INSERT INTO U VALUES (1, 'other'); COMMIT;
     INSERT INTO P VALUES (1, 'old'); COMMIT;
     INSERT INTO P VALUES (200, 'high'); COMMIT;`,
    'APP',
  );
  const version = 'SELECT COUNT(*), MAX(ORA_ROWSCN) FROM P';
  const before = await ask(reader, version);
  const scn = engine.currentScn;
  await ask(writer, 'ALTER TABLE P EXCHANGE PARTITION LOW WITH TABLE U WITHOUT VALIDATION');
  expect(await ask(reader, version)).toEqual(before);
  expect(await ask(reader, 'SELECT V FROM P ORDER BY ID')).toEqual([['other'], ['high']]);
  expect(await ask(reader, 'SELECT V FROM U')).toEqual([['old']]);
  expect(await ask(reader, 'SELECT V FROM P PARTITION (HIGH)')).toEqual([['high']]);
  expect(await refusal(reader, `SELECT * FROM P AS OF SCN ${scn}`)).toBe(1466);
});

test('a row that another transaction is changing is waited for, and changed as it is then', async () => {
  await ask(writer, `UPDATE T SET V = 'first' WHERE ID = 1`);
  const second = await engine.open('APP');
  const waiting = ask(second, `UPDATE T SET V = V || '+' WHERE ID = 1`);
  await expect.poll(() => engine.waiting).toBe(1);
  await writer.commit();
  expect(await waiting).toEqual([[1]]);
  await second.commit();
  expect(await askOne(reader, 'SELECT V FROM T WHERE ID = 1')).toBe('first+');
  await second.close();
});

test('two transactions that wait for each other end with ORA-00060', async () => {
  const second = await engine.open('APP');
  await ask(writer, `UPDATE T SET V = 'a' WHERE ID = 1`);
  await ask(second, `UPDATE T SET V = 'b' WHERE ID = 2`);
  const waiting = ask(writer, `UPDATE T SET V = 'a' WHERE ID = 2`);
  await expect.poll(() => engine.waiting).toBe(1);
  const other = refusal(second, `UPDATE T SET V = 'b' WHERE ID = 1`);
  expect(await other).toBe(60);
  await second.close();
  expect(await waiting).toEqual([[1]]);
});

test('a break ends a wait for a row, a running query and rows that are being fetched with ORA-01013, and the session goes on', async () => {
  await ask(writer, `UPDATE T SET V = 'mine' WHERE ID = 1`);
  const second = await engine.open('APP');
  const waiting = refusal(second, `DELETE FROM T WHERE ID = 1`);
  await expect.poll(() => engine.waiting).toBe(1);
  second.interrupt();
  expect(await waiting).toBe(1013);
  await second.rollback();

  const done = await second.execute(await second.parse('SELECT A.ID FROM T A, T B, T C, T D, T E'), []);
  if (done.kind !== 'rows') throw new Error('rows were expected');
  await done.rows.next(10);
  second.interrupt();
  await expect(done.rows.next(10)).rejects.toMatchObject({ number: 1013 });
  expect(await askOne(second, 'SELECT COUNT(*) FROM T')).toBe('20');
  await second.close();
});

test('closing a session rolls back what it left open', async () => {
  const second = await engine.open('APP');
  await ask(second, 'DELETE FROM T');
  await second.close();
  expect(await askOne(reader, 'SELECT COUNT(*) FROM T')).toBe('20');
  expect(await refusal(writer, 'DELETE FROM T')).toBeNull();
});

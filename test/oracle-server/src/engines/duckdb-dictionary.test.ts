/** The dictionary, as Parqueue's Oracle source asks it and as people do. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineSession } from '../engine.ts';
import { ask, askOne, refusal, text } from '../testing/ask.ts';
import type { DuckDbEngine } from './duckdb.ts';
import { openDuckDbEngine } from './duckdb.ts';

let engine: DuckDbEngine;
let app: EngineSession;
let now = Date.UTC(2024, 0, 1);

beforeAll(async () => {
  engine = await openDuckDbEngine({ now: () => now });
  app = await engine.open('APP');
  await engine.script(
    `CREATE TABLE one (id NUMBER(9) NOT NULL, at TIMESTAMP(3)) ROWDEPENDENCIES; CREATE TABLE two (id NUMBER);
     CREATE GLOBAL TEMPORARY TABLE scratch (id NUMBER) ON COMMIT PRESERVE ROWS;
     CREATE VIEW both AS SELECT id FROM one UNION SELECT id FROM two;
     CREATE SYNONYM uno FOR one; CREATE PUBLIC SYNONYM everyones FOR app.two;
     CREATE SYNONYM far FOR other.thing@elsewhere;`,
    'APP',
  );
});
afterAll(() => engine.close());

test('objects are found by owner and name, PUBLIC synonyms by their owner PUBLIC', async () => {
  const sql = `SELECT OWNER, OBJECT_NAME, OBJECT_TYPE, TO_CHAR(LAST_DDL_TIME, 'YYYY-MM-DD HH24:MI:SS') AS CHANGED, TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI:SS') AS NOW
    FROM ALL_OBJECTS WHERE OBJECT_TYPE IN ('TABLE', 'VIEW', 'SYNONYM', 'MATERIALIZED VIEW') AND ((OWNER = :O0 AND OBJECT_NAME = :N0) OR (OWNER = :O1 AND OBJECT_NAME = :N1))`;
  const at = '2024-01-01 00:00:00';
  expect(await ask(app, sql, [text('APP'), text('BOTH'), text('PUBLIC'), text('EVERYONES')])).toEqual([
    ['APP', 'BOTH', 'VIEW', at, at],
    ['PUBLIC', 'EVERYONES', 'SYNONYM', at, at],
  ]);
  now += 5000;
  await ask(app, 'CREATE OR REPLACE VIEW both AS SELECT id FROM one');
  expect((await ask(app, sql, [text('APP'), text('BOTH'), text('X'), text('X')]))[0]?.[3]).toBe('2024-01-01 00:00:05');
});

test('tables tell whether they keep an SCN per row and whether they are temporary', async () => {
  expect(
    await ask(app, `select table_name, dependencies, temporary from all_tables where owner = 'APP' order by 1`),
  ).toEqual([
    ['ONE', 'ENABLED', 'N'],
    ['SCRATCH', 'DISABLED', 'Y'],
    ['TWO', 'DISABLED', 'N'],
  ]);
  expect(
    await askOne(app, 'SELECT COUNT(*) FROM ALL_EXTERNAL_TABLES WHERE OWNER = :O AND TABLE_NAME = :N', [
      text('APP'),
      text('ONE'),
    ]),
  ).toBe('0');
});

test('a view tells its text as LONG, a synonym its target and its link', async () => {
  const sql = 'SELECT TEXT FROM ALL_VIEWS WHERE OWNER = :O AND VIEW_NAME = :N';
  expect((await app.parse(sql)).columns[0]?.type).toEqual({ kind: 'LONG' });
  expect(await askOne(app, sql, [text('APP'), text('BOTH')])).toBe('SELECT id FROM one');
  const synonyms = 'SELECT TABLE_OWNER, TABLE_NAME, DB_LINK FROM ALL_SYNONYMS WHERE OWNER = :O AND SYNONYM_NAME = :N';
  expect(await ask(app, synonyms, [text('APP'), text('UNO')])).toEqual([['APP', 'ONE', null]]);
  expect(await ask(app, synonyms, [text('APP'), text('FAR')])).toEqual([['OTHER', 'THING', 'ELSEWHERE']]);
  expect(await ask(app, `select referenced_name from all_dependencies where name = 'BOTH'`)).toEqual([['ONE']]);
});

test('columns tell their types as they were declared', async () => {
  expect(
    await ask(
      app,
      `select column_name, data_type, data_precision, data_scale, nullable from user_tab_columns where table_name = 'ONE' order by column_id`,
    ),
  ).toEqual([
    ['ID', 'NUMBER', '9', '0', 'N'],
    ['AT', 'TIMESTAMP(3)', null, '3', 'Y'],
  ]);
});

test('sessions, versions and DUAL are there; a setting that Oracle does not know is ORA-02248', async () => {
  expect(await ask(app, `select username from v$session`)).toEqual([['APP']]);
  expect(await askOne(app, 'select version from product_component_version')).toBe('19.0.0.0.0');
  expect(await ask(app, 'select * from sys.dual')).toEqual([['X']]);
  expect(
    await refusal(app, `ALTER SESSION SET NLS_LANGUAGE = 'AMERICAN' NLS_SORT = 'BINARY' TIME_ZONE = '+00:00'`),
  ).toBeNull();
  expect(await refusal(app, `ALTER SESSION SET NO_SUCH_THING = 1`)).toBe(2248);
});

test('what was dropped is gone, what was added and emptied is seen at once', async () => {
  await engine.script(
    "CREATE TABLE gone (id NUMBER); INSERT INTO gone VALUES (1); ALTER TABLE gone ADD (v VARCHAR2(5) DEFAULT 'x' NOT NULL, w NUMBER(3));",
    'APP',
  );
  expect(await ask(app, 'select * from gone')).toEqual([['1', 'x', null]]);
  expect(await askOne(app, 'insert into gone (id) select 2 from dual')).toBe(1);
  expect(await askOne(app, `select count(*) from gone where v = 'x'`)).toBe('2');
  await ask(app, 'TRUNCATE TABLE gone');
  expect(await ask(app, 'select count(*), max(ora_rowscn) from gone')).toEqual([['0', null]]);
  await ask(app, 'DROP TABLE gone PURGE');
  expect(await refusal(app, 'select * from gone')).toBe(942);
  expect(await refusal(app, 'DROP VIEW gone')).toBe(942);
});

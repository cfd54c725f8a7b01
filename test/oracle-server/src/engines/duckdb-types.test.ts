/** Each Oracle type through the SQL engine: described as declared, read as written, shown by TO_CHAR without loss. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineSession, OraTime } from '../engine.ts';
import { ask, askOne, number, refusal, text } from '../testing/ask.ts';
import type { DuckDbEngine } from './duckdb.ts';
import { openDuckDbEngine } from './duckdb.ts';

let engine: DuckDbEngine;
let app: EngineSession;

const time = (year: number, month: number, day: number, hour = 0, minute = 0, second = 0, nanos = 0): OraTime => ({
  year,
  month,
  day,
  hour,
  minute,
  second,
  nanos,
});

beforeAll(async () => {
  engine = await openDuckDbEngine({ now: () => Date.UTC(2024, 1, 29, 12, 34, 56, 789) });
  app = await engine.open('APP');
  await engine.script(
    `CREATE TABLE every (
       id NUMBER(9), c CHAR(4), nv NVARCHAR2(6), cl CLOB, r RAW(4), bl BLOB, bf BINARY_FLOAT, bd BINARY_DOUBLE, d DATE, t0 TIMESTAMP(0), t6 TIMESTAMP, t9 TIMESTAMP(9),
       tz TIMESTAMP(6) WITH TIME ZONE, tl TIMESTAMP(3) WITH LOCAL TIME ZONE, ds INTERVAL DAY(3) TO SECOND(6), ym INTERVAL YEAR TO MONTH, b BOOLEAN, j JSON, x XMLTYPE, ri ROWID, f FLOAT(24), n NUMBER, k NUMBER(*,0), w NUMBER(38,10));
     INSERT INTO every (id) VALUES (0);
     INSERT INTO every VALUES (1, 'ab', N'üÜ', 'clob', HEXTORAW('00FF'), HEXTORAW('0102'), 1.5, 1E-300D, DATE '2024-02-29', TIMESTAMP '0099-12-31 23:59:59', TIMESTAMP '2024-02-29 12:34:56.123456', TIMESTAMP '9999-12-31 23:59:59.999999999',
       TIMESTAMP '2024-02-29 12:34:56.123456 +02:00', TIMESTAMP '2024-02-29 12:34:56.1239', INTERVAL '100 02:03:04.5' DAY TO SECOND, INTERVAL '-1-3' YEAR TO MONTH, TRUE, '{"aB": [1, "x"]}', XMLTYPE('<a/>'), 'AAABBB', 0.1, 1E-10, 12345678901234567890123456789012345678, -1234567890.0123456789);`,
    'APP',
  );
});
afterAll(() => engine.close());

test('columns are described as they were declared, through subqueries, views and WITH alike', async () => {
  const wanted = [
    { kind: 'NUMBER', precision: 9, scale: 0 },
    { kind: 'CHAR', chars: 4 },
    { kind: 'NVARCHAR2', chars: 6 },
    { kind: 'CLOB' },
    { kind: 'RAW', bytes: 4 },
    { kind: 'BLOB' },
    { kind: 'BINARY_FLOAT' },
    { kind: 'BINARY_DOUBLE' },
    { kind: 'DATE' },
    { kind: 'TIMESTAMP', fraction: 0 },
    { kind: 'TIMESTAMP', fraction: 6 },
    { kind: 'TIMESTAMP', fraction: 9 },
    { kind: 'TIMESTAMP WITH TIME ZONE', fraction: 6 },
    { kind: 'TIMESTAMP WITH LOCAL TIME ZONE', fraction: 3 },
    { kind: 'INTERVAL DAY TO SECOND', leading: 3, fraction: 6 },
    { kind: 'INTERVAL YEAR TO MONTH', leading: 2 },
    { kind: 'BOOLEAN' },
    { kind: 'JSON' },
    { kind: 'OBJECT', schema: 'SYS', name: 'XMLTYPE' },
    { kind: 'ROWID' },
    { kind: 'FLOAT', precision: 24 },
    { kind: 'NUMBER', precision: null, scale: 0 },
    { kind: 'NUMBER', precision: 38, scale: 0 },
    { kind: 'NUMBER', precision: 38, scale: 10 },
  ];
  for (const sql of [
    'select * from every',
    'select * from (select * from every)',
    'with q as (select * from every) select * from q where id > 0',
  ]) {
    expect((await app.parse(sql)).columns.map(({ type }) => type)).toEqual(wanted);
  }
});

test('values arrive equal, and null in every type', async () => {
  expect(
    await ask(
      app,
      'select c, nv, cl, r, bl, bf, bd, d, t0, t6, t9, tz, tl, ds, ym, b, j, f, n, k, w from every where id = 1',
    ),
  ).toEqual([
    [
      'ab  ',
      'üÜ',
      'clob',
      new Uint8Array([0, 255]),
      new Uint8Array([1, 2]),
      1.5,
      1e-300,
      time(2024, 2, 29),
      time(99, 12, 31, 23, 59, 59),
      time(2024, 2, 29, 12, 34, 56, 123_456_000),
      time(9999, 12, 31, 23, 59, 59, 999_999_999),
      time(2024, 2, 29, 10, 34, 56, 123_456_000),
      time(2024, 2, 29, 12, 34, 56, 124_000_000),
      { days: 100, hours: 2, minutes: 3, seconds: 4, nanos: 500_000_000 },
      { years: -1, months: -3 },
      true,
      '{"aB": [1, "x"]}',
      '0.1',
      '0.0000000001',
      '12345678901234567890123456789012345678',
      '-1234567890.0123456789',
    ],
  ]);
  const [nulls] = await ask(app, 'select * from every where id = 0');
  expect(nulls?.slice(1)).toEqual(Array.from({ length: 23 }, () => null));
});

test('TO_CHAR shows every digit of a time, years before Christ and before 100 included', async () => {
  const shown = async (expression: string): Promise<unknown> =>
    askOne(app, `select ${expression} from every where id = 1`);
  expect(await shown(`TO_CHAR("D",'SYYYYMMDDHH24MISS')`)).toBe(' 20240229000000');
  expect(await shown(`TO_CHAR(T0,'SYYYYMMDDHH24MISS')`)).toBe(' 00991231235959');
  expect(await shown(`TO_CHAR(T9,'SYYYYMMDDHH24MISSFF9')`)).toBe(' 99991231235959999999999');
  expect(await shown(`TO_CHAR(T6,'SYYYYMMDDHH24MISSFF6')`)).toBe(' 20240229123456123456');
  expect(await shown(`TO_CHAR(T6,'FF3') || TO_CHAR(T6,'FF8')`)).toBe('12312345600');
  expect(await shown(`TO_CHAR(DATE '-0044-03-15','SYYYYMMDDHH24MISS')`)).toBe('-00440315000000');
  expect(
    await shown(
      `TO_CHAR(TO_TIMESTAMP('-4712-01-01 00:00:00.000000001', 'SYYYY-MM-DD HH24:MI:SS.FF9'),'SYYYYMMDDHH24MISSFF9')`,
    ),
  ).toBe('-47120101000000000000001');
  expect(await shown(`TO_CHAR(DATE '-0001-12-31' + 1,'SYYYY-MM-DD')`)).toBe(' 0001-01-01');
  expect(await shown(`TO_CHAR(SYS_EXTRACT_UTC(TZ),'SYYYYMMDDHH24MISSFF6')`)).toBe(' 20240229103456123456');
  expect(await shown(`TO_CHAR(TZ,'SYYYYMMDDHH24MISSFF6TZH:TZM')`)).toBe(' 20240229123456123456+02:00');
  expect(await shown(`TO_CHAR(SYS_EXTRACT_UTC(TL),'SYYYYMMDDHH24MISSFF3')`)).toBe(' 20240229123456124');
  expect(await shown(`TO_CHAR(T6, 'YYYY-MM-DD"T"HH24:MI:SS.FF6"Z"')`)).toBe('2024-02-29T12:34:56.123456Z');
  expect(await shown(`TO_CHAR(D, 'Dy DD Mon YYYY HH:MI AM')`)).toBe('Thu 29 Feb 2024 12:00 AM');
});

test('LOCAL TIME ZONE is shown by the clock of the session, and read by it', async () => {
  const other = await engine.open('APP');
  await ask(other, `ALTER SESSION SET TIME_ZONE = '+05:30' NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI'`);
  expect(await askOne(other, `select to_char(tl, 'DD HH24:MI') from every where id = 1`)).toBe('29 18:04');
  expect(await askOne(other, `select to_char(sys_extract_utc(tl), 'DD HH24:MI') from every where id = 1`)).toBe(
    '29 12:34',
  );
  expect(
    await askOne(
      other,
      `select to_char(cast(timestamp '2024-01-01 00:00:00' as timestamp with time zone), 'HH24:MI TZH:TZM') from dual`,
    ),
  ).toBe('00:00 +05:30');
  expect(await askOne(other, `select '' || cast('2024-01-02 03:04' as date) from dual`)).toBe('2024-01-02 03:04');
  await other.close();
});

test('TO_DATE and TO_TIMESTAMP read literals, columns and binds alike, and refuse what is no date', async () => {
  const date = time(2024, 2, 29);
  expect(
    await ask(
      app,
      `select to_date('2024-02-29', 'YYYY-MM-DD'), to_date(:d, 'YYYY-MM-DD'), to_date(s, 'YYYY-MM-DD') from (select '2024-02-29' || '' s from dual)`,
      [text('2024-02-29')],
    ),
  ).toEqual([[date, date, date]]);
  expect(
    await askOne(app, `select TO_TIMESTAMP(:X,'YYYY-MM-DD"T"HH24:MI:SS.FF6"Z"') from dual`, [
      text('2024-02-29T12:34:56.123456Z'),
    ]),
  ).toEqual(time(2024, 2, 29, 12, 34, 56, 123_456_000));
  expect(
    await askOne(app, `select count(*) from every where t6 = TO_TIMESTAMP(:X,'YYYY-MM-DD"T"HH24:MI:SS.FF6"Z"')`, [
      text('2024-02-29T12:34:56.123456Z'),
    ]),
  ).toBe('1');
  expect(await askOne(app, `select count(*) from every where d = :d`, [{ kind: 'time', value: date }])).toBe('1');
  expect(await askOne(app, `select to_date('29-FEB-24') from dual`)).toEqual(date);
  expect(await refusal(app, `select to_date('2023-02-29', 'YYYY-MM-DD') from dual`)).toBe(1847);
  expect(await refusal(app, `select to_date('2023-13-01', 'YYYY-MM-DD') from dual`)).toBe(1843);
  expect(await refusal(app, `select to_date(:s, 'YYYY-MM-DD') from dual`, [text('soon')])).toBe(1858);
  expect(await refusal(app, `select to_date('2023-01-01 5', 'YYYY-MM-DD') from dual`)).toBe(1830);
});

test('dates count in days, and with intervals', async () => {
  expect(
    await ask(
      app,
      `select to_char(d + 1, 'MM-DD'), d - date '2024-02-27', to_char(t9 - interval '1' second, 'HH24:MI:SS.FF9'), extract(year from d), trunc(t6, 'MM'), add_months(d, 12), trunc(d - 0.5) from every where id = 1`,
    ),
  ).toEqual([['03-01', '2', '23:59:58.999999999', '2024', time(2024, 2, 1), time(2025, 2, 28), time(2024, 2, 28)]]);
  expect(await ask(app, "select sysdate, to_char(systimestamp, 'FF3 TZH:TZM') from dual")).toEqual([
    [time(2024, 2, 29, 12, 34, 56), '789 +00:00'],
  ]);
});

test('JSON is serialised as CLOB, and read by path', async () => {
  const sql = 'select JSON_SERIALIZE("J" RETURNING CLOB), json_value(j, \'$.aB[1]\') from every where id = 1';
  expect((await app.parse(sql)).columns[0]?.type).toEqual({ kind: 'CLOB' });
  expect(await ask(app, sql)).toEqual([['{"aB": [1, "x"]}', 'x']]);
});

test('CHAR compares without its blanks, VARCHAR2 with them', async () => {
  expect(await ask(app, `select count(*) from every where c = 'ab'`)).toEqual([['1']]);
  expect(await ask(app, `select count(*) from every where c = :b`, [text('ab')])).toEqual([['0']]);
  expect(await askOne(app, `select '[' || c || ']' from every where id = 1`)).toBe('[ab  ]');
});

test('a bind keeps its type: numbers of 40 digits, doubles, bytes, booleans and null', async () => {
  const big = '1234567890123456789012345678901234567890';
  expect(await askOne(app, 'select count(*) from every where nvl(n, 0) < :n', [number(big)])).toBe('2');
  await ask(app, 'insert into every (id, n, bd, r, b, cl) values (:1, :2, :3, :4, :5, :6)', [
    number('9'),
    number(big),
    { kind: 'double', value: 0.1 },
    { kind: 'bytes', value: new Uint8Array([7, 8]) },
    { kind: 'boolean', value: false },
    text('x'.repeat(50_000)),
  ]);
  expect(await ask(app, 'select n, bd, r, b, length(cl) from every where id = 9')).toEqual([
    [big, 0.1, new Uint8Array([7, 8]), false, '50000'],
  ]);
  await app.rollback();
  expect(
    await ask(app, 'select :a, nvl(:b, 1) from dual', [
      { kind: 'null', value: null },
      { kind: 'null', value: null },
    ]),
  ).toEqual([[null, '1']]);
});

test('AS OF SCN takes a bind as number, as text and through TO_NUMBER', async () => {
  const scn = String(engine.currentScn);
  for (const [value, bind] of [
    [':s', number(scn)],
    [':s', text(scn)],
    ['to_number(:s)', text(scn)],
  ] as const) {
    expect(await askOne(app, `select count(*) from every as of scn ${value}`, [bind])).toBe('2');
  }
});

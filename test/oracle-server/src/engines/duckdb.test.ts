/** Oracle's SQL through the engine's port: names, nulls, numbers, rows in order, errors by their numbers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineSession } from '../engine.ts';
import { ask, askOne, number, refusal, text } from '../testing/ask.ts';
import type { DuckDbEngine } from './duckdb.ts';
import { openDuckDbEngine } from './duckdb.ts';

let engine: DuckDbEngine;
let app: EngineSession;

beforeAll(async () => {
  engine = await openDuckDbEngine({ denied: { POOR: ['V$DATABASE', 'FLASHBACK', 'APP.ITEM'] } });
  app = await engine.open('APP');
  await engine.script(
    `CREATE TABLE sales (id NUMBER(9) NOT NULL PRIMARY KEY, name VARCHAR2(20), amount NUMBER(10,2), item NUMBER(9)) ROWDEPENDENCIES;
     CREATE TABLE item (id NUMBER(9), label CHAR(5));
     INSERT INTO sales SELECT LEVEL, CASE WHEN MOD(LEVEL, 4) = 0 THEN NULL ELSE 'n' || LEVEL END, LEVEL / 4, MOD(LEVEL, 3) FROM DUAL CONNECT BY LEVEL <= 10;
     INSERT INTO item VALUES (1, 'a'); INSERT INTO item VALUES (2, NULL);
     CREATE TABLE "Odd" ("a b" NUMBER, "A.B" VARCHAR2(5));
     INSERT INTO "Odd" VALUES (1, 'x');
     CREATE VIEW big AS SELECT s.id, s.name, i.label FROM sales s JOIN item i ON i.id = s.item WHERE s.amount > 1;
     CREATE VIEW renamed (k, v) AS SELECT id, name FROM big;
     CREATE SYNONYM goods FOR app.item;
     CREATE PUBLIC SYNONYM all_sales FOR app.sales;`,
    'APP',
  );
});
afterAll(() => engine.close());

describe('names', () => {
  test('are upper case unless quoted, and found by schema, synonym and public synonym', async () => {
    const other = await engine.open('OTHER');
    expect(await askOne(app, 'select Count(*) from Sales')).toBe('10');
    expect(await ask(app, 'select "a b", "A.B" from "Odd"')).toEqual([['1', 'x']]);
    expect(await askOne(app, 'select count(*) from goods')).toBe('2');
    expect(await askOne(other, 'select count(*) from app.sales')).toBe('10');
    expect(await askOne(other, 'select count(*) from all_sales')).toBe('10');
    expect(await refusal(other, 'select count(*) from sales')).toBe(942);
    await ask(other, 'ALTER SESSION SET CURRENT_SCHEMA = "APP"');
    expect(await askOne(other, 'select count(*) from sales')).toBe('10');
    expect(await askOne(other, `select sys_context('userenv', 'current_schema') || user from dual`)).toBe('APPOTHER');
    await other.close();
  });

  test('of columns repeat, carry aliases, or are the text of the expression', async () => {
    const { columns } = await app.parse(
      `select id, id, name as "n m", amount * 2 x, count ( * ) over (), 'a  b' from sales`,
    );
    expect(columns.map(({ name }) => name)).toEqual(['ID', 'ID', 'n m', 'X', 'COUNT(*)OVER()', "'a  b'"]);
  });

  test('ORA_ROWSCN is never in a star, and no column of a view', async () => {
    const { columns } = await app.parse('select * from sales');
    expect(columns.map(({ name }) => name)).toEqual(['ID', 'NAME', 'AMOUNT', 'ITEM']);
    expect(await refusal(app, 'select max(ora_rowscn) from big')).toBe(904);
    expect(await refusal(app, 'select max(ora_rowscn) from sales as of scn 1000005')).toBe(904);
  });

  test('views read other views in the schema of their owner', async () => {
    const other = await engine.open('OTHER');
    expect(await ask(other, 'select * from app.renamed where k < 9 order by k')).toEqual([
      ['5', 'n5'],
      ['7', 'n7'],
      ['8', null],
    ]);
    await other.close();
  });
});

describe('rows', () => {
  test('are numbered by ROWNUM before they are ordered', async () => {
    expect(await ask(app, 'select id, rownum from sales where rownum <= 3 order by id desc')).toEqual([
      ['3', '3'],
      ['2', '2'],
      ['1', '1'],
    ]);
    expect(await ask(app, 'select id from (select id from sales order by id desc) where rownum < 3')).toEqual([
      ['10'],
      ['9'],
    ]);
    expect(await ask(app, 'select s.id, i.label from sales s, item i where s.item = i.id and rownum = 1')).toHaveLength(
      1,
    );
    expect(await ask(app, 'select id from sales where rownum <= :n', [number('2')])).toEqual([['1'], ['2']]);
  });

  test('with nulls come last ascending and first descending, unless told otherwise', async () => {
    const names = async (order: string): Promise<unknown> =>
      (await ask(app, `select name from sales where id between 3 and 5 order by name ${order}`)).map(([name]) => name);
    expect(await names('')).toEqual(['n3', 'n5', null]);
    expect(await names('desc')).toEqual([null, 'n5', 'n3']);
    expect(await names('desc nulls last')).toEqual(['n5', 'n3', null]);
  });

  test('are limited by FETCH and OFFSET, and keep the order of a subquery', async () => {
    expect(await ask(app, 'select id from sales order by id offset 2 rows fetch next 2 rows only')).toEqual([
      ['3'],
      ['4'],
    ]);
    expect(
      await ask(app, `select to_char(id) "ID" from (select id from sales order by id desc) fetch first 2 rows only`),
    ).toEqual([['10'], ['9']]);
    expect(
      await ask(app, `with q(c1) as (select id from sales order by id desc) select c1 from q fetch first row only`),
    ).toEqual([['10']]);
  });

  test('of joins of every kind, set operations and correlated subqueries', async () => {
    expect(await askOne(app, 'select count(*) from sales s left join item i on i.id = s.item where i.id is null')).toBe(
      '3',
    );
    expect(await askOne(app, 'select count(*) from sales full outer join item using (id)')).toBe('10');
    expect(
      await ask(app, 'select id, label, amount from item natural join (select id, amount from sales) order by 1'),
    ).toEqual([
      ['1', 'a    ', '0.25'],
      ['2', null, '0.5'],
    ]);
    expect(
      await ask(
        app,
        'select id from item union all select 7 from dual union select 1 from dual minus select 2 from dual order by 1',
      ),
    ).toEqual([['1'], ['7']]);
    expect(
      await ask(
        app,
        'select id from item i where exists (select 1 from sales s where s.id = i.id and s.amount = 0.25)',
      ),
    ).toEqual([['1']]);
    expect(
      await ask(app, 'select id, (select sum(amount) from sales s where s.item = i.id) t from item i order by id'),
    ).toEqual([
      ['1', '5.5'],
      ['2', '3.75'],
    ]);
    expect(
      await ask(
        app,
        "select item, count(*), listagg(id, ',') within group (order by id) from sales group by item having count(*) > 3",
      ),
    ).toEqual([['1', '4', '1,4,7,10']]);
  });

  test('of 0, 1 and 1000 levels come from the row generator', async () => {
    expect(await askOne(app, 'select count(*) from (select level l from dual connect by level <= 1000)')).toBe('1000');
    expect(await ask(app, 'select level from dual connect by level <= 0')).toEqual([['1']]);
  });
});

describe('null', () => {
  test('is what an empty string is, as literal and as bind', async () => {
    expect(
      await ask(app, `select nvl('', 'null'), nvl(:b, 'null'), length(''), case when '' is null then 1 end from dual`, [
        text(''),
      ]),
    ).toEqual([['null', 'null', null, '1']]);
    expect(await askOne(app, `select count(*) from sales where name = ''`)).toBe('0');
  });

  test('counts as nothing in a concatenation', async () => {
    expect(
      await ask(app, `select 'a' || null || 'b', null || null, nvl(name, '-') || name from sales where id = 4`),
    ).toEqual([['ab', null, '-']]);
  });

  test('equals null in DECODE alone', async () => {
    expect(
      await ask(
        app,
        `select decode(name, null, 'none', 'n5', 'five', 'other') from sales where id in (3, 4, 5) order by id`,
      ),
    ).toEqual([['other'], ['none'], ['five']]);
    expect(
      await ask(app, `select nvl2(name, 'y', 'n'), coalesce(null, name, 'c'), nullif(id, 4) from sales where id = 4`),
    ).toEqual([['n', 'c', null]]);
  });
});

describe('numbers', () => {
  test('divide exactly to 40 digits, and by zero not at all', async () => {
    expect(await ask(app, 'select 1 / 3, 10 / 4, 2 / 3 * 3, id / 8 from sales where id = 1')).toEqual([
      ['0.3333333333333333333333333333333333333333', '2.5', '2', '0.125'],
    ]);
    expect(await refusal(app, 'select 1 / 0 from dual')).toBe(1476);
    expect(await refusal(app, 'select id / (id - id) from sales')).toBe(1476);
  });

  test('without precision keep 40 digits, compare and sort by value', async () => {
    await engine.script(
      `CREATE TABLE num (n NUMBER, f FLOAT(126), s NUMBER(5,-2), t NUMBER(3,5));
       INSERT INTO num VALUES (1234567890123456789012345678901234567890, 0.1, 12345, 0.00123); INSERT INTO num VALUES (-0.000000000000000000000000000000000000000012, 1E20, NULL, NULL);
       INSERT INTO num VALUES (9, NULL, NULL, NULL); INSERT INTO num VALUES (10, NULL, NULL, NULL); INSERT INTO num VALUES (-10, NULL, NULL, NULL); INSERT INTO num VALUES (1.5E125, NULL, NULL, NULL);`,
      'APP',
    );
    expect((await ask(app, 'select n from num order by n')).map(([n]) => n)).toEqual([
      '-10',
      '-0.000000000000000000000000000000000000000012',
      '9',
      '10',
      '1234567890123456789012345678901234567890',
      `15${'0'.repeat(124)}`,
    ]);
    expect(await ask(app, 'select max(n), min(n), count(distinct n) from num where n < 1E50 and n <> 9')).toEqual([
      ['1234567890123456789012345678901234567890', '-10', '4'],
    ]);
    expect(await ask(app, 'select sum(n), avg(n) from num where n between 9 and 10')).toEqual([['19', '9.5']]);
    expect(await ask(app, 'select f, s, t from num where s is not null')).toEqual([['0.1', '12300', '0.00123']]);
    expect(await refusal(app, `insert into num (t) values (0.01)`)).toBe(1438);
    expect(await refusal(app, 'select 9E125 * 100 from dual')).toBe(1426);
  });

  test('without precision are summed exactly, whatever their digits', async () => {
    const sums = await ask(
      app,
      'select sum(n), avg(n), sum(distinct n) from (select level / 3 n from dual connect by level <= 3)',
    );
    expect(sums).toEqual([['2', '0.6666666666666666666666666666666666666667', '2']]);
    expect(await askOne(app, `select sum(to_number(name)) from sales where name is null`)).toBeNull();
    expect(await askOne(app, `select to_number('1,234.5', '9,999.9') from dual`)).toBe('1234.5');
  });

  test('come from text by Oracle rules, and from a bind by its type', async () => {
    expect(await ask(app, `select id from sales where id = '7' and to_number('1.5') < '2'`)).toEqual([['7']]);
    expect(await refusal(app, `select to_number('x') from dual`)).toBe(1722);
    expect(await ask(app, 'select :1 || :2, length(:1) from dual', [text('007'), number('7'), text('007')])).toEqual([
      ['0077', '3'],
    ]);
    expect(
      await ask(
        app,
        `select trunc(-2.7), round(2.345, 2), mod(-7, 3), floor(-1.2), ceil(1.2), abs(-3), to_char(0.5), greatest(1, 3, 2) from dual`,
      ),
    ).toEqual([['-2', '2.35', '-1', '-2', '2', '3', '.5', '3']]);
    expect(
      await ask(app, `select to_char(1234.5, 'FM9G999D00'), to_char(7, '000'), to_char(-7, '99') from dual`),
    ).toEqual([['1,234.50', ' 007', ' -7']]);
  });

  test('hash evenly into buckets, null into none', async () => {
    const buckets = await ask(
      app,
      'select nvl(ora_hash("ID", 3), 0) b, count(*) from (select level id from dual connect by level <= 4000) group by nvl(ora_hash("ID", 3), 0) order by 1',
    );
    expect(buckets.map(([bucket]) => bucket)).toEqual(['0', '1', '2', '3']);
    expect(buckets.every(([, count]) => Number(count) > 800)).toBe(true);
    expect(await askOne(app, 'select ora_hash(null, 3) from dual')).toBeNull();
  });
});

test('literals with binds, comments and keywords in them are untouched', async () => {
  expect(
    await ask(
      app,
      `select ':x', '--', '/* */', 'select  from', q'[it's]', n'ü', 'a''b', "ID" /* :c */ from sales -- :d\n where id = 1`,
    ),
  ).toEqual([[':x', '--', '/* */', 'select  from', "it's", 'ü', "a'b", '1']]);
  expect((await app.parse(`select :a, ':b', :A, :"c d", :1 from dual`)).placeholders).toEqual(['A', 'A', 'c d', '1']);
});

test('what is outside the grammar is refused with its words', async () => {
  await expect(app.parse('FLASHBACK TABLE sales TO SCN 5')).rejects.toThrow(/ORA-00900.*FLASHBACK/);
  await expect(app.parse('select id from sales start with id = 1')).rejects.toThrow(/START WITH/);
  expect(await refusal(app, 'select * from sales model dimension by (id)')).toBe(933);
  expect(await refusal(app, 'select id from sales where')).toBe(936);
});

test('errors carry the numbers that Oracle gives, and where they are', async () => {
  const cases: readonly (readonly [string, number])[] = [
    ['select * from nothing', 942],
    ['select nothing from sales', 904],
    ['select id from sales s, item i', 918],
    ['select nofunction(id) from sales', 904],
    ['select id from sales where id', 920],
    ['select id, count(*) from sales group by item', 979],
    [`insert into sales (id, name) values (99, 'a name that is far too long')`, 12_899],
    ['insert into sales (name) values (null)', 1400],
    ['insert into sales (id) values (1234567890)', 1438],
    ['insert into sales (id, name) values (1)', 947],
    ['select (select id from sales) from dual', 1427],
    ['create table sales (id number)', 955],
    ['select * from sales@elsewhere', 2019],
  ];
  for (const [sql, expected] of cases) expect([sql, await refusal(app, sql)]).toEqual([sql, expected]);
  await expect(app.parse('select id, nothing from sales')).rejects.toMatchObject({ offset: 11 });
  await expect(app.parse('select * from nothing')).rejects.toMatchObject({ offset: 14 });
  expect(await refusal(app, 'select :a from dual')).toBe(1008);
});

test('what is not granted is ORA-00942 or ORA-01031, for that user only', async () => {
  const poor = await engine.open('POOR');
  expect(await refusal(poor, 'select current_scn from v$database')).toBe(942);
  expect(await refusal(poor, 'select * from app.item')).toBe(942);
  expect(await refusal(poor, `select * from app.sales as of scn ${engine.currentScn}`)).toBe(1031);
  expect(await refusal(app, `select * from app.sales as of scn ${engine.currentScn}`)).toBeNull();
  engine.allow('POOR', 'FLASHBACK');
  expect(await refusal(poor, `select * from app.sales as of scn ${engine.currentScn}`)).toBeNull();
  await poor.close();
});

test('V$SQL counts what was executed, by text', async () => {
  const sql = 'select /* counted */ id from sales';
  for (let run = 0; run < 3; run += 1) await ask(app, sql);
  await app.parse(sql);
  expect(await ask(app, 'select executions, parsing_schema_name from v$sql where sql_text = :t', [text(sql)])).toEqual([
    ['3', 'APP'],
  ]);
});

test('a million rows are generated, summed and streamed', async () => {
  await engine.script(
    "CREATE TABLE wide AS SELECT LEVEL id, MOD(LEVEL, 100) g, 'row ' || LEVEL t FROM DUAL CONNECT BY LEVEL <= 1000000",
    'APP',
  );
  expect(await ask(app, 'select count(*), sum(id), max(ora_rowscn) - max(ora_rowscn) from wide')).toEqual([
    ['1000000', '500000500000', '0'],
  ]);
  const done = await app.execute(await app.parse('select id, t from wide order by id desc'), []);
  if (done.kind !== 'rows') throw new Error('rows were expected');
  expect(await done.rows.next(2)).toEqual([
    ['1000000', 'row 1000000'],
    ['999999', 'row 999999'],
  ]);
  await done.rows.close();
});

import { describe, expect, it } from 'vitest';
import { readStatement } from './read-statement.ts';
import { insertAfterReads } from './rewrite.ts';

const reads = (sql: string): string =>
  readStatement(sql, 'oracle')
    .reads.map(({ schema, name }) => (schema === null ? name : `${schema}.${name}`))
    .join(' ');

describe('the tables a statement reads', () => {
  it.each([
    ['one table, with an alias or without', 'select * from t x', 'T'],
    ['a name with a schema', 'select * from app.t', 'APP.T'],
    ['quoted names in their own case', 'select * from "App"."my t"', 'App.my t'],
    ['comma joins', 'select * from a, b x, c', 'A B C'],
    [
      'ANSI joins of all kinds',
      'select * from a join b on a.x=b.x left outer join c using (x) full join d on 1=1 cross join e natural join f',
      'A B C D E F',
    ],
    ['joins in parentheses', 'select * from (a join (b join c on 1=1) on 1=1), ((d))', 'A B C D'],
    ['APPLY', 'select * from a cross apply (select * from b) outer apply c', 'A B C'],
    ['LATERAL', 'select * from a, lateral (select * from b where b.x = a.x) l', 'A B'],
    ['partitioned outer joins', 'select * from a partition by (k) right outer join b on a.k = b.k', 'A B'],
    ['a comma after ON', 'select * from a join b on a.x in (1, 2) and f.y = 1, c', 'A B C'],
    ['subqueries in the select list', 'select (select max(x) from a), b.y from b', 'A B'],
    [
      'subqueries in conditions',
      'select 1 from a where exists (select 1 from b) and x in (select y from c) and z > all (select 1 from d)',
      'A B C D',
    ],
    [
      'subqueries in HAVING, ORDER BY and CASE',
      'select case when x = (select 1 from b) then 1 end from a group by x having count(*) > (select 1 from c) order by (select 1 from d)',
      'B A C D',
    ],
    ['subqueries in ON', 'select 1 from a join b on a.x = (select max(x) from c), d', 'A B C D'],
    ['subqueries inside function calls', 'select coalesce((select 1 from b), 0) from a', 'B A'],
    ['subqueries in FROM', 'select * from (select * from (select * from a)), b', 'A B'],
    [
      'set operators',
      'select 1 from a union all select 1 from b intersect select 1 from c minus select 1 from d except select 1 from e',
      'A B C D E',
    ],
    ['set operators over parentheses', '(select 1 from a) union (select 1 from b union (select 1 from c))', 'A B C'],
    ['set operators inside FROM', 'select * from ((select 1 from a) union (select 1 from b)) x, c', 'A B C'],
    ['a table as often as it is named', 'select * from a x, a y', 'A A'],
    [
      'hierarchies',
      'select level from a start with p is null connect by nocycle prior id = p order siblings by id',
      'A',
    ],
    ['EXTRACT and TRIM hold a FROM that is none', "select extract(year from d), trim(both ' ' from s) from a", 'A'],
    [
      'EXTRACT after FROM',
      'select 1 from a where extract(day from a.d) = 1 and x in (select trim(leading from y) from b)',
      'A B',
    ],
    [
      'NTH_VALUE counts FROM an end',
      'select nth_value(x, 2) from last ignore nulls over (order by y), nth_value((select 1 from b), 1) from first over (order by z) from a',
      'B A',
    ],
    ['a table may be called FIRST all the same', 'select nth_value(x, 2) from first, a', 'FIRST A'],
    [
      'IS DISTINCT FROM is a condition',
      'select case when a is not distinct from b then 1 end from t where c is distinct from d',
      'T',
    ],
    ['columns called like keywords behind a dot', 'select t.doc.from, t.doc.select from t', 'T'],
    [
      'PARTITION and SUBPARTITION',
      "select * from a partition (p1) x, b subpartition (s), c partition for (date '2020-01-01')",
      'A B C',
    ],
    ['SAMPLE', 'select * from a sample (5) seed (1), b sample block (5, 2) seed (3) y, c', 'A B C'],
    [
      'PIVOT and UNPIVOT',
      "select * from a pivot (sum(x) for y in ('a' as a, 'b' as b)) p, b unpivot include nulls (v for k in (c1, c2)) u, c",
      'A B C',
    ],
    ['PIVOT XML with a subquery', 'select * from a pivot xml (sum(x) for y in (select y from b)) p', 'A B'],
    [
      'MATCH_RECOGNIZE',
      'select * from a match_recognize (partition by s order by d measures first(u.p) as f pattern (st (u d)+ {- x -}) define u as u.p > prev(u.p)) m, b',
      'A B',
    ],
    [
      'MODEL with a reference model',
      'select * from a model reference r on (select k, v from b) dimension by (k) measures (v) main m dimension by (x) measures (y) rules upsert (y[1] = r.v[cv(x)])',
      'A B',
    ],
    [
      'a table called MODEL, an alias called WINDOW',
      'select * from model window, b offset, c fetch join qualify on 1 = 1',
      'MODEL B C QUALIFY',
    ],
    [
      'a list that goes on behind WITHIN GROUP',
      "select 1 from a join b on listagg(x, ',') within group (order by y) = 'z', c",
      'A B C',
    ],
    ['the WINDOW clause', 'select sum(x) over w from a window w as (order by y), v as (order by z)', 'A'],
    ['FETCH and OFFSET', 'select * from a offset 5 rows fetch first 10 rows with ties', 'A'],
    [
      'JSON_TABLE and XMLTABLE are none',
      "select * from a, json_table(a.d, '$' columns (x number(5) path '$.x', nested path '$.y' columns (z varchar2(10)))) j, xmltable('/r' passing a.x columns y number path 'y') x, b",
      'A B',
    ],
    ['VALUES is none', "select * from (values (1, 'a')) v, b", 'B'],
    ['ONLY', 'select * from only(app.a) x, b', 'APP.A B'],
    ['DUAL is left out', 'select 1 from dual union select 1 from sys.dual union select 1 from "DUAL"', ''],
    ["someone else's DUAL is not", 'select 1 from app.dual', 'APP.DUAL'],
    ['no FROM at all', 'select 1', ''],
    [
      'flashback',
      "select * from a as of scn 5 x, b versions between scn 1 and 2, c as of period for v date '2020-01-01', d",
      'A B C D',
    ],
    ["a view's text with its restriction", 'select * from a where x = 1 with check option constraint c', 'A'],
  ])('%s', (_claim, sql, expected) => {
    expect(reads(sql)).toBe(expected);
  });
});

describe('names from WITH', () => {
  it.each([
    ['hide a table of their name', 'with t as (select * from a) select * from t, b', 'A B'],
    ['do not hide a table with a schema', 'with t as (select * from a) select * from app.t', 'A APP.T'],
    [
      'follow the folding of names',
      'with "T" as (select * from a), "u" as (select * from b) select * from t, u',
      'A B U',
    ],
    [
      'are seen by the queries after them only',
      'with x as (select * from y), y as (select * from x) select * from y',
      'Y',
    ],
    ['do not mean themselves without columns', 'with t as (select * from t) select * from t', 'T'],
    ['do not mean themselves without a set operator', 'with t(a) as (select all a from t) select * from t', 'T'],
    [
      'mean themselves when recursive',
      'with t(a) as (select a from b union all select a + 1 from t) select * from t',
      'B',
    ],
    ['of a subquery end with it', 'select * from (with t as (select * from a) select * from t), t', 'A T'],
    [
      'reach into subqueries',
      'with t as (select * from a) select (select max(x) from t) from b where exists (select 1 from t)',
      'A B',
    ],
    [
      'reach into subqueries with names of their own',
      'with t as (select * from a) select * from (with u as (select * from t, b) select * from t, u)',
      'A B',
    ],
    ['reach over set operators', 'with t as (select * from a) select * from t union select * from t', 'A'],
    [
      'may be hidden in turn',
      'with t as (select * from a) select * from (with t as (select * from b) select * from t), t',
      'A B',
    ],
    [
      'carry SEARCH and CYCLE',
      "with t(a) as (select a from b union all select a from t) search depth first by a, x set o cycle a set c to 'y' default 'n', u as (select * from d) select * from t, u, e",
      'B D E',
    ],
    ['may be many', 'with a as (select * from x), b as (select * from a, y) select * from a, b, z', 'X Y Z'],
  ])('%s', (_claim, sql, expected) => {
    expect(reads(sql)).toBe(expected);
  });
});

describe('the place for a clause after a table', () => {
  const at = (sql: string): string => insertAfterReads(readStatement(sql, 'oracle'), ({ name }) => `@${name}`);

  it.each([
    ['select * from t x', 'SELECT * FROM T @T X'],
    ['select * from "a b" x', 'SELECT * FROM "a b" @a b X'],
    ['select * from t partition (p) x, s', 'SELECT * FROM T PARTITION(P) @T X, S @S'],
    ['select * from t sample (5) seed (1) x', 'SELECT * FROM T SAMPLE(5) SEED(1) @T X'],
    [
      'select * from t partition by (k) right join s on 1=1',
      'SELECT * FROM T @T PARTITION BY(K) RIGHT JOIN S @S ON 1 = 1',
    ],
    ['select * from only(t) x', 'SELECT * FROM ONLY(T) @T X'],
    ['select * from (t join s on 1=1) ', 'SELECT * FROM(T @T JOIN S @S ON 1 = 1)'],
    ['select * from t pivot (sum(x) for y in (1)) p', 'SELECT * FROM T @T PIVOT(SUM(X) FOR Y IN(1)) P'],
    ['with t as (select * from a) select * from t, b', 'WITH T AS(SELECT * FROM A @A) SELECT * FROM T, B @B'],
    ['select * from t as of scn 5 x, s', 'SELECT * FROM T AS OF SCN 5 X, S @S'],
    ['select * from (select * from t) as of scn 5 x, s', 'SELECT * FROM(SELECT * FROM T) AS OF SCN 5 X, S @S'],
    ["select 'from t' from t where x = 't'", "SELECT 'from t' FROM T @T WHERE X = 't'"],
  ])('of %j: %j', (sql, expected) => {
    expect(at(sql)).toBe(expected);
  });

  it('an empty clause changes nothing', () => {
    const statement = readStatement('select * from t, s', 'oracle');
    expect(insertAfterReads(statement, () => '')).toBe(statement.text);
  });
});

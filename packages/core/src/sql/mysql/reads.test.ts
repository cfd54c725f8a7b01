import { describe, expect, it } from 'vitest';
import { readStatement } from '../read-statement.ts';

const reads = (sql: string): string =>
  readStatement(sql, 'mysql')
    .reads.map(({ schema, name }) => (schema === null ? name : `${schema}.${name}`))
    .join(' ');

describe('the tables a statement of MySQL reads', () => {
  it.each([
    ['names as they are written', 'select * from App.T, `my ``t`, app . t2', 'App.T my `t app.t2'],
    [
      'joins of all kinds',
      'Select * From a join b using (x) left outer join c on 1 straight_join d natural left join e cross join f',
      'a b c d e f',
    ],
    ['joins in parentheses', 'select * from (a, b) left join (c cross join d) on a.x = c.x', 'a b c d'],
    ['PARTITION', 'select * from a partition (p0, p1) as x, b partition (p), c', 'a b c'],
    [
      'hints for indexes',
      'select * from a x use index (i, j) ignore key for order by (k), force index (l), b force index for join (m) join c',
      'a b c',
    ],
    ['ODBC joins', 'select * from { oj a left outer join b on a.x = b.x }, c', 'a b c'],
    [
      'JSON_TABLE is none',
      "select * from json_table(a, '$[*]' columns (x int path '$', nested path '$.b' columns (c int path '$'))) j, t",
      't',
    ],
    ['LATERAL', 'select * from a, lateral (select * from b where b.x = a.x) l', 'a b'],
    ['DUAL is none', 'select 1 from dual union select 1 from `dual` union select 1 from app.dual', 'dual app.dual'],
    ['TABLE and VALUES', 'table a union values row(1, x), row(2, y) union table b', 'a b'],
    ['VALUES in FROM', 'select * from (values (1, x), (2, y)) v, t', 't'],
    ['aliases with columns', 'select * from (select 1) as x (a, b), t', 't'],
    ['at another time', 'select * from a for system_time as of now() x, b for system_time from 1 to 2, c', 'a b c'],
    ['what ends a list', 'select 1 from a group by b, c order by d, e limit 1, 2', 'a'],
    [
      'subqueries everywhere',
      'select (select 1 from a), if(exists(select 1 from b), 1, 2) from c where x in (select 1 from d) having y > any (select 1 from e) order by (select 1 from f)',
      'a b c d e f',
    ],
    [
      'a FROM that is none',
      "select extract(year from d), trim(both 'x' from s), substring(s from 1 for 2) from t",
      't',
    ],
    ['values of the session are none', 'select * from t, (select current_date) x', 't'],
  ])('%s', (_claim, sql, expected) => {
    expect(reads(sql)).toBe(expected);
  });

  it.each([
    ['hide a table of the same spelling', 'with a as (select * from b) select * from a, A, db.a', 'b A db.a'],
    ['see those before them only', 'with a as (select * from b), b as (select * from a) select * from b', 'b'],
    ['do not see themselves', 'with a as (select * from a) select * from a', 'a'],
    [
      'see themselves after RECURSIVE',
      'with recursive a(n) as (select 1 union select n from a), b as (select * from c) select * from a, b',
      'c',
    ],
  ])('names from WITH %s', (_claim, sql, expected) => {
    expect(reads(sql)).toBe(expected);
  });
});

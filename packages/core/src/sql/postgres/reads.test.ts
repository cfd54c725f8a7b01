import { describe, expect, it } from 'vitest';
import { readStatement } from '../read-statement.ts';

const reads = (sql: string): string =>
  readStatement(sql, 'postgres')
    .reads.map(({ schema, name }) => (schema === null ? name : `${schema}.${name}`))
    .join(' ');

describe('the tables a statement of Postgres reads', () => {
  it.each([
    ['names in lower case unless quoted', 'select * from App.T, "App"."My ""t"""', 'app.t App.My "t"'],
    ['names with escapes', 'select * from U&"t\\0061"', 'ta'],
    [
      'joins of all kinds',
      'select * from a natural join b cross join c left join d using (x) as j full join e on true',
      'a b c d e',
    ],
    ['joins in parentheses', 'select * from (a join b on true) as x(c, d), ((e))', 'a b e'],
    ['aliases with columns', 'select * from a x(y, z), b as y (z), c', 'a b c'],
    ['ONLY and *', 'select * from only a, only (b) y, c *, d * as z, e', 'a b c d e'],
    ['LATERAL', 'select * from a, lateral (select * from b) x left join lateral f(a.x) y on true, c', 'a b c'],
    ['functions are none', 'select * from generate_series(1, 2) with ordinality g(a, b), unnest(array[1]) u, t', 't'],
    ['ROWS FROM is none', 'select * from rows from (f(1), g(2) as (a int, b text)) with ordinality as x, t', 't'],
    ['a table may be called rows all the same', 'select * from rows, a', 'rows a'],
    ['column definitions', 'select * from json_to_recordset(x) as (a int, b numeric(10,2)), t', 't'],
    ['subqueries in arguments', 'select * from f((select max(x) from a)) y, b', 'a b'],
    ['TABLESAMPLE', 'select * from a x tablesample system ((select 5 from b)) repeatable (1), c', 'a b c'],
    ['TABLE', 'table a', 'a'],
    [
      'TABLE in an expression and behind a set operator',
      'select 1 from a where x in (table b) union table only c',
      'a b c',
    ],
    ['VALUES', 'select * from (values (1, x), (2, y)) v(a, b), t', 't'],
    ['VALUES behind a set operator', 'select 1, 2 from a union values (1, x), (2, y)', 'a'],
    ['set operators', '(select 1 from a except all select 1 from b) intersect (table c)', 'a b c'],
    ['words behind AS are labels', 'select 1 as from, b as table, c as select from t', 't'],
    [
      'a FROM that is none',
      'select extract(year from d), substring(s from 2), trim(both from s), a is distinct from b from t',
      't',
    ],
    ['what ends a list', 'select 1 from a window w as (order by x, y), v as (order by z) order by b, c limit 1', 'a'],
    [
      'subqueries everywhere',
      'select array(select 1 from a), (select 1 from b) from c where exists (select from d) and x[(select 1 from e)] = any (array[(select 1 from f)])',
      'a b c d e f',
    ],
    [
      'XMLTABLE and JSON_TABLE are none',
      "select * from xmltable('/r' passing (select x from a) columns b int path 'c') x, json_table(j, '$' columns (d int path '$.e')) y, t",
      'a t',
    ],
    ['values of the session are none', 'select * from current_date d, t', 't'],
  ])('%s', (_claim, sql, expected) => {
    expect(reads(sql)).toBe(expected);
  });

  it.each([
    ['hide a table', 'with a as (select * from b) select * from a, c', 'b c'],
    ['do not hide one with a schema', 'with a as (select 1) select * from public.a', 'public.a'],
    ['are folded', 'with A as (select 1), "B" as (select 1) select * from "a", b', 'b'],
    ['see those before them only', 'with a as (select * from b), b as (select * from a) select * from b', 'b'],
    ['do not see themselves', 'with t(n) as (select 1 union all select n from t) select * from t', 't'],
    [
      'see themselves after RECURSIVE',
      'with recursive t(n) as (select 1 union all select n from t) select * from t',
      '',
    ],
    ['and those behind them', 'with recursive a as (select * from b), b as (select 1 from c) select * from a', 'c'],
    ['of a subquery end with it', 'select * from (with a as (select 1) select * from a) x, a', 'a'],
    [
      'may be materialized',
      'with a as materialized (select * from x), b as not materialized (table y) select * from a, b',
      'x y',
    ],
    [
      'carry SEARCH and CYCLE',
      'with recursive t as (select 1 from a) search depth first by x, y set o cycle x set c using p, u as (select 1 from b) table u',
      'a b',
    ],
    ['stand before VALUES', 'with a as (select * from b) values ((select 1 from a))', 'b'],
  ])('names from WITH %s', (_claim, sql, expected) => {
    expect(reads(sql)).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { openPostgresTestDatabase } from '../../testing/postgres-database.ts';
import { readStatement } from '../read-statement.ts';

const TABLES = [
  'create schema app',
  'set search_path = app',
  'create table t (id int primary key, s text, d date, ts timestamptz, a int[], j jsonb, x xml, n numeric(10,2), "Mixed Case" text)',
  "insert into t select i, 'row ' || i, date '2020-01-01' + i, '2020-01-01'::timestamptz + i * interval '1 hour', array[i,i+1,i+2], jsonb_build_object('k', i, 'l', array[i]), ('<r><a>'||i||'</a></r>')::xml, i*1.5, 'm\"' || i from generate_series(1,20) i",
  'create table u (id int, v text)',
  "insert into u select i, 'u' || i from generate_series(5, 12) i",
  'create table "Q t" ("A b" int, größe int)',
  'insert into "Q t" values (1, 2)',
  'create table p (id int, k text)',
  'create table pc () inherits (p)',
  "insert into pc values (1,'c')",
  "insert into p values (2,'p')",
];

const STATEMENTS = [
  'select Id, S as Name, N*2 from T order by 1 limit 3',
  'select "Mixed Case", t."id" from app . t order by id offset 18',
  "select 'it''s', E'a\\'b\\n', U&'d\\0061t\\+000061', B'101', X'1F', N'nat', $$dollar 'q'$$, $tag$ $$ x $tag$",
  "select 'a'\n  'b' -- c\n  'c'",
  "select e'a\\''\n 'b\\'c'",
  'select 2 - -1, 2*-1, 2 - - 1, - - 3',
  'select 1.5e3, 1., .5, 1e-2, 10 % 3, 2^3, |/16, ||/27, 5!=6, 5<>6',
  'select a[1], a[1:2], a[:2], a[2:], array[[1,2],[3,4]], (array[1,2,3])[2], a[id-id+1:2] from t where id = 3',
  "select j->'k', j->>'k', j#>'{l,0}', j @> '{\"k\":3}', j ? 'k', j ?| array['k','z'], j ?& array['k'] from t where id=3",
  '/* outer /* inner */ still */ select 1 -- end',
  'with recursive r(n) as (select 1 union all select n+1 from r where n<5) select * from r',
  'with a as materialized (select * from t where id<3), b as not materialized (select * from a) select b.id, u.* from b left join u using (id) order by 1',
  'with recursive z as (select * from y), y as (select 1 as q) select * from z',
  'with recursive tree(id, p) as (select 1, 0 union all select id+1, id from tree where id<4) search depth first by id set o cycle id set c using pth select * from tree',
  'select * from generate_series(1,3) with ordinality g(a,b), lateral (select a*2 as dbl) l',
  "select * from rows from (generate_series(1,2), unnest(array['x','y'])) as r(n, v)",
  'select * from json_to_recordset(\'[{"a":1,"b":"x"}]\') as x(a int, b varchar(10))',
  "select x.* from t, xmltable('/r' passing x columns a int path 'a', o for ordinality) x where t.id < 3",
  'select * from only p',
  'select * from only (p) as z',
  'select * from p * order by id',
  'table u',
  "(table u order by id limit 2) union all (values (99,'z')) order by 1",
  "values (1,'a'),(2,'b')",
  'select * from u where id in (select id from t) and exists (select from t where t.id = u.id) order by id',
  'select sum(n) filter (where id>3) over w, rank() over (partition by id%2 order by id rows between unbounded preceding and current row exclude ties) from t window w as (order by id) order by id limit 3',
  "select percentile_cont(0.5) within group (order by n), mode() within group (order by s), string_agg(s, ',' order by s desc), array_agg(distinct id%3) from t",
  "select extract(year from d), date_trunc('month', d), substring(s from 1 for 3), trim(both 'r' from s), position('o' in s), overlay(s placing 'X' from 1 for 1) from t where id=1",
  "select d - interval '1' day, interval '1-2' year to month, interval '1.5' second(1), timestamp(3) '2020-01-01 00:00:00.1234', time '10:00', ts at time zone 'UTC' from t where id=1",
  "select id is distinct from 3, id is not distinct from 3, s like 'r%' escape '!', s similar to '(r|x)%', s ~* '^R', s !~ 'z' from t where id=3",
  "select case when id between symmetric 5 and 1 then 'in' else 'out' end, coalesce(null, (id)), greatest(1,2), nullif(1,1), row(1,2) = (1,2) from t order by id limit 2",
  'select count(*), id%2 as odd from t group by grouping sets ((odd), rollup(odd), cube(odd)) order by 1,2',
  'select distinct on (id%3) id, s from t order by id%3, id',
  'select 1 as from, 2 as select, 3 as table',
  'select t from t order by id limit 1',
  'select größe, "A b" from "Q t"',
  'select U&"\\0041 b" from "Q t"',
  'select operator(pg_catalog.-) 3, 1 operator(pg_catalog.+) 2',
  'select make_interval(days => 2), make_interval(days := 3)',
  "select s collate \"C\" < 'z', 'a' || E'\\\\' || 'b' from t limit 1",
  'select * from t cross join lateral unnest(a) with ordinality as e(v, i) where id = 2',
  'select * from t tablesample bernoulli (100) repeatable (3) where id < 3',
  "select * from t natural join (select id, 'q' as w from u) z order by id",
  'select id from t fetch first 2 rows only',
  'select id from t order by id offset 2 rows fetch next (1+1) rows with ties',
  'select exists(select), array(select id from t where id<3), 3 = any(array[1,3]), 3 <> all (array[1,2]), (1,2) in (select 1,2)',
  "select json_build_object('a', 1, 'b', json_agg(id order by id)), jsonb_path_query_array(j, '$.l[*]') from t where id=2 group by j",
  "select '[1,3)'::int4range && '[2,5)', '{1,2}'::int[] || 3, point(1,2) <-> point(3,4), 'fat & rat'::tsquery @@ 'rat'::tsvector, inet '10.0.0.1' << '10.0.0.0/8'",
  'select 1 where true and not false or null is not null',
  'select a -1 as b, a- 1, a -- comment\n-1 from (select 5 as a) q',
  'select "u"."v" , u.* from u where v in(\'u5\',\'u6\')order by 1',
  "select current_date is not null as today_, 'tomorrow' as x",
  "select xmlelement(name foo, xmlattributes(1 as a), 'x'), xmlforest(1 as b), xmlparse(content '<a/>'), xmlserialize(content '<a/>' as text)",
  'select count(*)filter(where id>1)from t',
  'select s,n from t where(id=1)and(n>0)',
  'select 1;;',
  'select @ -1, - @ -2',
  'select id::text||s, t.id :: numeric ( 10 , 2 ), cast(id as varchar(1)) from t order by t.id limit 2',
  "select * from (values (1,'x'),(2,'y')) as v(n, t) where n in (select id from p) order by n",
  'select (t).id, (t).s, (z).* from t, u z where t.id = 5 and z.id = 5',
  "select 3::int4,4::int8 , '5' ::bigint, bigint '6', int4(7.6), 8.55::numeric(8, 1)",
];

describe('the normal form', () => {
  it('means to Postgres what the statement meant', async () => {
    await using database = await openPostgresTestDatabase();
    const client = await database.connect();
    for (const statement of TABLES) await client.query(statement);
    const run = async (text: string): Promise<unknown> => {
      const { fields, rows } = await client.query({ text, rowMode: 'array' });
      return { columns: fields.map(({ name, dataTypeID }) => [name, dataTypeID]), rows };
    };
    for (const statement of STATEMENTS) {
      expect(await run(readStatement(statement, 'postgres').text), statement).toEqual(await run(statement));
    }
  });
});

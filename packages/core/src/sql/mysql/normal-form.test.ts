import { describe, expect, it } from 'vitest';
import { openMysqlTestDatabase } from '../../testing/mysql-database.ts';
import { readStatement } from '../read-statement.ts';

const TABLES = [
  'create table T (Id int primary key, s varchar(50), d date, dt datetime(6), j json, n decimal(10,2), `Mixed ``q` text, key i_s (s))',
  "insert into T with recursive k(i) as (select 1 union all select i + 1 from k where i < 20) select i, concat('row ', i), date_add('2020-01-01', interval i day), date_add('2020-01-01', interval i hour), json_object('k', i, 'l', json_array(i)), i * 1.5, 'm' from k",
  'create table u (id int, v text)',
  "insert into u select Id, concat('u', Id) from T where Id between 5 and 12",
  'create table pt (a int, b int) partition by range (a) (partition p0 values less than (10), partition p1 values less than maxvalue)',
  'insert into pt select Id, Id * 2 from T',
];

const STATEMENTS = [
  'select Id, S as Name, n*2 from T order by 1 limit 3',
  "select 'it''s', 'a\\'b\\n', \"dq \"\"x\"\" 'y'\", N'nat', n'x', x'4142', X'41', b'101', _utf8mb4'é', _latin1 x'e9', 0x41, 0b11, 'a' 'b' \"c\"",
  'select 5--1, 5- -1, 2*-1, - - 3, !1, ! 0, ~1, 5 -- comment\n , 6 # comment\n , 7 /* c */ , 8--\ttab',
  'select 1.5e3, 1., .5, 1e-2, 10 % 3, 10 div 3, 10 mod 3, 5 <=> null, 5!=6, 5<>6, 1 || 0, 1 && 1, 3 ^ 1, 1 << 3, 16 >> 2, 1e3',
  "select count(*), count( * ), max(Id), Sum(n), if (1, 2, 3), abs (-3), left (s, 2), concat (s, 'x') from T",
  'select (select max(Id) from T where Id < 5) as m, exists(select 1 from u), 3 in (select id from u), 5 in(5)',
  "select group_concat(distinct Id order by Id desc separator '-') from T where Id<4",
  "select /*+ NO_ICP(T) */ Id from T use index (i_s) ignore index for order by (i_s) where s like 'row 1%' order by Id",
  'select a.Id from T a force key (primary), u b where a.Id=b.id',
  'select straight_join a.Id from T a straight_join u b on a.Id=b.id order by 1',
  'select * from pt partition (p0) as x where x.a < 3',
  'select * from { oj u left outer join pt on u.id=pt.a } order by 1',
  "select {d '2020-01-01'}, {ts '2020-01-01 00:00:00'}, {t '10:00'}, date '2020-01-01', timestamp'2020-01-01 10:00:00', time '10:00'",
  "select x.*, y.o from json_table('[{\"a\":1,\"b\":\"x\"},{\"a\":2}]', '$[*]' columns (o for ordinality, a int path '$.a', b varchar(10) path '$.b' default '\"z\"' on empty, nested path '$.c[*]' columns (c int path '$'))) x, (select 1 as o) y",
  'with recursive r(n) as (select 1 union all select n+1 from r where n<5) select * from r',
  'with A as (select Id from T where Id<3), b as (select * from A) select * from b, u order by 1,2 limit 2',
  "select * from (values (1,'x'),(2,'y')) v",
  'values (1,2),(3,4)',
  'select 1 union select 2 union all (select 3) except select 2 intersect select 2 order by 1',
  "select date_add(d, interval 1 day), d + interval 1 month, d - interval '1:2' minute_second, extract(year from d), date_format(d,'%Y'), trim(both 'r' from s), substring(s from 1 for 2), position('o' in s), cast(Id as char(2)), convert(s using latin1), convert(Id, decimal(10,2)) from T where Id = 1",
  'select rank() over (partition by Id%2 order by Id), sum(n) over w, row_number() over () from T window w as (order by Id rows between unbounded preceding and current row) order by Id limit 3',
  "select case when Id between 2 and 3 then 'in' else \"out\" end as c from T where (Id, s) in ((1, 'row 1'), (2, 'row 2')) and s regexp '^r' and not s rlike 'z' and s like 'r%' escape '!' order by Id",
  'select Id from T order by Id limit 2, 3',
  'select Id from T order by Id limit 3 offset 2',
  'select Id from T order by Id offset 2 rows fetch first 3 rows only',
  'select `T`.`Id`as`x y`,\'lit\'as"dq"from`T`limit 1',
  "select json_extract(j, '$.k'), json_value(j, '$.k') from T where Id = 2",
  'select 1 from dual',
  "select interval(5, 1, 10), char(65, 66 using utf8mb4), insert('abc', 1, 1, 'z'), repeat('x', 3), replace('aa','a','b'), values_ from (select 1 as values_) q",
  'select sql_no_cache distinct Id%3 as m from T order by m',
  'select t1.Id from (T t1, u t2) left join (pt p cross join pt q) on p.a=t1.Id and q.a=1 where t1.Id=t2.id order by 1',
  "select s COLLATE utf8mb4_bin from T where binary s = 'row 1'",
  "select 'a\\\\' as x, 'b\\\\\\'c', '\\\\' '--' '# no'",
  'select Id as größe from T where Id = 1',
  'select all Id from T where Id = any (select id from u) and Id >= all (select 5) order by 1',
  "select current_date is not null as x, utc_timestamp is not null as y, now()>'2000-01-01' as z, @@version_comment is not null as w",
  "select 1 as `order`, 2 `group`, 3 'str alias'",
  'select T.Id, T . s from T natural join (select 1 as Id) z',
  'select * from T where Id=1;',
  'select count(*)from T where(Id)in(1,2)and(n)>0',
  'select std(n), variance(n), bit_and(Id), json_arrayagg(Id), median(n) over () from T limit 1',
  'select $a, a$b, `1c` from (select 1 as $a, 2 as a$b, 3 as `1c`) _x',
  "select timestampdiff(day, d, '2021-01-01'), str_to_date('01,5,2013','%d,%m,%Y'), get_format(date,'EUR'), week(d), yearweek(d) from T where Id=1",
  'select Id%2 as odd, count(*) from T group by odd with rollup having count(*) > 1',
  'select T . Id, `Mixed ``q`, T.s, t2.* from T join u as t2 on t2.id=T.Id order by 1',
];

describe('the normal form', () => {
  it('means to MySQL what the statement meant', async () => {
    await using database = await openMysqlTestDatabase();
    const client = await database.connect();
    for (const statement of TABLES) await client.query(statement);
    const run = async (sql: string): Promise<unknown> => {
      const [rows, fields] = await client.query({ sql, rowsAsArray: true });
      return { types: fields.map(({ type }) => type), rows };
    };
    for (const statement of STATEMENTS) {
      expect(await run(readStatement(statement, 'mysql').text), statement).toEqual(await run(statement));
    }
  });
});

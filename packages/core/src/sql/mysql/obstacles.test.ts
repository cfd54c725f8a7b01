import { describe, expect, it } from 'vitest';
import { readStatement } from '../read-statement.ts';

const obstacles = (sql: string): string =>
  readStatement(sql, 'mysql')
    .obstacles.map(({ construct }) => construct)
    .toSorted()
    .join(' ');

describe('obstacles of MySQL', () => {
  it.each([
    [
      'the clock',
      'select now(), Sysdate(), curdate(), CURRENT_DATE, current_timestamp(6), utc_time, unix_timestamp() from t',
      'CURRENT_DATE Sysdate() curdate() current_timestamp now() unix_timestamp() utc_time',
    ],
    [
      'the session',
      'select user(), current_user, database(), schema(), version(), connection_id(), charset(a) from t',
      'connection_id() current_user database() schema() user() version()',
    ],
    [
      'earlier statements',
      'select last_insert_id(), found_rows(), row_count()',
      'found_rows() last_insert_id() row_count()',
    ],
    ['chance', 'select rand(), rand(1), uuid(), random_bytes(2)', 'rand() random_bytes() uuid()'],
    [
      'locks and files',
      "select is_used_lock('a'), sleep(1), load_file('x'), benchmark(1, 2)",
      'benchmark() is_used_lock() load_file() sleep()',
    ],
    ['variables', "select @a, @@global.b, @'secret'", '@@global.b @a @…'],
    [
      'sequences',
      'select next value for s, previous value for s, nextval(s), lastval(s)',
      'NEXT VALUE FOR PREVIOUS VALUE FOR lastval() nextval()',
    ],
    ['functions of users', 'select f(1), app.g(2), `lower`(s) from t', '`lower`() app.g() f()'],
    [
      'built-in names with a space, which are functions of users',
      'select count (*), sum(a), now () from t',
      'count() now()',
    ],
    ['a column in INSERT and defaults', 'select values(a), default(b) from t', 'default() values()'],
    [
      'times of day made dates',
      "select cast(time '10:00' as datetime), date(sec_to_time(a)), timestamp(cast(b as time)) from t",
      'cast() date() timestamp()',
    ],
    ['other times', 'select * from a for system_time as of 1, (b for system_time all) c', 'FOR SYSTEM_TIME'],
    [
      'the catalogue',
      'select * from information_schema.tables, MYSQL.user, `sys`.x, performance_schema.y',
      'MYSQL.user `sys`.x information_schema.tables performance_schema.y',
    ],
    ['names of three parts', 'select * from a.b.c', 'a.b.c'],
  ])('%s', (_claim, sql, expected) => {
    expect(obstacles(sql)).toBe(expected);
  });

  it.each([
    'select lower(s), concat (s, (x)), coalesce((a), 1), if(a, b, c), left(s, 2), insert(s, 1, 1, x), interval(1, 2), a mod (b) from t',
    "select count(*) over (partition by b order by c), group_concat(distinct a order by b separator ','), sum(distinct (a)) from t",
    'select cast(x as decimal(10, 2)), cast(y as char(3)), cast(d as datetime(6)), convert(s using utf8mb4), cast(z as unsigned) from t',
    "select date_add(d, interval 1 day), d + interval (1) hour, date_format(d, '%Y'), unix_timestamp(d), str_to_date(s, '%H') from t",
    "select a in (1), a = any (select 1), not (a), a like ('x') escape ('!'), match (a) against ('x' in boolean mode), row(1, 2) from t",
    "select json_extract(j, '$.a'), j -> '$.b', json_arrayagg(a) from t group by a with rollup having (count(*) > 1)",
    "select _latin1'x', n'y', {d '2020-01-01'}, {fn lower('X')}, date '2020-01-01' from t",
    'select a as current_date, t.current_user from t',
    "select 1 member of ('[1]'), 2 member of(j) from t",
    "select 'now', '@a', \"next value for\" from t",
  ])('%j has none', (sql) => {
    expect(obstacles(sql)).toBe('');
  });

  it('calls are told as they are written', () => {
    const { calls } = readStatement('select Lower(s), app.F(1), g(2) from t where a in (1)', 'mysql');
    expect(calls).toEqual([
      { schema: null, name: 'Lower', isKnown: true },
      { schema: 'app', name: 'F', isKnown: true },
      { schema: null, name: 'g', isKnown: true },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { readStatement } from '../read-statement.ts';

const obstacles = (sql: string): string =>
  readStatement(sql, 'postgres')
    .obstacles.map(({ construct }) => construct)
    .toSorted()
    .join(' ');

describe('obstacles of Postgres', () => {
  it.each([
    [
      'the clock',
      'select now(), current_date, current_timestamp(3), clock_timestamp() from t where a > localtime',
      'clock_timestamp() current_date current_timestamp localtime now()',
    ],
    [
      'the session',
      "select current_user, user, current_schema(), current_setting('x'), version(), pg_backend_pid()",
      'current_schema current_setting() current_user pg_backend_pid() user version()',
    ],
    ['sequences', "select nextval('s'), currval('s'), lastval()", 'currval() lastval() nextval()'],
    [
      'chance',
      'select random(), gen_random_uuid(), uuidv7(), array_shuffle(a) from t',
      'array_shuffle() gen_random_uuid() random() uuidv7()',
    ],
    [
      'files, locks, other servers',
      "select pg_read_file('x'), pg_locks(1), pg_sleep(1), lo_get(1), dblink('x')",
      'dblink() lo_get() pg_locks() pg_read_file() pg_sleep()',
    ],
    [
      'statements in strings',
      "select query_to_xml('select 1', true, true, ''), ts_stat('select 1')",
      'query_to_xml() ts_stat()',
    ],
    [
      'behind their schema too',
      'select pg_catalog.now(), "pg_catalog"."random"()',
      '"pg_catalog"."random"() pg_catalog.now()',
    ],
    ['quoted in lower case', 'select "now"()', '"now"()'],
    ['system columns', 'select ctid, t.xmin, "xmax", t."tableoid" from t', '"xmax" ctid t."tableoid" t.xmin'],
    [
      'strings that mean the clock',
      "select timestamp 'now', date ' Today ', $$tomorrow$$, e'\\x6eow', u&'\\006eow'",
      "'now' 'today' 'tomorrow'",
    ],
    [
      'among elements and fields too, however long',
      `select '{now,${'2024-01-01,'.repeat(20)}2024-01-01}'::timestamptz[], '{"a":"today","b":"${'x'.repeat(200)}"}'::json`,
      "'now' 'today'",
    ],
    [
      'times of day at a place, whose offset is that of today',
      "select a::time at time zone 'x', time '12:00' at time zone 'x', cast(a as time(3)) at time zone 'x', (a at time zone 'x')::time from t",
      'time AT TIME ZONE',
    ],
    ['times with a zone', 'select x::timetz, cast(y as time (3) with time zone) from t', 'time with time zone'],
    [
      'arguments left out',
      "select age(d), to_tsvector(s), age(d, e), to_tsvector('english', s) from t",
      'age() to_tsvector()',
    ],
    ['labels of a type', 'select enum_range(null::mood), enum_last(a) from t', 'enum_last() enum_range()'],
    ['names of the catalogue as types', "select 't'::regclass, x::RegType from t", 'regclass regtype'],
    [
      'the catalogue',
      'select * from pg_class, pg_catalog.pg_type, information_schema.tables, pg_temp.t',
      'information_schema.tables pg_catalog.pg_type pg_class pg_temp.t',
    ],
    [
      'samples',
      'select * from a tablesample system (1), b tablesample system_rows (1) repeatable (1)',
      'TABLESAMPLE TABLESAMPLE system_rows',
    ],
    ['names that the database folds', 'select * from GRÖSSE', 'grÖsse'],
    ['names of another database', 'select * from a.b.c', 'a.b.c'],
    ['names that the server cuts', `select * from ${'n'.repeat(64)}`, `${'n'.repeat(20)}…`],
  ])('%s', (_claim, sql, expected) => {
    expect(obstacles(sql)).toBe(expected);
  });

  it.each([
    'select lower(s), s || (x), coalesce((a), 1), round(n, 2), to_char(d, $$YYYY$$), extract(year from d), d at time zone (z) from t',
    'select count(*) filter (where a) over (partition by b order by c rows (1) preceding), percentile_cont(0.5) within group (order by n) from t',
    "select x::numeric(10, 2), cast(y as character varying(3)), z::timestamptz(3), interval '1' second(2), b::bit(3), int4(c) from t",
    "select a in (1), a = any (array[1]), not (a), a like ('x') escape ('!'), a between symmetric (1) and (2), row(1), (a).b from t",
    'select 1 from t group by grouping sets ((a), rollup (b), cube (c)), d limit (1) offset (2)',
    'select a from t fetch first (1) rows only',
    "select json_build_object('k', v), j -> 'a', jsonb_path_query(j, '$.x'), xmlelement(name a, xmlattributes(b as c)) from t",
    'select make_interval(days => 2), f.x, size from generate_series(1, 2) f',
    'select größe, "GRÖSSE" from "GRÖSSE", größe',
    'with pg_mine as (select 1) select * from pg_mine',
    "select 'known', 'snow', 'nowhere', 'todays' from t",
    'select a as user, b as ctid, c as current_date from t',
    'select 1 operator(pg_catalog.+) 2',
  ])('%j has none', (sql) => {
    expect(obstacles(sql)).toBe('');
  });

  it('carry no literal', () => {
    const { obstacles: found } = readStatement(
      "select now('secret'), pg_read_file('secret'), 'secret now'",
      'postgres',
    );
    expect(found).toHaveLength(3);
    expect(JSON.stringify(found)).not.toContain('secret');
  });
});

describe('calls in Postgres', () => {
  const calls = (sql: string): string =>
    readStatement(sql, 'postgres')
      .calls.map(({ schema, name, isKnown }) => `${schema ?? '-'}.${name}${isKnown ? '' : '?'}`)
      .join(' ');

  it.each([
    [
      'are told by schema and name, built-in ones too',
      'select f(1), App.G(2), lower(s), now(), "H i"(3) from t',
      '-.f? app.g? -.lower -.now -.H i?',
    ],
    ['are told once', 'select f(1), F(2), "f"(3)', '-.f?'],
    ['in FROM are told', 'select * from f(1) x, app.g(2), lateral h(3), rows from (i(4))', '-.f? app.g? -.h? -.i?'],
    [
      'that only the grammar could mean are not',
      'select count(*) from t x(a) where a in (1) and exists (select 1) and cast(a as numeric(1)) = coalesce(a)',
      '-.count',
    ],
    ['of members have no schema', 'select (a).f(1), x[1].g(2) from t', '-.f? -.g?'],
  ])('%s', (_claim, sql, expected) => {
    expect(calls(sql)).toBe(expected);
  });

  it('unknown ones are no obstacle: the database knows what they are', () => {
    expect(obstacles('select f(1), app.g(2) from h(3)')).toBe('');
  });
});

import { describe, expect, it } from 'vitest';
import { readStatement } from '../read-statement.ts';
import { tokenize } from '../tokenize.ts';

const kinds = (sql: string): string[] => tokenize(sql, 'postgres').map(({ kind, text }) => `${kind} ${text}`);
const text = (sql: string): string => readStatement(sql, 'postgres').text;

describe('tokens of Postgres', () => {
  it.each([
    ['a backslash in a plain string is itself', String.raw`'a\' b`, [String.raw`string 'a\'`, 'word b']],
    ['E strings have escapes', String.raw`E'a\'b''c' x`, [String.raw`string E'a\'b''c'`, 'word x']],
    [
      'strings may have prefixes',
      `B'1' x'1F' n'a' U&'\\0041' u & 'b'`,
      ["string B'1'", "string x'1F'", "string n'a'", "string U&'\\0041'", 'word u', 'operator &', "string 'b'"],
    ],
    ['a name that ends in e is no prefix', "note'x'", ['word note', "string 'x'"]],
    ['dollar quotes end with their own tag', "$$a'b$$ $t$ $$ $u$ $t$", ["string $$a'b$$", 'string $t$ $$ $u$ $t$']],
    ['a dollar inside a name is part of it', 'a$b$c', ['word a$b$c']],
    ['a string goes on behind a line break', "'a' -- c\n 'b' x", ["string 'a' -- c\n 'b'", 'word x']],
    ['and as an E string where it began as one', "e'\\''\n'\\'' x", ["string e'\\''\n'\\''", 'word x']],
    ['and not behind a comment with marks', "'a' /*\n*/ 'b'", ["string 'a'", "string 'b'"]],
    ['quoted names hold doubled quotes', '"a""b" U&"x"', ['quoted "a""b"', 'quoted U&"x"']],
    ['comments nest', 'a/* b /* c */ d */e', ['word a', 'word e']],
    ['a carriage return ends a comment', 'a--b\rc', ['word a', 'word c']],
    ['hints are comments', 'select /*+ x */ a', ['word select', 'word a']],
    ['operators are as long as they can be', 'a->>b@>c', ['word a', 'operator ->>', 'word b', 'operator @>', 'word c']],
    ['a sign at the end belongs to few operators', '2*-1', ['number 2', 'operator *', 'operator -', 'number 1']],
    ['a sign at the end of an operator with @ stays', '@-1', ['operator @-', 'number 1']],
    ['a comment ends an operator', 'a+--b\n1', ['word a', 'operator +', 'number 1']],
    [
      'colons cast and name arguments',
      'a::b c:=1',
      ['word a', 'operator ::', 'word b', 'word c', 'operator :=', 'number 1'],
    ],
    [
      'a colon in a subscript parts its bounds',
      'a[1:n] b[(:n)]',
      [
        ...['word a', 'operator [', 'number 1', 'operator :', 'word n', 'operator ]'],
        ...['word b', 'operator [', 'operator (', 'placeholder :n', 'operator )', 'operator ]'],
      ],
    ],
    [
      'ARRAY holds elements, nested ones too',
      'array[:a,[:b]]',
      [
        'word array',
        'operator [',
        'placeholder :a',
        'operator ,',
        'operator [',
        'placeholder :b',
        'operator ]',
        'operator ]',
      ],
    ],
    [
      'numbers have groups and radixes',
      '1_000 0xFF 0o7 0b1 1. .5 1e-3 1..2',
      [
        ...['number 1_000', 'number 0xFF', 'number 0o7', 'number 0b1', 'number 1.', 'number .5', 'number 1e-3'],
        ...['number 1', 'operator ..', 'number 2'],
      ],
    ],
  ])('%s', (_claim, sql, expected) => {
    expect(kinds(sql)).toEqual(expected);
  });

  it.each([
    ['select $1', ':name'],
    ['select $a b$', 'string begins with $$'],
    ['select $a$ b', 'dollars'],
    ["select e'\\'", 'string'],
    ['select /* /* */', 'comment'],
    ['select 1a', 'letters'],
    ['select ""', 'empty'],
    ['select :"x"', ':name'],
    ["select :'x'", ':name'],
    ['select : x', ':name'],
    [`select 1${'+'.repeat(64)}1`, 'operators'],
    ['select {a}', 'U+007B'],
    ['select \\d', 'U+005C'],
  ])('%j is refused', (sql, about) => {
    expect(() => tokenize(sql, 'postgres')).toThrow(expect.objectContaining({ code: 'PQ_INVALID_REQUEST' }));
    expect(() => tokenize(sql, 'postgres')).toThrow(about);
  });
});

describe('the normal form of Postgres', () => {
  it.each([
    ['Select A , "B" From T ;', 'select a, "B" from t'],
    ["select :Since :: DATE, E'\\n'", "select :SINCE :: date, e'\\n'"],
    ['select a [ :n ] from t', 'select a [ : n ] from t'],
    ['select count ( * ) from s . t', 'select count(*) from s.t'],
    ['select - -1, @ -1, @-1', 'select - - 1, @ - 1, @- 1'],
    ['select GRÖSSE', 'select grÖsse'],
    ["select 'a'\n'b'", "select 'a'\n'b'"],
    ['select $T$ A $T$', 'select $T$ A $T$'],
  ])('of %j is %j', (sql, normal) => {
    expect(text(sql)).toBe(normal);
  });

  it.each([
    ['select "a" from t', 'select "A" from t'],
    ["select 'a'", "select 'A'"],
    ["select E'a'", "select 'a'"],
    ['select $a$x$a$', 'select $A$x$A$'],
    ['select 1 .5', 'select 1.5'],
    ['select a @ - 1', 'select a @- 1'],
    ['select größe', 'select GRÖßE'],
  ])('tells %j from %j', (one, other) => {
    expect(text(one)).not.toBe(text(other));
  });

  it('placeholders are told in upper case, and none stands in literals, names, comments or slices', () => {
    const sql = `select :b, :A, :B, ':c', ":d", $$ :e $$, x[:f], y::g /* :h */ -- :i`;
    const { placeholders, repeatsPlaceholders } = readStatement(sql, 'postgres');
    expect({ placeholders, repeatsPlaceholders }).toEqual({ placeholders: ['B', 'A'], repeatsPlaceholders: true });
  });
});

describe('what is no query of Postgres', () => {
  it.each([
    ['delete from t', 'DELETE'],
    ['explain select 1', 'EXPLAIN'],
    ['select 1; select 2', 'several'],
    ['select * from t for update', 'FOR UPDATE'],
    ['select * from t for no key update', 'FOR NO KEY UPDATE'],
    ['select * from (select * from t for share) x', 'FOR SHARE'],
    ['select * from t for key share of t', 'FOR KEY SHARE'],
    ['select * into x from t', 'INTO'],
    ['with a as (insert into t values (1) returning *) select * from a', 'INTO|INSERT'],
    ['with a as (update t set x = 1 returning *) select * from a', 'UPDATE'],
    ['with a as materialized (delete from t returning *) select * from a', 'DELETE'],
    ['with a as (merge into t using s on true when matched then do nothing) select 1', 'INTO|MERGE'],
    ['with a as (select 1) delete from t', 'DELETE'],
    ['select U&"a!0041" uescape \'!\'', 'UESCAPE'],
    ["select U&'n!006fw' uescape '!'", 'UESCAPE'],
    ['select pg_advisory_lock(1)', 'does more than read'],
    ['select * from pg_catalog . "pg_terminate_backend" (1)', 'does more than read'],
  ])('%j is refused', (sql, about) => {
    expect(() => readStatement(sql, 'postgres')).toThrow(expect.objectContaining({ code: 'PQ_INVALID_REQUEST' }));
    expect(() => readStatement(sql, 'postgres')).toThrow(new RegExp(about));
  });

  it.each([
    'table t',
    'values (1)',
    '(select 1)',
    'select from t',
    'select 1 as into',
    'select "into" from t',
    'select t.update from t',
  ])('%j is accepted', (sql) => {
    expect(readStatement(sql, 'postgres').text).not.toBe('');
  });
});

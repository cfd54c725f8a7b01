import { describe, expect, it } from 'vitest';
import { readStatement } from '../read-statement.ts';
import { tokenize } from '../tokenize.ts';

const kinds = (sql: string): string[] => tokenize(sql, 'mysql').map(({ kind, text }) => `${kind} ${text}`);
const text = (sql: string): string => readStatement(sql, 'mysql').text;

describe('tokens of MySQL', () => {
  it.each([
    [
      'strings have two quotes and escapes',
      String.raw`'it''s' "a""b" 'a\'b' "\"" '\\'`,
      [`string 'it''s'`, `string "a""b"`, String.raw`string 'a\'b'`, String.raw`string "\""`, String.raw`string '\\'`],
    ],
    [
      'strings may have prefixes and introducers',
      "N'a' x'41' B'1' _utf8mb4'x' n \"a\"",
      ["string N'a'", "string x'41'", "string B'1'", 'word _utf8mb4', "string 'x'", 'word n', 'string "a"'],
    ],
    ['names stand in backticks', '`a b` `a``b`', ['quoted `a b`', 'quoted `a``b`']],
    [
      'two hyphens begin a comment only before white space',
      '5--1 -- x\n6--',
      ['number 5', 'operator -', 'operator -', 'number 1', 'number 6'],
    ],
    ['# begins a comment', 'a#b\nc', ['word a', 'word c']],
    ['comments do not nest', 'a/* /* */b', ['word a', 'word b']],
    ['hints stay right after SELECT', 'select /*+ x */ a /*+ y */', ['word select', 'hint /*+ x */', 'word a']],
    [
      'variables are one token',
      "@a @@b.c @'d e' @`f`",
      ['variable @a', 'variable @@b.c', "variable @'d e'", 'variable @`f`'],
    ],
    [
      'operators',
      'a<=>b->>c&&d',
      ['word a', 'operator <=>', 'word b', 'operator ->>', 'word c', 'operator &&', 'word d'],
    ],
    [
      'numbers',
      '1 1. .5 1e-3 0xfF 0b01',
      ['number 1', 'number 1.', 'number .5', 'number 1e-3', 'number 0xfF', 'number 0b01'],
    ],
    ['names have dollars', '$a a$b _c', ['word $a', 'word a$b', 'word _c']],
  ])('%s', (_claim, sql, expected) => {
    expect(kinds(sql)).toEqual(expected);
  });

  it.each([
    ['select ?', ':name'],
    ['select @a := 1', 'at sign|:='],
    ['select a := 1', ':='],
    ['select /*! 1 */', 'some servers'],
    ['select /*!50000 1 */', 'some servers'],
    ['select /*M! 1 */', 'some servers'],
    ['select 1a from t', 'backticks'],
    ['select t.1 from t', 'backticks'],
    ['select 0xZ', 'backticks'],
    ['select ``', 'empty'],
    ['select `a', 'quoted name'],
    ["select 'a\\'", 'string'],
    ['select "a', 'string'],
    ['select /* a', 'comment'],
    ['select :`a`', ':name'],
    ['select @ a', 'variable'],
    ['select \\N', 'U\\+005C'],
    ['select a[1]', 'U\\+005B'],
  ])('%j is refused', (sql, about) => {
    expect(() => tokenize(sql, 'mysql')).toThrow(expect.objectContaining({ code: 'PQ_INVALID_REQUEST' }));
    expect(() => tokenize(sql, 'mysql')).toThrow(new RegExp(about));
  });
});

describe('the normal form of MySQL', () => {
  it.each([
    ['Select  A ,`B` From s . T ;', 'Select A, `B` From s.T'],
    ['select :Since', 'select :SINCE'],
    ['select 5--1', 'select 5 - - 1'],
    ['select count(*), count (*), count/**/(*) from t', 'select count(*), count (*), count (*) from t'],
    ["select 'a'  'b', 1E5", "select 'a' 'b', 1E5"],
    ['select t.* from t', 'select t.* from t'],
    ['select /*+ A */  a', 'select /*+ A */ a'],
  ])('of %j is %j', (sql, normal) => {
    expect(text(sql)).toBe(normal);
  });

  it.each([
    ['select a from t', 'select A from t'],
    ['select a from t', 'select a from T'],
    ['select count(*) from t', 'select count (*) from t'],
    ["select 'a'", "select 'A'"],
    ["select 'a'", 'select "a"'],
    ['select `a`', 'select a'],
  ])('tells %j from %j', (one, other) => {
    expect(text(one)).not.toBe(text(other));
  });

  it('placeholders are told in upper case, and none stands in literals, names or comments', () => {
    const sql = "select :b, :A, :B, ':c', \":d\", `:e`, '\\':f' /* :g */ # :h";
    const { placeholders, repeatsPlaceholders } = readStatement(sql, 'mysql');
    expect({ placeholders, repeatsPlaceholders }).toEqual({ placeholders: ['B', 'A'], repeatsPlaceholders: true });
  });
});

describe('what is no query of MySQL', () => {
  it.each([
    ['replace into t values (1)', 'REPLACE'],
    ['show tables', 'SHOW'],
    ['select 1; select 2', 'several'],
    ['select * from t for update', 'FOR UPDATE'],
    ['select * from t FOR share skip locked', 'FOR SHARE'],
    ['select * from t lock in share mode', 'LOCK IN SHARE MODE'],
    ["select * from t into outfile 'x'", 'INTO'],
    ['select a into @x from t', 'INTO'],
    ['select * from t procedure analyse()', 'PROCEDURE'],
    ['with a as (select 1) delete from t', 'DELETE'],
    ['with a as (select 1) update t set x = 1', 'UPDATE'],
    ['select * from .t', 'dot'],
    ["select Get_Lock('a', 1)", 'GET_LOCK'],
    ['select', 'without anything'],
  ])('%j is refused', (sql, about) => {
    expect(() => readStatement(sql, 'mysql')).toThrow(expect.objectContaining({ code: 'PQ_INVALID_REQUEST' }));
    expect(() => readStatement(sql, 'mysql')).toThrow(new RegExp(about));
  });

  it.each([
    'TABLE t',
    'values row(1)',
    '(select 1)',
    'select insert(a, 1, 1, b), replace(a, b, c) from t',
    'select t.into from t',
  ])('%j is accepted', (sql) => {
    expect(readStatement(sql, 'mysql').text).not.toBe('');
  });
});

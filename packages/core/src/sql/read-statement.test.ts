import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUADRATIC_MS } from '../testing/linear-time.ts';
import { normalise } from './normalise.ts';
import { readStatement } from './read-statement.ts';
import type { Token } from './scan.ts';
import { tokenize } from './tokenize.ts';

const text = (sql: string): string => readStatement(sql, 'oracle').text;

describe('the normal form', () => {
  it.each([
    ['white space', 'select  a ,b\n\tfrom t', 'SELECT A,B FROM T'],
    ['comments', 'select a -- first\n, /* second */ b from t', 'select a,b from t'],
    ['semicolons at the end', 'select 1 from dual ; ;', 'select 1 from dual'],
    ['the case of words', 'Select A From t', 'sELECT a fROM T'],
    ['white space around dots', 'select t . a from s . t', 'select t.a from s.t'],
    ['the case of placeholders', 'select :Since from dual', 'select :SINCE from dual'],
    ['the case of exponents and prefixes', "select 1e5, n'x' from dual", "select 1E5, N'x' from dual"],
    ['a space before a literal', "select date'2020-01-01' from dual", "select DATE '2020-01-01' from dual"],
    ['a comment in the place of a space', 'select/**/a/**/from/**/t', 'select a from t'],
  ])('is equal for statements that differ in %s', (_what, one, other) => {
    expect(text(one)).toBe(text(other));
  });

  it.each([
    ["select 'a  b' from dual", "select 'a b' from dual"],
    ["select 'a' from dual", "select 'A' from dual"],
    ['select "a" from t', 'select "A" from t'],
    ['select "a" from t', 'select a from t'],
    ["select q'[a]' from dual", "select q'[A]' from dual"],
    ['select t.doc.name from t', 'select t.doc.NAME from t'],
    ['select f(t).name from t', 'select f(t).NAME from t'],
    ['select t.doc[0].name from t', 'select t.doc[0].NAME from t'],
    ['select /*+ full(t) */ a from t', 'select a from t'],
    ['select - -1 from dual', 'select 1 from dual'],
    ['select a b from t', 'select a.b from t'],
    ['select 1 .5 from t', 'select 1.5 from t'],
    ['select 1 e5 from t', 'select 1e5 from t'],
    ['select größe from t', 'select GRÖßE from t'],
  ])('tells %j from %j', (one, other) => {
    expect(text(one)).not.toBe(text(other));
  });

  it.each([
    ['select - -1 from dual', 'SELECT - - 1 FROM DUAL'],
    ['select 2 / * from t', 'SELECT 2 / * FROM T'],
    ['select a.b.cD from t', 'SELECT A.B.cD FROM T'],
    ['select --+ full(t)  \r\n a from t', 'SELECT --+ full(t)\nA FROM T'],
    ['select count( * ) from t where a in (1,2)', 'SELECT COUNT(*) FROM T WHERE A IN(1, 2)'],
    ['select a from t @ remote . world', 'SELECT A FROM T@REMOTE.WORLD'],
    ["select json_object('k' : :v, 'l':x) from t", "SELECT JSON_OBJECT('k' : :V, 'l' : X) FROM T"],
  ])('of %j is %j', (sql, normal) => {
    expect(text(sql)).toBe(normal);
  });

  const token = fc.oneof(
    fc.constantFrom("'a  b'", "n'x'", "q'[']'", "''", '"q B"', ':p', ':1', '1', '1.5', '.5', '1.', '1e5', '2f', '1..2'),
    fc.constantFrom('a', 'B', 'q', 'n', 'e5', 'select', 'from', 'f', 'größe', 'x$#'),
    fc.constantFrom(
      '+',
      '-',
      '*',
      '/',
      '(',
      ')',
      ',',
      '.',
      '=',
      '<',
      '>',
      '!',
      '|',
      '||',
      '@',
      '?',
      '[',
      ']',
      '{',
      '}',
      ';',
    ),
    fc.constantFrom('/*+ h */', '/* c */', '--+ l\n', '-- c\n', '--+ x\r\n'),
  );
  const gap = fc.constantFrom(' ', '  ', '\n', '\t', '');

  it('reads as the same tokens, and is its own normal form', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(token, gap), { maxLength: 30 }), (pieces) => {
        const sql = `select ${pieces.flat().join('')}`;
        const normal = normaliseOrNull(sql);
        if (normal === null) return;
        // The case that names of JSON fields keep is field-names.test.ts's.
        const shapes = (tokens: readonly Pick<Token, 'kind' | 'text'>[]): string[] =>
          tokens.map(({ kind, text: written }) => `${kind} ${kind === 'word' ? written.toUpperCase() : written}`);
        const again = tokenize(normal.text, 'oracle');
        expect(shapes(again)).toEqual(shapes(normal.tokens));
        expect(again.map(({ start, end }) => [start, end])).toEqual(
          normal.tokens.map(({ start, end }) => [start, end]),
        );
        expect(normalise(again, 'oracle').text).toBe(normal.text);
      }),
      { numRuns: 2000 },
    );
  });

  it('does not depend on the white space and comments between tokens', () => {
    const loose = fc.constantFrom(' ', '\n', '\t \r\n', ' /* x */ ', ' -- x\n');
    const words = fc.constantFrom('a', '.', '-', '*', "'a b'", '1', ':p', '"Q"', '(', ')', ',', '/', '=', '@');
    fc.assert(
      fc.property(fc.array(fc.tuple(words, loose), { maxLength: 20 }), (pieces) => {
        const spread = pieces.flat().join('');
        const plain = pieces.map(([each]) => each).join(' ');
        expect(normaliseOrNull(spread)?.text).toBe(normaliseOrNull(plain)?.text);
      }),
    );
  });

  function normaliseOrNull(sql: string): ReturnType<typeof normalise> | null {
    try {
      return normalise(tokenize(sql, 'oracle'), 'oracle');
    } catch {
      return null;
    }
  }
});

describe('placeholders', () => {
  it('are told once each, folded, in order of first use', () => {
    const { placeholders, repeatsPlaceholders } = readStatement('select :b, :A, :B from dual', 'oracle');
    expect({ placeholders, repeatsPlaceholders }).toEqual({ placeholders: ['B', 'A'], repeatsPlaceholders: true });
  });

  it('in literals, quoted names, comments and hints are none', () => {
    const sql = `select /*+ :h */ ':a' x, ":b" y, q'[:c]' /* :d */ from t -- :e`;
    expect(readStatement(sql, 'oracle').placeholders).toEqual([]);
  });
});

describe('what is no single query', () => {
  it.each([
    ['', 'empty'],
    [' -- nothing\n ;', 'empty'],
    ['delete from t', 'DELETE'],
    ['begin null; end;', 'BEGIN'],
    ["'x'", 'SELECT or WITH'],
    ['((', 'never closed'],
    ['select 1 from dual; select 2 from dual', 'several statements'],
    ['select a from t for update', 'FOR UPDATE'],
    ['select a from (select a from t for /* */ update) x', 'FOR UPDATE'],
    ['select a into b from t', 'INTO'],
    ['with function f return number is begin return 1; end; select f from dual', 'WITH FUNCTION'],
    ['select * from (with procedure p is begin null; end; select 1 from dual)', 'WITH PROCEDURE|several statements'],
    ['with t as (select 1 from dual) delete from s', 'DELETE'],
    ['with t as (select 1 from dual) update s set a = 1', 'UPDATE'],
    ['select 1 from dual) where (1 = 1', 'closes nothing'],
    ['select (1 from dual', 'never closed'],
    ['select --+ swallow', 'without anything'],
    [`select ${'('.repeat(201)}1${')'.repeat(201)} from dual`, 'deeper than 200'],
  ])('%j is refused', (sql, about) => {
    expect(() => readStatement(sql, 'oracle')).toThrow(expect.objectContaining({ code: 'PQ_INVALID_REQUEST' }));
    expect(() => readStatement(sql, 'oracle')).toThrow(new RegExp(about));
  });

  it.each([
    'select a from t',
    '(select a from t) union (select a from s)',
    'with function as (select 1 a from dual) select a from function',
    "select json_transform(d, insert '$.a' = 1) from t",
    'select "INTO" from t',
    'select t.doc.into from t',
    "select 'for update' from t",
  ])('%j is accepted', (sql) => {
    expect(readStatement(sql, 'oracle').text).not.toBe('');
  });

  it.each([
    ['select a.b,c from t', ',t x', 16_000],
    ['select 1 from t', ' join t on t.a=t.b', 3_500],
    ['with t as (select 1 from dual)', ',t as (select 1 from t)', 2_800],
    ['select f0()', '+f(:a,sysdate)', 4_500],
    [`select 1 from ${'('.repeat(199)}a${')'.repeat(199)}`, ',a', 32_000],
    [`select ${"to_date(x,'a'||".repeat(199)}1${')'.repeat(199)}`, ",xmltable('a')", 4_000],
    [`select 1 from ${'only('.repeat(199)}a${',a'.repeat(30_000)}${')'.repeat(199)}`, ',b', 10],
  ])(
    '64 KiB of statement %# are read in linear time',
    (start, piece, times) => {
      expect(readStatement(start + piece.repeat(times), 'oracle').text).not.toBe('');
    },
    QUADRATIC_MS,
  );

  it('64 KiB of parentheses are refused and not followed', () => {
    expect(() => readStatement(`select ${'('.repeat(65_000)}`, 'oracle')).toThrow('deeper');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUADRATIC_MS } from '../testing/linear-time.ts';
import { tokenize } from './tokenize.ts';

const texts = (sql: string): string[] => tokenize(sql, 'oracle').map(({ text }) => text);
const kinds = (sql: string): string[] => tokenize(sql, 'oracle').map(({ kind, text }) => `${kind} ${text}`);

describe('Oracle tokens', () => {
  it.each([
    ['a doubled quote does not end a string', "'it''s' x", ["string 'it''s'", 'word x']],
    ['a string may be empty', "'' ''''", ["string ''", "string ''''"]],
    ['comment marks inside a string are text', "'--' '/*'", ["string '--'", "string '/*'"]],
    [
      'q strings close with their bracket partner',
      "q'[a'b]' q'{}}' Q'<'>' q'(')'",
      ["string q'[a'b]'", "string q'{}}'", "string Q'<'>'", "string q'(')'"],
    ],
    [
      'q strings take any other delimiter',
      "q'!it's!' q'''' q'\u{1F600}a'\u{1F600}'",
      ["string q'!it's!'", "string q''''", "string q'😀a'😀'"],
    ],
    [
      'national strings keep their prefix',
      "n'x' N'y' nq'[z]' NQ'|w|'",
      ["string n'x'", "string N'y'", "string nq'[z]'", "string NQ'|w|'"],
    ],
    ['a name that ends in q is not a prefix', "freq'x'", ['word freq', "string 'x'"]],
    [
      'numbers have points, exponents and suffixes',
      '1 1.5 .5 1. 1e5 1.5E-3f 2d',
      ['number 1', 'number 1.5', 'number .5', 'number 1.', 'number 1e5', 'number 1.5E-3f', 'number 2d'],
    ],
    [
      'a suffix does not eat the word behind it',
      '1from 1e 2day',
      ['number 1', 'word from', 'number 1', 'word e', 'number 2', 'word day'],
    ],
    ['names have $, # and letters of any script', 'a$b#_1 größe', ['word a$b#_1', 'word größe']],
    ['quoted names keep their case and blanks', '"a B" "x;y"', ['quoted "a B"', 'quoted "x;y"']],
    ['placeholders are names or digits', ':a :B_1 :1', ['placeholder :a', 'placeholder :B_1', 'placeholder :1']],
    ['a colon after a string is not a placeholder', "'k':v", ["string 'k'", 'operator :', 'word v']],
    ['comments vanish', 'a--b\nc/*d*/e/**/f', ['word a', 'word c', 'word e', 'word f']],
    [
      'hints stay right after SELECT',
      'select /*+ x */ --+ y\n a',
      ['word select', 'hint /*+ x */', 'hint --+ y', 'word a'],
    ],
    ['a comment that only looks like a hint vanishes', 'a /*+ x */ b', ['word a', 'word b']],
    [
      'operators are read as long as they can',
      'a||b<=c<>d!=e^=f=>g',
      [
        'word a',
        'operator ||',
        'word b',
        'operator <=',
        'word c',
        'operator <>',
        'word d',
        'operator !=',
        'word e',
        'operator ^=',
        'word f',
        'operator =>',
        'word g',
      ],
    ],
    ['all white space of ASCII parts tokens', 'a\tb\r\nc\fd\ve', ['word a', 'word b', 'word c', 'word d', 'word e']],
  ])('%s', (_claim, sql, expected) => {
    expect(kinds(sql)).toEqual(expected);
  });

  it.each([
    ["select 'abc", 'line 1, column 8', 'string'],
    ["select\n  q'[secret'", 'line 2, column 3', 'q'],
    ['select "abc', 'line 1, column 8', 'quoted name'],
    ['select ""', 'line 1, column 8', 'empty'],
    ['select "a""b"', 'line 1, column 10', 'double quote'],
    ['select /* abc', 'line 1, column 8', 'comment'],
    ['select :"x"', 'line 1, column 8', ':name'],
    ['select : x', 'line 1, column 8', ':name'],
    ['select :größe', 'line 1, column 8', 'A to Z'],
    ['select a\u00A0b', 'line 1, column 9', 'U+00A0'],
    ["select q' x '", 'line 1, column 8', 'delimiter'],
    ['select \\ 1', 'line 1, column 8', 'U+005C'],
  ])('%j is refused at %s', (sql, place, about) => {
    expect(() => tokenize(sql, 'oracle')).toThrow(
      expect.objectContaining({ code: 'PQ_INVALID_REQUEST', message: expect.stringContaining(place) }),
    );
    expect(() => tokenize(sql, 'oracle')).toThrow(about);
  });

  it('a refusal repeats no literal', () => {
    for (const sql of ["select 'secret", "select q'[secret", "select 'secret' from \\", 'select "secret']) {
      expect(() => tokenize(sql, 'oracle')).toThrow(expect.not.objectContaining({ message: /secret/ }));
    }
  });

  it('half a surrogate is refused, inside literals too', () => {
    expect(() => tokenize("select '\ud800'", 'oracle')).toThrow('Unicode');
  });

  it('any text is either refused with a code or cut into tokens that lie in it in order', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '--',
      '/*',
      '*/',
      '+',
      "q'[",
      "]'",
      ':',
      'a',
      '1',
      '.',
      'e',
      ' ',
      '\n',
      ';',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const sql = pieces.join('');
        try {
          let from = 0;
          for (const { start, end, text } of tokenize(sql, 'oracle')) {
            expect(start).toBeGreaterThanOrEqual(from);
            expect(sql.slice(start, end)).toBe(text);
            from = end;
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'PQ_INVALID_REQUEST' });
        }
      }),
    );
  });

  it.each([
    ["'", 65_535],
    ["''", 32_768],
    ['/*', 32_768],
    ['/**/', 16_384],
    ['q', 65_536],
    ["q'[", 21_845],
    ['1e', 32_768],
    ['..', 32_768],
    ['--+\n', 16_384],
    ['select --+\n', 6_000],
    [':', 65_536],
    ['\u{1F600}', 16_384],
  ])(
    '64 KiB of %j is read in linear time',
    (piece, times) => {
      const sql = piece.repeat(times);
      let count = -1;
      try {
        count = texts(sql).length;
      } catch (error) {
        expect(error).toMatchObject({ code: 'PQ_INVALID_REQUEST' });
      }
      expect(count).toBeLessThanOrEqual(sql.length);
    },
    QUADRATIC_MS,
  );
});

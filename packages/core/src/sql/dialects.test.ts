import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUADRATIC_MS } from '../testing/linear-time.ts';
import { normalise } from './normalise.ts';
import { readStatement } from './read-statement.ts';
import type { Dialect } from './statement.ts';
import { tokenize } from './tokenize.ts';

const SHARED = [
  "'a  b'",
  "n'x'",
  "''",
  "'it''s'",
  ':p',
  ':1',
  '1',
  '1.5',
  '.5',
  '1.',
  '1e5',
  '1..2',
  'a',
  'B',
  'select',
];
const MORE = [
  'from',
  'f',
  'größe',
  'e',
  'x',
  '(',
  ')',
  ',',
  '.',
  '=',
  '<',
  '>',
  '!',
  '|',
  '&',
  '^',
  '~',
  '%',
  ';',
  'as',
];
const COMMENTS = ['/* c */', '-- c\n', '--\r\n', '/*+ h */'];

const PIECES: Readonly<Record<'postgres' | 'mysql', readonly string[]>> = {
  postgres: [
    ...[
      '"q B"',
      '"a""b"',
      'u&"\\0041"',
      "e'\\''",
      "u&'d'",
      "b'1'",
      '$$a$$',
      "$t$ it's $$ $t$",
      '::',
      ':=',
      '=>',
      '[',
      ']',
    ],
    ...['+', '-', '*', '/', '@', '#', '?', '`', '@-', '->>', '<->', '1_000', '0xfF', '/* a /* b */ c */', 'array'],
  ],
  mysql: [
    ...['`q B`', '`a``b`', '"dq"', '"a""b\\""', "'\\''", "x'41'", '_utf8mb4', '0xfF', '0b1', '@v', "@'v w'", '@@a.b'],
    ...['+', '-', '*', '/', '{', '}', '<=>', '->>', '&&', '||', '# c\n', '--x', 'count', 'in'],
  ],
};

describe.each(['postgres', 'mysql'] as const)('the normal form of %s', (dialect) => {
  const token = fc.constantFrom(...SHARED, ...MORE, ...COMMENTS, ...PIECES[dialect]);
  const gap = fc.constantFrom(' ', '  ', '\n', '\t', '', '');

  it('reads as the same tokens, and is its own normal form', () => {
    let read = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(token, gap), { maxLength: 24 }), (pieces) => {
        const normal = normaliseOrNull(`select ${pieces.flat().join('')}`, dialect);
        if (normal === null) return;
        read += 1;
        const again = tokenize(normal.text, dialect);
        expect(again.map(({ kind, text }) => `${kind} ${text}`)).toEqual(
          normal.tokens.map(({ kind, spelled }) => `${kind} ${spelled}`),
        );
        expect(again.map(({ start, end }) => [start, end])).toEqual(
          normal.tokens.map(({ start, end }) => [start, end]),
        );
        expect(normalise(again, dialect).text).toBe(normal.text);
      }),
      { numRuns: 3000 },
    );
    expect(read).toBeGreaterThan(300);
  });

  it('does not depend on the white space and comments between tokens', () => {
    const loose = fc.constantFrom(' ', '\n', '\t \r\n', ' /* x */ ', ' -- x\n');
    const words = fc.constantFrom('a', '.', '-', '*', '1', ':p', '(', ')', ',', '/', '=', '<', ...quotedOf(dialect));
    fc.assert(
      fc.property(fc.array(fc.tuple(words, loose), { maxLength: 20 }), (pieces) => {
        const spread = pieces.flat().join('');
        const plain = pieces.map(([each]) => each).join(' ');
        expect(normaliseOrNull(spread, dialect)?.text).toBe(normaliseOrNull(plain, dialect)?.text);
      }),
    );
  });

  it('any text is either refused with a code or cut into tokens that lie in it in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(token, fc.constantFrom("'", '"', '`', '/*', '*/', '$', '$a', '\\')), { maxLength: 30 }),
        (pieces) => {
          const sql = pieces.join('');
          try {
            let from = 0;
            for (const { start, end, text } of tokenize(sql, dialect)) {
              expect(start).toBeGreaterThanOrEqual(from);
              expect(sql.slice(start, end)).toBe(text);
              from = end;
            }
          } catch (error) {
            expect(error).toMatchObject({ code: 'PQ_INVALID_REQUEST' });
          }
        },
      ),
    );
  });

  it('a refusal repeats no literal', () => {
    for (const sql of [
      "select 'secret",
      "select 'secret' from \\",
      `select ${dialect === 'mysql' ? '`' : '"'}secret`,
    ]) {
      expect(() => tokenize(sql, dialect)).toThrow(expect.not.objectContaining({ message: /secret/ }));
    }
  });
});

describe.each(['postgres', 'mysql'] as const)('64 KiB of %s', (dialect) => {
  const pieces = [
    ...[
      "'",
      "''",
      "'a'\n",
      '"',
      '""',
      '`',
      '``',
      '/*',
      '/**/',
      '--\n',
      '-- ',
      '#',
      '# \n',
      '$',
      '$$',
      '$a$',
      'e',
      "e'\\",
    ],
    ...[
      '1',
      '1_',
      '1e',
      '0x',
      '0x1 ',
      '.',
      '..',
      ':',
      '::',
      ':a ',
      '@',
      '@a ',
      '+',
      '+-',
      '@-',
      '- ',
      '[',
      '[[',
      'a[',
      ']',
    ],
    ...['(', '()', 'a.', 'a ', 'u&"', '\u{1F600}', '/*!', '\\', '?', '{', ';'],
  ];

  it.each(pieces)(
    'of %j are read in linear time',
    (piece) => {
      const sql = `select ${piece.repeat(Math.floor(65_536 / piece.length))}`;
      expect(lengthOf(sql, dialect)).toBeLessThanOrEqual(sql.length);
    },
    QUADRATIC_MS,
  );

  it.each([
    ['select a.b,c from t', ',t x', 16_000],
    ['select 1 from t', ' join t on t.a=t.b', 3_500],
    ['with recursive t as (select 1)', ',t as (select 1 from t)', 2_800],
    ['select f0()', '+f(:a,now())', 5_000],
    ['select 1 from t', ' as x(a, b), t', 4_600],
    ['values (1)', ',(1)', 16_000],
    [`select 1 from ${'('.repeat(199)}a${')'.repeat(199)}`, ',a', 32_000],
    [`select ${'date(cast('.repeat(99)}a${' as date))'.repeat(99)}`, ",date('a')", 6_000],
    [`select ${'age('.repeat(199)}a${')'.repeat(199)}`, ',age(a)', 8_000],
    ['select 1 from t', ' use index (a)', 4_600],
  ])(
    'of statement %# are read in linear time',
    (start, piece, times) => {
      expect(readStatement(start + piece.repeat(times), dialect).text).not.toBe('');
    },
    QUADRATIC_MS,
  );
});

function quotedOf(dialect: Dialect): readonly string[] {
  return dialect === 'mysql' ? ["'a b'", '`Q`', '"s"'] : ['"Q"', '"a b"', '::'];
}

function lengthOf(sql: string, dialect: Dialect): number {
  try {
    return readStatement(sql, dialect).text.length / 3;
  } catch (error) {
    expect(error).toMatchObject({ code: 'PQ_INVALID_REQUEST' });
    return 0;
  }
}

function normaliseOrNull(sql: string, dialect: Dialect): ReturnType<typeof normalise> | null {
  try {
    return normalise(tokenize(sql, dialect), dialect);
  } catch {
    return null;
  }
}

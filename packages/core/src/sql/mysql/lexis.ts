/**
 * How MySQL and MariaDB write their tokens, with ANSI_QUOTES, NO_BACKSLASH_ESCAPES and IGNORE_SPACE off, from their
 * manuals ("Language Structure") and sql_lex.cc. Nothing is folded in the normal form: a column that has no alias is
 * called as the statement writes it, names of tables may tell case apart, and which words are keywords differs by
 * server and release. So statements that differ in case alone are two; the readers look for keywords in upper case.
 * For the same reason a space before a parenthesis stays one: `count (x)` calls no built-in function.
 */
import { keepsNothing, type Lexis } from '../lexis.ts';
import { operator, whiteSpace, word, type Alphabet } from '../scan.ts';
import { colon, comment, lineComment, number, quotedName, refusals, string, variable } from './scanners.ts';

const ALPHABET: Alphabet = { start: /[A-Za-z_$]/, part: /[A-Za-z0-9_$]/ };

export const MYSQL_LEXIS: Lexis = {
  scanners: [
    whiteSpace,
    lineComment,
    comment,
    string,
    quotedName,
    word(ALPHABET),
    number(ALPHABET),
    variable(ALPHABET),
    colon,
    refusals,
    operator({
      operators: [
        ...'+-*/(),.;=<>!^|%{}~&'.split(''),
        ...['||', '&&', '<=', '>=', '<>', '!=', '<=>', '<<', '>>', '->', '->>'],
      ],
    }),
  ],
  fold: (text) => text,
  caseMattersFromPart: Number.MAX_SAFE_INTEGER,
  keepsCase: keepsNothing,
  joinsLinks: false,
  spaceBeforeParenthesis: 'as written',
};

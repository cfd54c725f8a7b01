/**
 * How Postgres writes its tokens, from the server's own rules (src/backend/parser/scan.l) and the manual, section 4.1
 * "Lexical Structure", with standard_conforming_strings on. Words are folded to lower case, as the server folds them
 * in a database whose encoding has several bytes per character: letters beyond ASCII stay as they are.
 */
import { foldLower } from '../fold.ts';
import { keepsNothing, type Lexis } from '../lexis.ts';
import { placeholderAt, refusedAt, whiteSpace, word, type Alphabet, type Scanner } from '../scan.ts';
import { dollarString, lineComment, nestedComment, number, operator, quotedName, string } from './scanners.ts';

const ALPHABET: Alphabet = { start: /[A-Za-z_]/, part: /[A-Za-z0-9_$]/ };
const PLACEHOLDERS: Alphabet = { start: /[A-Za-z_]/, part: /[A-Za-z0-9_]/ };

/** `::` casts, `:=` names an argument, and in a subscript a colon parts two bounds; after a string it parts JSON. */
const colon: Scanner = (sql, at, { previous, inSubscript }) => {
  if (sql[at] !== ':') return null;
  if (sql[at + 1] === ':' || sql[at + 1] === '=') return { kind: 'operator', end: at + 2 };
  if (inSubscript || previous?.kind === 'string') return { kind: 'operator', end: at + 1 };
  if (sql[at + 1] === '"' || sql[at + 1] === "'") {
    throw refusedAt(sql, at, 'a placeholder in quotes is not supported; write :name');
  }
  return placeholderAt(sql, at, PLACEHOLDERS);
};

export const POSTGRES_LEXIS: Lexis = {
  scanners: [
    whiteSpace,
    lineComment,
    nestedComment,
    string,
    dollarString(ALPHABET),
    quotedName,
    word(ALPHABET),
    number(ALPHABET),
    colon,
    operator,
  ],
  fold: foldLower,
  caseMattersFromPart: Number.MAX_SAFE_INTEGER,
  keepsCase: keepsNothing,
  joinsLinks: false,
  spaceBeforeParenthesis: 'never',
};

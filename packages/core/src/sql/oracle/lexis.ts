/** How Oracle writes its tokens: SQL Language Reference, chapter 2, "Basic Elements of Oracle SQL". */
import { foldUpper } from '../fold.ts';
import type { Lexis } from '../lexis.ts';
import {
  afterPrefix,
  blockComment,
  characterAt,
  endOfDigits,
  endOfLine,
  isDigit,
  isWordPart,
  kindOfComment,
  operator,
  placeholderAt,
  refusedAt,
  WHITE,
  whiteSpace,
  word,
  type Alphabet,
  type Scanner,
} from '../scan.ts';
import { fieldNames } from './field-names.ts';

const ALPHABET: Alphabet = { start: /[A-Za-z]/, part: /[A-Za-z0-9_$#]/ };
const HINTS_AFTER = new Set(['SELECT']);

/** `1`, `1.`, `.5`, `1.5e-3`, and Oracle's suffixes `f` and `d` for binary floats, where no longer word begins. */
function number(options: { readonly suffixes: string }): Scanner {
  return (sql, at) => {
    if (!isDigit(sql[at]) && !(sql[at] === '.' && isDigit(sql[at + 1]))) return null;
    let end = endOfDigits(sql, at);
    if (sql[end] === '.' && sql[end + 1] !== '.') end = endOfDigits(sql, end + 1);
    if (sql[end] === 'e' || sql[end] === 'E') {
      const digits = sql[end + 1] === '+' || sql[end + 1] === '-' ? end + 2 : end + 1;
      if (isDigit(sql[digits])) end = endOfDigits(sql, digits);
    }
    const suffix = sql.charAt(end).toLowerCase();
    const ends = suffix !== '' && options.suffixes.includes(suffix) && !isWordPart(characterAt(sql, end + 1), ALPHABET);
    return { kind: 'number', end: ends ? end + 1 : end };
  };
}

/** `'it''s'`, with the prefixes that may stand right before the quote. */
function string(options: { readonly prefixes: readonly string[] }): Scanner {
  return (sql, at) => {
    const open = afterPrefix(sql, at, options.prefixes);
    if (open === null) return null;
    for (let quote = sql.indexOf("'", open + 1); quote !== -1; quote = sql.indexOf("'", quote + 2)) {
      if (sql[quote + 1] !== "'") return { kind: 'string', end: quote + 1 };
    }
    throw refusedAt(sql, at, "a string begins here and does not end; close it with ' and write ' inside it twice");
  };
}

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '{': '}', '<': '>', '(': ')' };

/** Oracle's `q'[…]'`: any delimiter but white space; brackets close with their partners. */
function alternativeString(options: { readonly prefixes: readonly string[] }): Scanner {
  return (sql, at) => {
    const open = sql[at] === "'" ? null : afterPrefix(sql, at, options.prefixes);
    if (open === null) return null;
    const delimiter = characterAt(sql, open + 1);
    if (delimiter === '' || WHITE.includes(delimiter)) {
      throw refusedAt(sql, at, "q' needs a delimiter right after the quote, as in q'[…]'");
    }
    const close = `${CLOSING[delimiter] ?? delimiter}'`;
    const end = sql.indexOf(close, open + 1 + delimiter.length);
    if (end !== -1) return { kind: 'string', end: end + close.length };
    throw refusedAt(sql, at, "a q'…' string begins here and does not end; close it with its own delimiter and a quote");
  };
}

/** A name between double quotes. Oracle knows no escape inside it: a doubled quote is a mistake, not a character. */
const quotedName: Scanner = (sql, at) => {
  if (sql[at] !== '"') return null;
  const end = sql.indexOf('"', at + 1);
  if (end === -1) throw refusedAt(sql, at, 'a quoted name begins here and does not end; close it with "');
  if (end === at + 1) throw refusedAt(sql, at, 'a quoted name is empty');
  if (sql[end + 1] === '"') throw refusedAt(sql, end, 'a quoted name cannot contain a double quote');
  return { kind: 'quoted', end: end + 1 };
};

/** A comment to the end of the line; one that begins with + may be a hint. */
const lineComment: Scanner = (sql, at, before) => {
  if (!sql.startsWith('--', at)) return null;
  return { kind: kindOfComment(sql, at, before, HINTS_AFTER), end: endOfLine(sql, at, '\n') };
};

/** After a string a colon parts a JSON key from its value, as the driver reads it too. */
const colon: Scanner = (sql, at, { previous }) => {
  if (sql[at] !== ':') return null;
  if (previous?.kind === 'string') return { kind: 'operator', end: at + 1 };
  if (sql[at + 1] === '"') throw refusedAt(sql, at, 'a placeholder in quotes is not supported; write :name');
  return placeholderAt(sql, at, ALPHABET);
};

export const ORACLE_LEXIS: Lexis = {
  scanners: [
    whiteSpace,
    lineComment,
    blockComment({ hintsAfter: HINTS_AFTER }),
    alternativeString({ prefixes: ['q', 'nq'] }),
    string({ prefixes: ['n', 'u'] }),
    quotedName,
    word(ALPHABET),
    number({ suffixes: 'fd' }),
    colon,
    operator({
      operators: [
        ...'+-*/(),.;=<>!^|@%?[]{}~$&'.split(''),
        ...['||', '<=', '>=', '<>', '!=', '^=', '~=', '=>', '**', '..'],
        // Row patterns: exclusion, and quantifiers that take as little as they can.
        ...['{-', '-}', '*?', '+?', '??'],
      ],
    }),
  ],
  fold: foldUpper,
  caseMattersFromPart: 2,
  keepsCase: fieldNames,
  joinsLinks: true,
  spaceBeforeParenthesis: 'never',
};

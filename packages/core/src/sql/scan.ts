/**
 * The pieces a dialect's lexis is put together from. A scanner looks at one place of the text and says how far its
 * kind of token reaches, or null. Every scanner is linear in what it takes: character loops and indexOf, and no
 * expression that could backtrack, because the text comes from strangers.
 */
import { ParqueueError } from '../model/errors.ts';

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'placeholder' | 'hint' | 'operator';

export interface Token {
  readonly kind: TokenKind;
  /** As the text writes it. */
  readonly text: string;
  /** Offset in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** `skip`: white space and comments, which are no tokens. */
export interface Scanned {
  readonly kind: TokenKind | 'skip';
  readonly end: number;
}

/** `previous` is the token before this place: a hint and JSON's colon depend on it. */
export type Scanner = (sql: string, at: number, previous: Token | undefined) => Scanned | null;

/** A refusal that says where. Only words of SQL itself go into `what`: never a literal. */
export function refusedAt(sql: string, at: number, what: string): ParqueueError {
  let line = 1;
  let lineStart = 0;
  for (let i = sql.indexOf('\n'); i !== -1 && i < at; i = sql.indexOf('\n', i + 1)) {
    line += 1;
    lineStart = i + 1;
  }
  const column = at - lineStart + 1;
  return new ParqueueError('PQ_INVALID_REQUEST', `line ${line}, column ${column} of the statement: ${what}`, {
    details: { line, column },
  });
}

export function isDigit(unit: string | undefined): boolean {
  return unit !== undefined && unit >= '0' && unit <= '9';
}

const LETTER = /^\p{L}$/u;
const LETTER_OR_MARK = /^[\p{L}\p{M}\p{N}]$/u;

/** The character at a place: two units where it lies beyond the basic plane. */
export function characterAt(sql: string, at: number): string {
  const code = sql.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
}

export function isWordStart(character: string): boolean {
  if (character === '') return false;
  if (character < '\u0080') return /[A-Za-z]/.test(character);
  return LETTER.test(character);
}

export function isWordPart(character: string): boolean {
  if (character === '') return false;
  if (character < '\u0080') return /[A-Za-z0-9_$#]/.test(character);
  return LETTER_OR_MARK.test(character);
}

export function isAscii(text: string): boolean {
  return !/[^\p{ASCII}]/u.test(text);
}

/** The end of the run of word characters that begins at `at`. */
export function endOfWord(sql: string, at: number): number {
  let end = at;
  for (let next = characterAt(sql, end); isWordPart(next); next = characterAt(sql, end)) end += next.length;
  return end;
}

const WHITE = ' \t\r\n\f\v';

export const whiteSpace: Scanner = (sql, at) => {
  let end = at;
  while (end < sql.length && WHITE.includes(sql.charAt(end))) end += 1;
  return end === at ? null : { kind: 'skip', end };
};

export const word: Scanner = (sql, at) =>
  isWordStart(characterAt(sql, at)) ? { kind: 'word', end: endOfWord(sql, at) } : null;

/** `1`, `1.`, `.5`, `1.5e-3`, and Oracle's suffixes `f` and `d` for binary floats, where no longer word begins. */
export function number(options: { readonly suffixes: string }): Scanner {
  return (sql, at) => {
    if (!isDigit(sql[at]) && !(sql[at] === '.' && isDigit(sql[at + 1]))) return null;
    let end = endOfDigits(sql, at);
    if (sql[end] === '.' && sql[end + 1] !== '.') end = endOfDigits(sql, end + 1);
    if (sql[end] === 'e' || sql[end] === 'E') {
      const digits = sql[end + 1] === '+' || sql[end + 1] === '-' ? end + 2 : end + 1;
      if (isDigit(sql[digits])) end = endOfDigits(sql, digits);
    }
    const suffix = sql.charAt(end).toLowerCase();
    const ends = suffix !== '' && options.suffixes.includes(suffix) && !isWordPart(characterAt(sql, end + 1));
    return { kind: 'number', end: ends ? end + 1 : end };
  };
}

function endOfDigits(sql: string, at: number): number {
  let end = at;
  while (isDigit(sql[end])) end += 1;
  return end;
}

/** `'it''s'`, with the prefixes that may stand right before the quote. */
export function string(options: { readonly prefixes: readonly string[] }): Scanner {
  return (sql, at) => {
    const open = afterPrefix(sql, at, options.prefixes);
    if (open === null) return null;
    for (let quote = sql.indexOf("'", open + 1); quote !== -1; quote = sql.indexOf("'", quote + 2)) {
      if (sql[quote + 1] !== "'") return { kind: 'string', end: quote + 1 };
    }
    throw refusedAt(sql, at, "a string begins here and does not end; close it with ' and write ' inside it twice");
  };
}

/** The place of the quote that follows one of the prefixes, or no prefix at all. */
function afterPrefix(sql: string, at: number, prefixes: readonly string[]): number | null {
  if (sql[at] === "'") return at;
  for (const prefix of prefixes) {
    const end = at + prefix.length;
    if (sql[end] === "'" && sql.slice(at, end).toLowerCase() === prefix) return end;
  }
  return null;
}

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '{': '}', '<': '>', '(': ')' };

/** Oracle's `q'[…]'`: any delimiter but white space; brackets close with their partners. */
export function alternativeString(options: { readonly prefixes: readonly string[] }): Scanner {
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
export const quotedName: Scanner = (sql, at) => {
  if (sql[at] !== '"') return null;
  const end = sql.indexOf('"', at + 1);
  if (end === -1) throw refusedAt(sql, at, 'a quoted name begins here and does not end; close it with "');
  if (end === at + 1) throw refusedAt(sql, at, 'a quoted name is empty');
  if (sql[end + 1] === '"') throw refusedAt(sql, end, 'a quoted name cannot contain a double quote');
  return { kind: 'quoted', end: end + 1 };
};

/**
 * Comments, and the hints among them: those that begin with + and stand right after a word that takes hints.
 * Everywhere else the database reads a comment too.
 */
export function comment(options: { readonly hintsAfter: ReadonlySet<string> }): Scanner {
  return (sql, at, previous) => {
    const opening = sql.slice(at, at + 2);
    if (opening !== '--' && opening !== '/*') return null;
    const takesHints =
      previous?.kind === 'hint' || (previous?.kind === 'word' && options.hintsAfter.has(previous.text.toUpperCase()));
    const kind = sql[at + 2] === '+' && takesHints ? 'hint' : 'skip';
    if (opening === '--') {
      const newline = sql.indexOf('\n', at);
      return { kind, end: newline === -1 ? sql.length : newline };
    }
    const end = sql.indexOf('*/', at + 2);
    if (end === -1) throw refusedAt(sql, at, 'a comment begins here and does not end; close it with */');
    return { kind, end: end + 2 };
  };
}

/** `:name` and `:1`. After a string a colon parts a JSON key from its value, as the driver reads it too. */
export const colonPlaceholder: Scanner = (sql, at, previous) => {
  if (sql[at] !== ':') return null;
  if (previous?.kind === 'string') return { kind: 'operator', end: at + 1 };
  if (sql[at + 1] === '"') throw refusedAt(sql, at, 'a placeholder in quotes is not supported; write :name');
  if (isDigit(sql[at + 1])) return { kind: 'placeholder', end: endOfDigits(sql, at + 1) };
  if (isWordStart(characterAt(sql, at + 1))) {
    const end = endOfWord(sql, at + 1);
    // The driver folds names by another rule beyond ASCII: it would bind a name that the request does not have.
    if (!isAscii(sql.slice(at, end))) throw refusedAt(sql, at, 'the name of a placeholder has letters beyond A to Z');
    return { kind: 'placeholder', end };
  }
  throw refusedAt(sql, at, 'a colon without a name; write a placeholder as :name, with no space');
};

/** The longest of the listed operators. */
export function operator(options: { readonly operators: readonly string[] }): Scanner {
  const longestFirst = options.operators.toSorted((a, b) => b.length - a.length);
  return (sql, at) => {
    const found = longestFirst.find((candidate) => sql.startsWith(candidate, at));
    return found === undefined ? null : { kind: 'operator', end: at + found.length };
  };
}

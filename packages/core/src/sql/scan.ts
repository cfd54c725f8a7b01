/**
 * The pieces a dialect's lexis is put together from. A scanner looks at one place of the text and says how far its
 * kind of token reaches, or null. Every scanner is linear in what it takes: character loops and indexOf, and no
 * expression that could backtrack, because the text comes from strangers.
 */
import { ParqueueError } from '../model/errors.ts';

/** `variable`: of the session, `@name` and `@@name`. */
export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'placeholder' | 'variable' | 'hint' | 'operator';

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

export interface Before {
  /** The token before this place: a hint and JSON's colon depend on it. */
  readonly previous: Token | undefined;
  /** Directly inside the brackets of `a[1:2]`, where a colon parts two bounds. */
  readonly inSubscript: boolean;
}

export type Scanner = (sql: string, at: number, before: Before) => Scanned | null;

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

/** What names consist of without quotes. Beyond ASCII they are letters, marks and digits in every dialect. */
export interface Alphabet {
  readonly start: RegExp;
  readonly part: RegExp;
}

export function isWordStart(character: string, { start }: Alphabet): boolean {
  if (character === '') return false;
  return character < '\u0080' ? start.test(character) : LETTER.test(character);
}

export function isWordPart(character: string, { part }: Alphabet): boolean {
  if (character === '') return false;
  return character < '\u0080' ? part.test(character) : LETTER_OR_MARK.test(character);
}

export function isAscii(text: string): boolean {
  return !/[^\p{ASCII}]/u.test(text);
}

/** The end of the run of word characters that begins at `at`. */
export function endOfWord(sql: string, at: number, alphabet: Alphabet): number {
  let end = at;
  for (let next = characterAt(sql, end); isWordPart(next, alphabet); next = characterAt(sql, end)) end += next.length;
  return end;
}

export const WHITE = ' \t\r\n\f\v';

export const whiteSpace: Scanner = (sql, at) => {
  let end = at;
  while (end < sql.length && WHITE.includes(sql.charAt(end))) end += 1;
  return end === at ? null : { kind: 'skip', end };
};

export function word(alphabet: Alphabet): Scanner {
  return (sql, at) =>
    isWordStart(characterAt(sql, at), alphabet) ? { kind: 'word', end: endOfWord(sql, at, alphabet) } : null;
}

export function endOfDigits(sql: string, at: number): number {
  let end = at;
  while (isDigit(sql[end])) end += 1;
  return end;
}

/** The place of the quote that follows one of the prefixes, or no prefix at all. */
export function afterPrefix(sql: string, at: number, prefixes: readonly string[]): number | null {
  if (sql[at] === "'") return at;
  for (const prefix of prefixes) {
    const end = at + prefix.length;
    if (sql[end] === "'" && sql.slice(at, end).toLowerCase() === prefix) return end;
  }
  return null;
}

/**
 * Comments between marks, and the hints among them: those that begin with + and stand right after a word that
 * takes hints. Everywhere else the database reads a comment too.
 */
export function blockComment(options: { readonly hintsAfter: ReadonlySet<string> }): Scanner {
  return (sql, at, before) => {
    if (!sql.startsWith('/*', at)) return null;
    const end = sql.indexOf('*/', at + 2);
    if (end === -1) throw refusedAt(sql, at, 'a comment begins here and does not end; close it with */');
    return { kind: kindOfComment(sql, at, before, options.hintsAfter), end: end + 2 };
  };
}

export function kindOfComment(
  sql: string,
  at: number,
  { previous }: Before,
  hintsAfter: ReadonlySet<string>,
): 'hint' | 'skip' {
  const takesHints =
    previous?.kind === 'hint' || (previous?.kind === 'word' && hintsAfter.has(previous.text.toUpperCase()));
  return sql[at + 2] === '+' && takesHints ? 'hint' : 'skip';
}

/** The first of these characters, or the end of the text. */
export function endOfLine(sql: string, at: number, newlines: string): number {
  let end = at;
  while (end < sql.length && !newlines.includes(sql.charAt(end))) end += 1;
  return end;
}

/** `:name` and `:1`; names are ASCII, as drivers and configurations agree on those alone. */
export function placeholderAt(sql: string, at: number, alphabet: Alphabet): Scanned {
  if (isDigit(sql[at + 1])) return { kind: 'placeholder', end: endOfDigits(sql, at + 1) };
  if (isWordStart(characterAt(sql, at + 1), alphabet)) {
    const end = endOfWord(sql, at + 1, alphabet);
    // The driver folds names by another rule beyond ASCII: it would bind a name that the request does not have.
    if (!isAscii(sql.slice(at, end))) throw refusedAt(sql, at, 'the name of a placeholder has letters beyond A to Z');
    return { kind: 'placeholder', end };
  }
  throw refusedAt(sql, at, 'a colon without a name; write a placeholder as :name, with no space');
}

/** The longest of the listed operators. */
export function operator(options: { readonly operators: readonly string[] }): Scanner {
  const longestFirst = options.operators.toSorted((a, b) => b.length - a.length);
  return (sql, at) => {
    const found = longestFirst.find((candidate) => sql.startsWith(candidate, at));
    return found === undefined ? null : { kind: 'operator', end: at + found.length };
  };
}

/**
 * Oracle SQL as tokens: strings in all their spellings, quoted identifiers, comments and hints dropped, binds. Written
 * on its own, without a look at Parqueue's tokenizer: what one of the two misreads the other should not.
 */
import { OraError } from '../../engine.ts';

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'bind' | 'operator' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Words in upper case, quoted identifiers and strings without their quotes, binds without the colon. */
  readonly text: string;
  /** Offset of the first character in the SQL. */
  readonly at: number;
  /** Offset behind the last character. */
  readonly to: number;
}

const OPERATORS = ['||', '<=', '>=', '<>', '!=', '^=', '=>', '**', '..', ':='];
const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}', '<': '>' };
const isSpace = (c: string): boolean => c === ' ' || c === '\n' || c === '\t' || c === '\r' || c === '\f' || c === '\0';
const isDigit = (c: string): boolean => c >= '0' && c <= '9';
const isWordStart = (c: string): boolean => (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c > '\u007f';
const isWordPart = (c: string): boolean => isWordStart(c) || isDigit(c) || c === '_' || c === '$' || c === '#';

/** @throws OraError 01756 for an open string, 01740 for an open identifier, 00911 for a character of no use in SQL */
export function tokenize(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while ((at = skipBlanks(sql, at)) < sql.length) {
    const token = tokenAt(sql, at);
    tokens.push(token);
    at = token.to;
  }
  tokens.push({ kind: 'end', text: '', at: sql.length, to: sql.length });
  return tokens;
}

function skipBlanks(sql: string, from: number): number {
  let at = from;
  for (;;) {
    if (isSpace(sql.charAt(at)) && at < sql.length) at += 1;
    else if (sql.startsWith('--', at)) at = ends(sql, '\n', at);
    else if (sql.startsWith('/*', at)) {
      const end = sql.indexOf('*/', at + 2);
      if (end < 0) throw new OraError(1742, 'comment not terminated properly', { offset: at });
      at = end + 2;
    } else return at;
  }
}

function ends(sql: string, what: string, from: number): number {
  const found = sql.indexOf(what, from);
  return found < 0 ? sql.length : found + what.length;
}

function tokenAt(sql: string, at: number): Token {
  const c = sql.charAt(at);
  const next = sql.charAt(at + 1);
  if (c === "'") return plainString(sql, at, at + 1);
  if (/[nN]/.test(c) && next === "'") return plainString(sql, at, at + 2);
  if (/[qQ]/.test(c) && next === "'") return delimitedString(sql, at, at + 2);
  if (/[nN]/.test(c) && /[qQ]/.test(next) && sql.charAt(at + 2) === "'") return delimitedString(sql, at, at + 3);
  if (c === '"') {
    const end = sql.indexOf('"', at + 1);
    if (end < 0) throw new OraError(1740, 'missing double quote in identifier', { offset: at });
    if (end === at + 1) throw new OraError(1741, 'illegal zero-length identifier', { offset: at });
    return { kind: 'quoted', text: sql.slice(at + 1, end), at, to: end + 1 };
  }
  if (isDigit(c) || (c === '.' && isDigit(next))) return numberAt(sql, at);
  if (isWordStart(c)) {
    let to = at + 1;
    while (to < sql.length && isWordPart(sql.charAt(to))) to += 1;
    return { kind: 'word', text: sql.slice(at, to).toUpperCase(), at, to };
  }
  if (c === ':' && (isWordPart(next) || next === '"')) return bindAt(sql, at);
  const two = OPERATORS.find((operator) => sql.startsWith(operator, at));
  if (two !== undefined) return { kind: 'operator', text: two, at, to: at + 2 };
  if ('+-*/(),.;=<>@%[]:?'.includes(c)) return { kind: 'operator', text: c, at, to: at + 1 };
  throw new OraError(911, `invalid character ${JSON.stringify(c)}`, { offset: at });
}

function plainString(sql: string, at: number, from: number): Token {
  let text = '';
  let start = from;
  for (;;) {
    const end = sql.indexOf("'", start);
    if (end < 0) throw new OraError(1756, 'quoted string not properly terminated', { offset: at });
    text += sql.slice(start, end);
    if (sql.charAt(end + 1) !== "'") return { kind: 'string', text, at, to: end + 1 };
    text += "'";
    start = end + 2;
  }
}

function delimitedString(sql: string, at: number, from: number): Token {
  const open = String.fromCodePoint(sql.codePointAt(from) ?? 0);
  const close = `${CLOSING[open] ?? open}'`;
  const end = sql.indexOf(close, from + open.length);
  if (end < 0) throw new OraError(1756, 'quoted string not properly terminated', { offset: at });
  return { kind: 'string', text: sql.slice(from + open.length, end), at, to: end + close.length };
}

function numberAt(sql: string, at: number): Token {
  const digits = (from: number): number => {
    let to = from;
    while (isDigit(sql.charAt(to))) to += 1;
    return to;
  };
  let to = digits(at);
  if (sql.charAt(to) === '.' && sql.charAt(to + 1) !== '.') to = digits(to + 1);
  if (/[eE]/.test(sql.charAt(to))) {
    const sign = /[+-]/.test(sql.charAt(to + 1)) ? 1 : 0;
    if (isDigit(sql.charAt(to + 1 + sign))) to = digits(to + 1 + sign);
  }
  if (/[dDfF]/.test(sql.charAt(to)) && !isWordPart(sql.charAt(to + 1))) to += 1;
  return { kind: 'number', text: sql.slice(at, to).toUpperCase(), at, to };
}

function bindAt(sql: string, at: number): Token {
  if (sql.charAt(at + 1) === '"') {
    const end = ends(sql, '"', at + 2);
    return { kind: 'bind', text: sql.slice(at + 2, end - 1), at, to: end };
  }
  let to = at + 1;
  while (to < sql.length && isWordPart(sql.charAt(to))) to += 1;
  return { kind: 'bind', text: sql.slice(at + 1, to).toUpperCase(), at, to };
}

/** The tokens that Postgres writes in its own way. Each scanner is linear in what it takes. */
import {
  characterAt,
  endOfDigits,
  endOfLine,
  isDigit,
  isWordPart,
  isWordStart,
  endOfWord,
  refusedAt,
  WHITE,
  type Alphabet,
  type Scanner,
} from '../scan.ts';

const NEWLINES = '\n\r';

export const lineComment: Scanner = (sql, at) =>
  sql.startsWith('--', at) ? { kind: 'skip', end: endOfLine(sql, at, NEWLINES) } : null;

/** Comments nest. There are no hints: what looks like one is a comment to the server. */
export const nestedComment: Scanner = (sql, at) => {
  if (!sql.startsWith('/*', at)) return null;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = at + 2;
  let depth = 1;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return { kind: 'skip', end: mark.lastIndex };
  }
  throw refusedAt(sql, at, 'a comment begins here and does not end; close it with */ as often as it was opened');
};

/**
 * `'…'`, `e'…'` with backslash escapes, `u&'…'`, `b'…'`, `x'…'`, `n'…'`. A string goes on in the next one when nothing
 * but white space with a line break, and comments to the end of a line, stand between: they are one token, as written.
 */
export const string: Scanner = (sql, at) => {
  const prefix = /^(?:[eEbBxXnN]|[uU]&)?'/.exec(sql.slice(at, at + 3));
  if (prefix === null) return null;
  const escapes = /^[eE]/.test(prefix[0]);
  let end = endOfQuoted(sql, at, at + prefix[0].length, escapes);
  for (let next = continuation(sql, end); next !== null; next = continuation(sql, end)) {
    end = endOfQuoted(sql, at, next, escapes);
  }
  return { kind: 'string', end };
};

/** The place behind the quote that ends a string whose first character stands at `from`. */
function endOfQuoted(sql: string, start: number, from: number, escapes: boolean): number {
  let i = from;
  while (i < sql.length) {
    if (escapes && sql[i] === '\\') i += 2;
    else if (sql[i] !== "'") i += 1;
    else if (sql[i + 1] === "'") i += 2;
    else return i + 1;
  }
  throw refusedAt(sql, start, "a string begins here and does not end; close it with ' and write ' inside it twice");
}

/** The first character of the string that goes on here, if one does. */
function continuation(sql: string, from: number): number | null {
  let hasNewline = false;
  for (let i = from; i < sql.length;) {
    if (sql.startsWith('--', i)) i = endOfLine(sql, i, NEWLINES);
    else if (sql[i] === "'") return hasNewline ? i + 1 : null;
    else if (WHITE.includes(sql.charAt(i))) {
      hasNewline ||= NEWLINES.includes(sql.charAt(i));
      i += 1;
    } else return null;
  }
  return null;
}

/** `$$…$$` and `$tag$…$tag$`; a dollar and digits would be a parameter of the protocol. */
export function dollarString(alphabet: Alphabet): Scanner {
  const tags: Alphabet = { start: alphabet.start, part: /[A-Za-z0-9_]/ };
  return (sql, at) => {
    if (sql[at] !== '$') return null;
    if (isDigit(sql[at + 1])) throw refusedAt(sql, at, 'parameters by number are not supported; write :name');
    const isTagged = isWordStart(characterAt(sql, at + 1), tags);
    const close = isTagged ? endOfWord(sql, at + 1, tags) : at + 1;
    if (sql[close] !== '$') throw refusedAt(sql, at, 'the character $ has no meaning here; a string begins with $$');
    const delimiter = sql.slice(at, close + 1);
    const end = sql.indexOf(delimiter, close + 1);
    if (end !== -1) return { kind: 'string', end: end + delimiter.length };
    throw refusedAt(sql, at, 'a string begins here with dollars and does not end; close it with the same mark');
  };
}

/** `"Name"` and `u&"Name"`, in which a doubled quote stands for one. */
export const quotedName: Scanner = (sql, at) => {
  const open = sql[at] === '"' ? at : /^[uU]&"/.test(sql.slice(at, at + 3)) ? at + 2 : null;
  if (open === null) return null;
  for (let quote = sql.indexOf('"', open + 1); quote !== -1; quote = sql.indexOf('"', quote + 2)) {
    if (quote === open + 1 && sql[quote + 1] !== '"') throw refusedAt(sql, at, 'a quoted name is empty');
    if (sql[quote + 1] !== '"') return { kind: 'quoted', end: quote + 1 };
  }
  throw refusedAt(sql, at, 'a quoted name begins here and does not end; close it with "');
};

const RADIX = /^0[xX](?:_?[0-9a-fA-F])+|^0[oO](?:_?[0-7])+|^0[bB](?:_?[01])+/;
/** Longer literals of this kind fit no integer, and a slice of this length keeps the scan linear. */
const RADIX_LENGTH_MAX = 200;

/** `1`, `1_000`, `0xff`, `1.`, `.5`, `1.5e-3`. What goes on with a letter is a mistake to servers since 15. */
export function number(alphabet: Alphabet): Scanner {
  return (sql, at) => {
    if (!isDigit(sql[at]) && !(sql[at] === '.' && isDigit(sql[at + 1]))) return null;
    const radix = sql[at] === '0' ? RADIX.exec(sql.slice(at, at + RADIX_LENGTH_MAX)) : null;
    const end = radix === null ? endOfDecimal(sql, at) : at + radix[0].length;
    if (isWordPart(characterAt(sql, end), alphabet)) {
      throw refusedAt(sql, at, 'a number goes on with letters; put a space between, or the name in quotes');
    }
    return { kind: 'number', end };
  };
}

function endOfDecimal(sql: string, at: number): number {
  let end = endOfGroups(sql, at);
  if (sql[end] === '.' && sql[end + 1] !== '.') end = endOfGroups(sql, end + 1);
  if (sql[end] !== 'e' && sql[end] !== 'E') return end;
  const digits = sql[end + 1] === '+' || sql[end + 1] === '-' ? end + 2 : end + 1;
  return isDigit(sql[digits]) ? endOfGroups(sql, digits) : end;
}

/** Digits, with single underscores between them. */
function endOfGroups(sql: string, at: number): number {
  let end = endOfDigits(sql, at);
  while (end > at && sql[end] === '_' && isDigit(sql[end + 1])) end = endOfDigits(sql, end + 1);
  return end;
}

const OPERATOR_CHARACTERS = '+-*/<>=~!@#%^&|`?';
/** NAMEDATALEN - 1: the server knows no longer operator. Also what keeps a long run of + and - from costing its square. */
const OPERATOR_LENGTH_MAX = 63;
const MAY_END_IN_SIGN = /[~!@#%^&|`?]/;

/**
 * The server's rule: as many operator characters as there are, up to a comment; and + or - at the end belong to a longer
 * operator only if it has one of the characters that no operator of the standard has: `@-` is one, `*-` is two.
 */
export const operator: Scanner = (sql, at) => {
  if (sql[at] === '.' && sql[at + 1] === '.') return { kind: 'operator', end: at + 2 };
  if ('(),.;[]'.includes(sql.charAt(at))) return { kind: 'operator', end: at + 1 };
  let end = at;
  while (end < sql.length && OPERATOR_CHARACTERS.includes(sql.charAt(end))) {
    if (end > at && (sql.startsWith('--', end) || sql.startsWith('/*', end))) break;
    end += 1;
    if (end - at > OPERATOR_LENGTH_MAX)
      throw refusedAt(sql, at, 'more operators in a row than one can be long; part them');
  }
  if (end === at) return null;
  if (!MAY_END_IN_SIGN.test(sql.slice(at, end))) {
    while (end - at > 1 && (sql[end - 1] === '+' || sql[end - 1] === '-')) end -= 1;
  }
  return { kind: 'operator', end };
};

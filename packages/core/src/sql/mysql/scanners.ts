/** The tokens that MySQL and MariaDB write in their own way. Each scanner is linear in what it takes. */
import {
  blockComment,
  characterAt,
  endOfDigits,
  endOfLine,
  endOfWord,
  isDigit,
  isWordPart,
  isWordStart,
  placeholderAt,
  refusedAt,
  type Alphabet,
  type Scanner,
} from '../scan.ts';

/** `#`, and `--` where white space, a control character or the end follows: `5--1` is a subtraction. */
export const lineComment: Scanner = (sql, at) => {
  const isComment = sql[at] === '#' || (sql.startsWith('--', at) && isBlank(sql.charAt(at + 2)));
  return isComment ? { kind: 'skip', end: endOfLine(sql, at, '\n') } : null;
};

function isBlank(character: string): boolean {
  return character <= ' ' || character === '\u007f';
}

const plainComment = blockComment({ hintsAfter: new Set(['SELECT']) });

/** Comments do not nest. Those that some servers execute would be two statements in one. */
export const comment: Scanner = (sql, at, before) => {
  if (/^\/\*M?!/.test(sql.slice(at, at + 4))) {
    throw refusedAt(sql, at, 'a comment that some servers execute and others skip; write what shall be executed');
  }
  return plainComment(sql, at, before);
};

/** `'…'` and `"…"`, with backslash escapes and doubled quotes; `n'…'`, `x'…'` and `b'…'` with single quotes only. */
export const string: Scanner = (sql, at) => {
  const prefix = /^(?:[nNxXbB]?'|")/.exec(sql.slice(at, at + 2));
  if (prefix === null) return null;
  const quote = prefix[0].slice(-1);
  let i = at + prefix[0].length;
  while (i < sql.length) {
    if (sql[i] === '\\') i += 2;
    else if (sql[i] !== quote) i += 1;
    else if (sql[i + 1] === quote) i += 2;
    else return { kind: 'string', end: i + 1 };
  }
  throw refusedAt(sql, at, `a string begins here and does not end; close it with ${quote} and write it inside twice`);
};

/** `` `name` ``, in which a doubled backtick stands for one. */
export const quotedName: Scanner = (sql, at) => {
  if (sql[at] !== '`') return null;
  const end = endOfBackticks(sql, at);
  if (end === at + 2) throw refusedAt(sql, at, 'a quoted name is empty');
  return { kind: 'quoted', end };
};

function endOfBackticks(sql: string, at: number): number {
  for (let quote = sql.indexOf('`', at + 1); quote !== -1; quote = sql.indexOf('`', quote + 2)) {
    if (sql[quote + 1] !== '`') return quote + 1;
  }
  throw refusedAt(sql, at, 'a quoted name begins here and does not end; close it with `');
}

/**
 * `1`, `1.`, `.5`, `1.5e-3`, `0xff`, `0b01`. Names may begin with a digit here, and behind a dot they may be digits:
 * such names are wanted in backticks, so that no number is taken for a name.
 */
export function number(alphabet: Alphabet): Scanner {
  return (sql, at, { previous }) => {
    if (!isDigit(sql[at]) && !(sql[at] === '.' && isDigit(sql[at + 1]))) return null;
    const end = endOfNumber(sql, at);
    const mayContinueName = previous?.kind === 'word' || previous?.kind === 'quoted';
    const isPartOfName =
      (sql[at] === '.' && mayContinueName) || (previous?.kind === 'operator' && previous.text === '.');
    if (isPartOfName || isWordPart(characterAt(sql, end), alphabet)) {
      throw refusedAt(sql, at, 'a name that begins with a digit, or a number with letters; put the name in backticks');
    }
    return { kind: 'number', end };
  };
}

function endOfNumber(sql: string, at: number): number {
  const digits = sql.startsWith('0x', at) ? /[0-9a-fA-F]/ : sql.startsWith('0b', at) ? /[01]/ : null;
  if (digits !== null && digits.test(sql.charAt(at + 2))) {
    let end = at + 2;
    while (digits.test(sql.charAt(end))) end += 1;
    return end;
  }
  let end = endOfDigits(sql, at);
  if (sql[end] === '.') end = endOfDigits(sql, end + 1);
  if (sql[end] !== 'e' && sql[end] !== 'E') return end;
  const exponent = sql[end + 1] === '+' || sql[end + 1] === '-' ? end + 2 : end + 1;
  return isDigit(sql[exponent]) ? endOfDigits(sql, exponent) : end;
}

/** `@name`, `@'name'`, `@@session.name`: one token, because a space inside changes the meaning. */
export function variable(alphabet: Alphabet): Scanner {
  const parts: Alphabet = { start: alphabet.part, part: /[A-Za-z0-9_$.]/ };
  return (sql, at, before) => {
    if (sql[at] !== '@') return null;
    const from = sql[at + 1] === '@' ? at + 2 : at + 1;
    if (sql[from] === '`') return { kind: 'variable', end: endOfBackticks(sql, from) };
    if (sql[from] === "'" || sql[from] === '"') {
      return { kind: 'variable', end: string(sql, from, before)?.end ?? from };
    }
    if (isWordStart(characterAt(sql, from), parts)) return { kind: 'variable', end: endOfWord(sql, from, parts) };
    throw refusedAt(sql, at, 'an at sign without the name of a variable');
  };
}

export const colon: Scanner = (sql, at) => {
  if (sql[at] !== ':') return null;
  if (sql[at + 1] === '=') throw refusedAt(sql, at, ':= sets a variable; a cached query only reads');
  if (/^["'`]$/.test(sql.charAt(at + 1))) {
    throw refusedAt(sql, at, 'a placeholder in quotes is not supported; write :name');
  }
  return placeholderAt(sql, at, { start: /[A-Za-z_]/, part: /[A-Za-z0-9_]/ });
};

export const refusals: Scanner = (sql, at) => {
  if (sql[at] === '?') throw refusedAt(sql, at, 'parameters by place are not supported; write :name');
  return null;
};

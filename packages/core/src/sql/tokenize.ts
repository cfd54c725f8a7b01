/**
 * Text to tokens. Comments and white space are left out; everything else is kept as written. A character that the
 * dialect does not know is refused, so that nothing unread ever reaches a database.
 */
import { ParqueueError } from '../model/errors.ts';
import { LEXES } from './dialect.ts';
import { Brackets } from './brackets.ts';
import { characterAt, refusedAt, type Before, type Scanned, type Scanner, type Token } from './scan.ts';
import type { Dialect } from './statement.ts';

/** @throws ParqueueError PQ_INVALID_REQUEST with `details` {line, column}: something does not end, or is unknown. */
export function tokenize(sql: string, dialect: Dialect): Token[] {
  if (!sql.isWellFormed()) {
    throw new ParqueueError('PQ_INVALID_REQUEST', 'the statement is not well-formed Unicode: it has half a surrogate');
  }
  const { scanners } = LEXES[dialect];
  const tokens: Token[] = [];
  const brackets = new Brackets();
  for (let at = 0; at < sql.length;) {
    const found = scanAt(sql, at, { previous: tokens.at(-1), inSubscript: brackets.inSubscript }, scanners);
    if (found.kind !== 'skip') {
      const token = { kind: found.kind, text: sql.slice(at, found.end), start: at, end: found.end };
      brackets.pass(token, tokens.at(-1));
      tokens.push(token);
    }
    at = found.end;
  }
  return tokens;
}

function scanAt(sql: string, at: number, before: Before, scanners: readonly Scanner[]): Scanned {
  for (const scan of scanners) {
    const found = scan(sql, at, before);
    if (found !== null) return found;
  }
  const code = characterAt(sql, at).codePointAt(0) ?? 0;
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  throw refusedAt(sql, at, `the character ${name} has no meaning here; remove it, or put it inside quotes`);
}

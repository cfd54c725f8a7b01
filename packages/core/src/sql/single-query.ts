/** The gate: one SELECT or WITH, that writes nothing, locks nothing and declares no code. Refusals name the construct. */
import type { ParqueueError } from '../model/errors.ts';
import { isName, isOperator } from './normalise.ts';
import { refusedAt, type Token } from './scan.ts';

interface Candidate {
  readonly sql: string;
  /** The tokens as written, for places, and as spelled, for words; index for index. */
  readonly written: readonly Token[];
  readonly tokens: readonly Token[];
}

export function refuseWhatIsNoQuery({ sql, written, tokens }: Candidate): void {
  const refuse = (i: number, what: string): ParqueueError => refusedAt(sql, written[i]?.start ?? 0, what);
  let first = 0;
  while (isOperator(tokens[first], '(') && first < tokens.length) first += 1;
  if (!isWord(tokens, first, 'SELECT') && !isWord(tokens, first, 'WITH')) {
    const found = tokens[first];
    const begins = found?.kind === 'word' ? `; this one begins with ${found.text}` : '';
    throw refuse(first, `only a single SELECT or WITH statement is accepted${begins}`);
  }
  for (const i of tokens.keys()) {
    if (isOperator(tokens[i], ';') && !declaresCode(tokens, first)) {
      throw refuse(i, 'several statements; send one, without ; inside it');
    }
    if (isWord(tokens, i, 'FOR') && isWord(tokens, i + 1, 'UPDATE')) {
      throw refuse(i, 'FOR UPDATE locks rows; a cached query only reads, remove the clause');
    }
    if (isWord(tokens, i, 'INTO')) throw refuse(i, 'INTO belongs to PL/SQL; remove the clause');
    if (isWord(tokens, i, 'WITH') && declaresCode(tokens, i)) {
      const what = `WITH ${tokens[i + 1]?.text} declares PL/SQL, which cannot be looked into`;
      throw refuse(i, `${what}; use plain SQL or a view`);
    }
    // JSON_TRANSFORM has an INSERT of its own, and MODEL an UPDATE: neither stands after a parenthesis.
    const changes = WRITES.find((verb) => isWord(tokens, i, verb));
    if (changes !== undefined && isOperator(tokens[i - 1], ')')) {
      throw refuse(i, `${changes} changes data; only a query is accepted`);
    }
    if (isWord(tokens, i, 'SELECT') && endsAfterHints(tokens, i + 1)) {
      throw refuse(i, 'SELECT without anything to select');
    }
  }
}

const WRITES = ['INSERT', 'UPDATE', 'DELETE'];

/** A line hint at the very end would swallow the parenthesis of whoever wraps the statement. */
function endsAfterHints(tokens: readonly Token[], start: number): boolean {
  let i = start;
  while (tokens[i]?.kind === 'hint') i += 1;
  return i === tokens.length || isOperator(tokens[i], ')');
}

/** `WITH FUNCTION f …`; a query that is merely named FUNCTION continues with AS or its columns. */
function declaresCode(tokens: readonly Token[], i: number): boolean {
  if (!isWord(tokens, i, 'WITH')) return false;
  const declares = isWord(tokens, i + 1, 'FUNCTION') || isWord(tokens, i + 1, 'PROCEDURE');
  return declares && isName(tokens[i + 2]) && !isWord(tokens, i + 2, 'AS');
}

/** A word without quotes that is no part of a dotted chain. */
export function isWord(tokens: readonly Token[], i: number, text: string): boolean {
  const token = tokens[i];
  return token?.kind === 'word' && token.text === text && !isOperator(tokens[i - 1], '.');
}

/** The gate: one SELECT or WITH, that writes nothing, locks nothing and declares no code. Refusals name the construct. */
import type { ParqueueError } from '../model/errors.ts';
import type { Gate } from './grammar.ts';
import { refusedAt, type Token } from './scan.ts';
import { isName, isOperator, isPhrase, isWord, type ReadToken } from './tokens.ts';

interface Candidate {
  readonly sql: string;
  /** The tokens as written, for places, and as spelled, for words; index for index. */
  readonly written: readonly Token[];
  readonly tokens: readonly ReadToken[];
  readonly gate: Gate;
}

export function refuseWhatIsNoQuery({ sql, written, tokens, gate }: Candidate): void {
  const refuse = (i: number, what: string): ParqueueError => refusedAt(sql, written[i]?.start ?? 0, what);
  let first = 0;
  while (isOperator(tokens[first], '(') && first < tokens.length) first += 1;
  const found = tokens[first];
  if (found?.kind !== 'word' || !gate.opens.has(found.text)) {
    const begins = found?.kind === 'word' ? `; this one begins with ${found.text}` : '';
    throw refuse(first, `only ${gate.accepts} is accepted${begins}`);
  }
  const declares = (i: number): boolean => gate.declaresCode && declaresCode(tokens, i);
  for (const i of tokens.keys()) {
    if (isOperator(tokens[i], ';') && !declares(first)) {
      throw refuse(i, 'several statements; send one, without ; inside it');
    }
    const refused = gate.refused.find(({ words }) => isPhrase(tokens, i, words));
    if (refused !== undefined && !isLabel(tokens, i)) throw refuse(i, refused.what);
    const why = gate.refuses?.(tokens, i) ?? null;
    if (why !== null) throw refuse(i, why);
    if (declares(i)) {
      const what = `WITH ${tokens[i + 1]?.text} declares PL/SQL, which cannot be looked into`;
      throw refuse(i, `${what}; use plain SQL or a view`);
    }
    const changes = changesData(tokens, i, gate);
    if (changes !== undefined) throw refuse(i, `${changes} changes data; only a query is accepted`);
    if (gate.selectsNothing === 'refused' && isWord(tokens, i, 'SELECT') && endsAfterHints(tokens, i + 1)) {
      throw refuse(i, 'SELECT without anything to select');
    }
  }
}

function changesData(tokens: readonly ReadToken[], i: number, gate: Gate): string | undefined {
  const verbs = isOperator(tokens[i - 1], ')')
    ? gate.writesAfterClosing
    : isOperator(tokens[i - 1], '(') && isName(tokens[i + 1])
      ? gate.writesAfterOpening
      : [];
  return verbs.find((verb) => isWord(tokens, i, verb));
}

/** After AS any word can be the name of a column. */
function isLabel(tokens: readonly ReadToken[], i: number): boolean {
  return isWord(tokens, i - 1, 'AS');
}

/** A line hint at the very end would swallow the parenthesis of whoever wraps the statement. */
function endsAfterHints(tokens: readonly ReadToken[], start: number): boolean {
  let i = start;
  while (tokens[i]?.kind === 'hint') i += 1;
  return i === tokens.length || isOperator(tokens[i], ')');
}

/** `WITH FUNCTION f …`; a query that is merely named FUNCTION continues with AS or its columns. */
function declaresCode(tokens: readonly ReadToken[], i: number): boolean {
  if (!isWord(tokens, i, 'WITH')) return false;
  const declares = isWord(tokens, i + 1, 'FUNCTION') || isWord(tokens, i + 1, 'PROCEDURE');
  return declares && isName(tokens[i + 2]) && !isWord(tokens, i + 2, 'AS');
}

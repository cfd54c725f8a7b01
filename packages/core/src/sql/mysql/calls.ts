/**
 * Which calls of MySQL and MariaDB read more than their arguments, and what else in an expression does: variables,
 * sequences, times of day that become dates.
 */
import { UNKNOWN_FUNCTION, type CallSite, type Judgement } from '../grammar.ts';
import type { Closings } from '../parentheses.ts';
import type { Obstacle } from '../statement.ts';
import { isOperator, isPhrase, isWord, type ReadToken } from '../tokens.ts';
import { GIVE_A_TIME, HARMLESS_FUNCTIONS, MAKE_A_DATE } from './functions.ts';
import { GRAMMAR, GRAMMAR_OR_FUNCTION, NEED_PARENTHESIS_AT_ONCE } from './words.ts';

const DAY_FROM_CLOCK: Judgement = { why: 'takes the day from the clock where its argument is a time of day' };

export function judgeOf(tokens: readonly ReadToken[], closings: Closings): (call: CallSite) => Judgement {
  return ({ names, first, open, isMember }) => {
    const name = names[0];
    if (name === undefined || isMember || names.length > 1 || name.kind === 'quoted') return UNKNOWN_FUNCTION;
    const word = name.text;
    const isAtOnce = tokens[open]?.glued === true;
    if (NEED_PARENTHESIS_AT_ONCE.has(word) && !isAtOnce) {
      return { why: 'is a stored function where a space stands before its parenthesis; remove the space' };
    }
    if (word === 'VALUES') return isRowsOfValues(tokens, first) ? 'grammar' : UNKNOWN_FUNCTION;
    if (word === 'UNIX_TIMESTAMP' && isOperator(tokens[open + 1], ')')) return { why: 'reads the clock' };
    if (MAKE_A_DATE.has(word) && givesTime(tokens, closings, open)) return DAY_FROM_CLOCK;
    if (HARMLESS_FUNCTIONS.has(word)) return 'harmless';
    if (GRAMMAR.has(word)) return 'grammar';
    return GRAMMAR_OR_FUNCTION.has(word) ? 'harmless' : UNKNOWN_FUNCTION;
  };
}

/** `VALUES (1), (2)` begins a query; elsewhere VALUES(a) belongs to INSERT. */
function isRowsOfValues(tokens: readonly ReadToken[], i: number): boolean {
  const before = tokens[i - 1];
  if (before === undefined || isOperator(before, '(') || isOperator(before, ')')) return true;
  return ['UNION', 'EXCEPT', 'INTERSECT', 'ALL', 'DISTINCT'].some((word) => isWord(tokens, i - 1, word));
}

/** Of a column nobody can tell here; what is written out can be told: TIME '…', AS TIME, SEC_TO_TIME(…). */
function givesTime(tokens: readonly ReadToken[], closings: Closings, open: number): boolean {
  const close = closings.get(open) ?? open;
  for (let i = open + 1; i < close; i += 1) {
    const token = tokens[i];
    if (token?.kind !== 'word' || !GIVE_A_TIME.has(token.text)) continue;
    if (isOperator(tokens[i + 1], '(') || tokens[i + 1]?.kind === 'string') return true;
    if (isWord(tokens, i - 1, 'AS') && i + 1 < close) return true;
  }
  return false;
}

export function obstacleAt(tokens: readonly ReadToken[], i: number): Obstacle | null {
  const token = tokens[i];
  if (token?.kind === 'variable') {
    const construct = /^@@?["'`]/.test(token.text) ? '@…' : token.text;
    return { construct, why: 'is a variable of the session' };
  }
  if (isPhrase(tokens, i, ['NEXT', 'VALUE', 'FOR']) || isPhrase(tokens, i, ['PREVIOUS', 'VALUE', 'FOR'])) {
    return { construct: `${token?.text} VALUE FOR`, why: 'reads a sequence' };
  }
  return isPhrase(tokens, i, ['FOR', 'SYSTEM_TIME'])
    ? { construct: 'FOR SYSTEM_TIME', why: 'reads at a time of its own' }
    : null;
}

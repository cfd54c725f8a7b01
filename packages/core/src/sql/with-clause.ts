/** The shape of a WITH clause: where the queries stand that it names, and where what belongs to one of them ends. */
import type { Grammar } from './grammar.ts';
import type { Closings } from './parentheses.ts';
import { isName, isOperator, keywordAt, type ReadToken } from './tokens.ts';

export interface NamedQuery {
  readonly name: ReadToken;
  /** Index of the parenthesis that closes its names of columns. */
  readonly columns: number | null;
  /** Index of the parenthesis that opens the query; null: it is no plain one. */
  readonly open: number | null;
}

/** `name (columns) AS [NOT] [MATERIALIZED] (` */
export function namedQueryAt(tokens: readonly ReadToken[], closings: Closings, i: number): NamedQuery | null {
  const name = tokens[i];
  if (!isName(name)) return null;
  const columns = isOperator(tokens[i + 1], '(') ? (closings.get(i + 1) ?? tokens.length) : null;
  let as = columns === null ? i + 1 : columns + 1;
  if (keywordAt(tokens, as) !== 'AS') return { name, columns, open: null };
  if (keywordAt(tokens, as + 1) === 'NOT' && keywordAt(tokens, as + 2) === 'MATERIALIZED') as += 2;
  else if (keywordAt(tokens, as + 1) === 'MATERIALIZED') as += 1;
  return { name, columns, open: isOperator(tokens[as + 1], '(') ? as + 1 : null };
}

export interface Clause {
  readonly tokens: readonly ReadToken[];
  readonly closings: Closings;
  readonly grammar: Grammar;
  readonly from: number;
  readonly to: number;
}

/** SEARCH … SET x and CYCLE … SET … TO … DEFAULT … USING … name columns and values, and no table. */
export function afterSearchAndCycle({ tokens, grammar, from, to }: Clause): number {
  const first = keywordAt(tokens, from);
  if (first !== 'SEARCH' && first !== 'CYCLE') return from;
  let i = from;
  for (let isSet = false; i < to; i += 1) {
    const keyword = keywordAt(tokens, i);
    if (grammar.gate.opens.has(keyword ?? '') || isOperator(tokens[i], '(')) return i;
    if (keyword === 'CYCLE') isSet = false;
    if (keyword === 'SET') isSet = true;
    if (isSet && isOperator(tokens[i], ',')) return i;
  }
  return i;
}

/** Outside of parentheses. */
export function hasSetOperator({ tokens, closings, grammar, from, to }: Clause): boolean {
  for (let i = from; i < to; i += 1) {
    if (grammar.query.setOperators.has(keywordAt(tokens, i) ?? '')) return true;
    if (isOperator(tokens[i], '(')) i = closings.get(i) ?? tokens.length;
  }
  return false;
}

/**
 * What stands around a table's name in Oracle. The order (SQL Language Reference, SELECT, table_reference): name, @link,
 * PARTITION or SUBPARTITION, SAMPLE, then AS OF or VERSIONS, then PIVOT and the like, then the alias.
 */
import type { AfterName, TableRules } from '../grammar.ts';
import type { Closings } from '../parentheses.ts';
import { isAscii } from '../scan.ts';
import type { Obstacle } from '../statement.ts';
import { isOperator, type ReadToken } from '../tokens.ts';

const PERFORMANCE_VIEW = /^G?V_?\$|^X\$/;

export const ORACLE_TABLES: TableRules = {
  links: true,
  isDual: (schema, { kind, text }) =>
    (kind === 'quoted' ? text === '"DUAL"' : text === 'DUAL') && (schema === null || schema === 'SYS'),
  whyNameCounts: (schema, name) =>
    schema === 'SYS' || PERFORMANCE_VIEW.test(name) ? "reads the database's own state, which has no version" : null,
  whyUnsure: ({ kind, text }) =>
    kind === 'word' && !isAscii(text) ? 'has letters whose upper case the database decides; write it in quotes' : null,
  isTableBeforeParenthesis: () => false,
  afterName,
  afterAlias: (_tokens, _closings, i) => ({ next: i, obstacles: [] }),
  timeClause,
};

function afterName(tokens: readonly ReadToken[], closings: Closings, start: number): AfterName {
  const obstacles: Obstacle[] = [];
  let i = afterPartitions(tokens, closings, start);
  if (isSample(tokens, i)) {
    i = afterParentheses(tokens, closings, tokens[i + 1]?.text === 'BLOCK' ? i + 2 : i + 1);
    if (tokens[i]?.text === 'SEED') i = afterParentheses(tokens, closings, i + 1);
    else obstacles.push({ construct: 'SAMPLE', why: 'picks other rows each time; add SEED (n)' });
  }
  return { next: i, obstacles };
}

/** `PARTITION (p)`, `PARTITION FOR (v)`; but PARTITION BY belongs to a partitioned outer join. */
function afterPartitions(tokens: readonly ReadToken[], closings: Closings, i: number): number {
  const word = tokens[i]?.kind === 'word' ? tokens[i]?.text : null;
  if (word !== 'PARTITION' && word !== 'SUBPARTITION') return i;
  const open = tokens[i + 1]?.text === 'FOR' ? i + 2 : i + 1;
  return isOperator(tokens[open], '(') ? afterParentheses(tokens, closings, open) : i;
}

function isSample(tokens: readonly ReadToken[], i: number): boolean {
  if (tokens[i]?.kind !== 'word' || tokens[i]?.text !== 'SAMPLE') return false;
  return isOperator(tokens[i + 1], '(') || (tokens[i + 1]?.text === 'BLOCK' && isOperator(tokens[i + 2], '('));
}

function afterParentheses(tokens: readonly ReadToken[], closings: Closings, open: number): number {
  return isOperator(tokens[open], '(') ? (closings.get(open) ?? open) + 1 : open;
}

/** `AS OF …` and `VERSIONS BETWEEN …`, by name, where one begins at `i`. */
function timeClause(tokens: readonly ReadToken[], i: number): string | null {
  const [first, second] = [tokens[i], tokens[i + 1]];
  if (first?.kind !== 'word' || second?.kind !== 'word') return null;
  if (first.text === 'AS' && second.text === 'OF') return 'AS OF';
  if (first.text !== 'VERSIONS') return null;
  return second.text === 'BETWEEN' || second.text === 'PERIOD' ? 'VERSIONS' : null;
}

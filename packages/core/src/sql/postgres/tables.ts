/** What stands around a table's name in Postgres: `t *`, and TABLESAMPLE behind the alias. Source: manual, SELECT. */
import type { AfterName, TableRules } from '../grammar.ts';
import type { Closings } from '../parentheses.ts';
import type { Obstacle } from '../statement.ts';
import { chainAt, isOperator, isWord, type ReadToken } from '../tokens.ts';

/** Rows of these may look the same and still be other rows of a list. */
const SAMPLING = 'picks other rows each time; add REPEATABLE (n)';
const UPPER_CASE = /[^\P{Lu}A-Z]|\p{Lt}/u;

export const POSTGRES_TABLES: TableRules = {
  links: false,
  isDual: () => false,
  whyNameCounts: (schema, name) =>
    schema === 'information_schema' || (schema === null || schema === 'pg_catalog' ? name : schema).startsWith('pg_')
      ? "reads the database's own state, which has no version"
      : null,
  whyUnsure: ({ kind, spelled }) =>
    kind === 'word' && UPPER_CASE.test(spelled)
      ? 'has letters whose lower case the database decides; write it in quotes'
      : null,
  isTableBeforeParenthesis: () => false,
  afterName: (tokens, _closings, i) => ({ next: isOperator(tokens[i], '*') ? i + 1 : i, obstacles: [] }),
  afterAlias,
  timeClause: () => null,
};

/** `TABLESAMPLE method (…) [REPEATABLE (…)]`: the arguments are left to the reader of expressions. */
function afterAlias(tokens: readonly ReadToken[], closings: Closings, i: number): AfterName {
  if (!isWord(tokens, i, 'TABLESAMPLE')) return { next: i, obstacles: [] };
  const { names, next: open } = chainAt(tokens, i + 1);
  const obstacles: Obstacle[] = [];
  const method = names.map(({ spelled }) => spelled).join('.');
  if (method !== 'system' && method !== 'bernoulli') {
    obstacles.push({ construct: `TABLESAMPLE ${method}`, why: 'is a way to sample that is not known here' });
  } else if (!isWord(tokens, (closings.get(open) ?? open) + 1, 'REPEATABLE')) {
    obstacles.push({ construct: 'TABLESAMPLE', why: SAMPLING });
  }
  return { next: open, obstacles };
}

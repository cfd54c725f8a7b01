/**
 * What stands around a table's name in MySQL and MariaDB: `PARTITION (p)` and `FOR SYSTEM_TIME` behind the name, hints
 * for indexes behind the alias. Source: manuals, SELECT, JOIN, "Index Hints", "System-Versioned Tables".
 */
import type { AfterName, TableRules } from '../grammar.ts';
import type { Closings } from '../parentheses.ts';
import { isOperator, isPhrase, isWord, isWordToken, type ReadToken } from '../tokens.ts';
import { SYSTEM_SCHEMAS } from './words.ts';

export const MYSQL_TABLES: TableRules = {
  links: false,
  isDual: (schema, name) => schema === null && isWordToken(name, 'DUAL'),
  whyNameCounts: (schema) =>
    schema !== null && SYSTEM_SCHEMAS.has(schema.toLowerCase())
      ? "reads the server's own state, which has no version"
      : null,
  whyUnsure: () => null,
  isTableBeforeParenthesis: () => false,
  afterName,
  afterAlias,
  timeClause: (tokens, i) => (isPhrase(tokens, i, ['FOR', 'SYSTEM_TIME']) ? 'FOR SYSTEM_TIME' : null),
};

function afterName(tokens: readonly ReadToken[], closings: Closings, i: number): AfterName {
  const isList = isWord(tokens, i, 'PARTITION') && isOperator(tokens[i + 1], '(');
  return { next: isList ? (closings.get(i + 1) ?? i) + 1 : i, obstacles: [] };
}

/** `USE | FORCE | IGNORE`, `INDEX | KEY`, `FOR JOIN | ORDER BY | GROUP BY`, a list: as often as they come. */
function afterAlias(tokens: readonly ReadToken[], closings: Closings, start: number): AfterName {
  let i = start;
  while (isHint(tokens, i)) {
    let open = i + 2;
    if (isWord(tokens, open, 'FOR')) open += isWord(tokens, open + 1, 'JOIN') ? 2 : 3;
    if (!isOperator(tokens[open], '(')) break;
    i = (closings.get(open) ?? open) + 1;
    if (isOperator(tokens[i], ',') && isHint(tokens, i + 1)) i += 1;
  }
  return { next: i, obstacles: [] };
}

function isHint(tokens: readonly ReadToken[], i: number): boolean {
  return (
    ['USE', 'FORCE', 'IGNORE'].some((word) => isWord(tokens, i, word))
    && (isWord(tokens, i + 1, 'INDEX') || isWord(tokens, i + 1, 'KEY'))
  );
}
